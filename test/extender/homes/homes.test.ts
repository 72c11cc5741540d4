import { describe, expect, test } from 'vitest';
import type { Departure } from '../../../extender/homes/departure.ts';
import { Homes } from '../../../extender/homes/homes.ts';

const INDEX = { key: 'a/Job/j/0', workload: 'a/Job/j', interchangeable: false };
const REPLICAS = {
  key: 'a/Deployment/web',
  workload: 'a/Deployment/web',
  interchangeable: true,
};

function departure(overrides: Partial<Departure> = {}): Departure {
  return {
    slot: INDEX,
    podUid: 'p',
    node: 'gpu-1',
    cause: 'crashed',
    atSeconds: 0,
    ranSeconds: 100,
    devices: { resources: [], claims: [] },
    images: [],
    coldStartForOthersSeconds: 20,
    homeUntilSeconds: 100,
    ...overrides,
  };
}

const nodesOf = (homes: Homes, slot = INDEX, now = 0) =>
  homes.of(slot, now).map(({ node }) => node);

describe('a numbered slot', () => {
  test('has the node it left last as its home', () => {
    const homes = new Homes();
    homes.left(departure());
    homes.left(departure({ node: 'gpu-2' }));
    expect(nodesOf(homes)).toEqual(['gpu-2']);
    expect(homes.on('gpu-1', 0)).toEqual([]);
    expect(homes.on('gpu-2', 0)).toHaveLength(1);
  });

  test('is home again wherever it is bound', () => {
    const homes = new Homes();
    homes.left(departure());
    homes.returned(INDEX, 'gpu-9');
    expect(nodesOf(homes)).toEqual([]);
    expect(homes.on('gpu-1', 0)).toEqual([]);
  });

  test('gives its home up when it completes', () => {
    const homes = new Homes();
    homes.left(departure());
    homes.left(departure({ cause: 'completed' }));
    expect(nodesOf(homes)).toEqual([]);
  });

  test('loses its home with time', () => {
    const homes = new Homes();
    homes.left(departure());
    expect(nodesOf(homes, INDEX, 99)).toEqual(['gpu-1']);
    expect(nodesOf(homes, INDEX, 100)).toEqual([]);
    homes.prune(100);
    expect(nodesOf(homes, INDEX, 0)).toEqual([]);
  });
});

describe('a slot whose owner is suspended', () => {
  test('keeps its home for itself, and others need not spare it', () => {
    const homes = new Homes();
    homes.left(departure());
    homes.suspend(INDEX.workload, true);
    homes.left(departure({ slot: { ...INDEX, key: 'a/Job/j/1' } }));
    expect(nodesOf(homes)).toEqual(['gpu-1']);
    expect(homes.on('gpu-1', 0)).toHaveLength(2);
    expect(homes.expectedOn('gpu-1', 0)).toEqual([]);
    homes.suspend(INDEX.workload, false);
    expect(homes.expectedOn('gpu-1', 0)).toHaveLength(2);
  });

  test('is told to who remembers what followed from the homes of a node', () => {
    const homes = new Homes();
    homes.left(departure());
    const before = homes.everOn('gpu-1');
    homes.suspend(INDEX.workload, true);
    const during = homes.everOn('gpu-1');
    homes.suspend(INDEX.workload, true);
    expect(homes.everOn('gpu-1')).toBe(during);
    expect(during).not.toBe(before);
  });
});

describe('interchangeable replicas', () => {
  const left = (node: string) => departure({ slot: REPLICAS, node, podUid: node });

  test('share the nodes that they have just left', () => {
    const homes = new Homes();
    homes.left(left('gpu-1'));
    homes.left(left('gpu-2'));
    expect(nodesOf(homes, REPLICAS)).toEqual(['gpu-1', 'gpu-2']);
    homes.returned(REPLICAS, 'gpu-2');
    expect(nodesOf(homes, REPLICAS)).toEqual(['gpu-1']);
  });

  test('one that settles elsewhere gives up the oldest home', () => {
    const homes = new Homes();
    homes.left(left('gpu-1'));
    homes.left(left('gpu-2'));
    homes.returned(REPLICAS, 'gpu-9');
    expect(nodesOf(homes, REPLICAS)).toEqual(['gpu-2']);
  });
});
