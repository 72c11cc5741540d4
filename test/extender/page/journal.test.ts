import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { Journal } from '../../../extender/page/journal.ts';
import { journalOf } from '../../../extender/wiring/journal.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

/** A journal that follows a ingest, as in the extender. */
function following() {
  const told: number[] = [];
  let nowSeconds = 0;
  const made = makeIngest();
  const { ingest } = made;
  const journal = journalOf(made, () => nowSeconds);
  journal.subscribe(({ number }) => told.push(number));
  ingest.nodeChanged(makeNode(), 0);
  const said = () =>
    journal
      .latest(50)
      .toReversed()
      .map(({ kind, words }) => `${kind}: ${words}`);
  const at = (seconds: number) => {
    nowSeconds = seconds;
    return seconds;
  };
  return { ingest, journal, told, said, at };
}

const UNHEALTHY = [{ resource: GPU, device: 'GPU-0', health: 'Unhealthy' as const }];

function member(index: number): PodFacts {
  return makePodFacts({
    name: `train-${index}`,
    slot: {
      key: `team-a/Job/train/${index}`,
      workload: 'team-a/Job/train',
      interchangeable: false,
    },
  });
}

function notebook(index: number): PodFacts {
  return makePodFacts({
    name: `nb-${index}`,
    slot: {
      key: `team-a/StatefulSet/nb/nb-${index}`,
      workload: 'team-a/StatefulSet/nb',
      interchangeable: false,
    },
  });
}

describe('the journal', () => {
  test('a crash is told with its exit code, and how long the pod had run', () => {
    const { ingest, said } = following();
    ingest.podChanged(notebook(1), false, 10);
    ingest.podChanged({ ...notebook(1), phase: 'Failed', exitCode: 139 }, false, 840);
    expect(said()).toEqual([
      'crash: team-a/nb-1 crashed on gpu-1 with exit code 139, after 14 min',
    ]);
  });

  test('a device fault is told when it is reported, when it costs a pod, and when it is over', () => {
    const { ingest, said } = following();
    ingest.podChanged(notebook(1), false, 10);
    ingest.podChanged({ ...notebook(1), deviceHealth: UNHEALTHY }, false, 1200);
    ingest.podChanged(
      { ...notebook(1), deviceHealth: UNHEALTHY, phase: 'Failed', exitCode: 1 },
      false,
      1201,
    );
    expect(said()).toEqual([
      'device fault: gpu-1: the kubelet reports the device as unhealthy, on GPU-0, just now',
      'device fault: team-a/nb-1 lost its device on gpu-1 (GPU-0), after 20 min',
      'device well: gpu-1: nothing reports GPU-0 as broken any more, after 1 s',
    ]);
  });

  test('members of one Job that leave together are one entry, which names the first and why', () => {
    const { ingest, said, told } = following();
    for (const index of [0, 1, 2]) ingest.podChanged(member(index), false, 10);
    ingest.podChanged({ ...member(1), phase: 'Failed', exitCode: 7 }, false, 600);
    for (const index of [0, 2]) {
      ingest.podChanged({ ...member(index), isTerminating: true, endedAtSeconds: 602 }, false, 602);
    }
    expect(said()).toEqual([
      'group restart: 3 pods of team-a/Job/train left within 2 s; the first of them: team-a/train-1 crashed on gpu-1 with exit code 7, after 10 min',
    ]);
    expect(told).toEqual([1, 1, 1]);
  });

  test('members that leave long after one another, and notebooks, are told one by one', () => {
    const { ingest, said } = following();
    const ends = [
      { pod: member(0), at: 600 },
      { pod: member(1), at: 700 },
      { pod: notebook(0), at: 701 },
      { pod: notebook(1), at: 702 },
    ];
    for (const { pod } of ends) ingest.podChanged(pod, false, 10);
    for (const { pod, at } of ends) {
      ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1 }, false, at);
    }
    expect(said().map((line) => line.split(' ')[1])).toEqual([
      'team-a/train-0',
      'team-a/train-1',
      'team-a/nb-0',
      'team-a/nb-1',
    ]);
  });

  test('members that have done their work are no group restart', () => {
    const { ingest, said } = following();
    for (const index of [0, 1]) ingest.podChanged(member(index), false, 10);
    for (const index of [0, 1]) {
      ingest.podChanged({ ...member(index), phase: 'Succeeded' }, false, 600);
    }
    expect(said()).toEqual(['completion: team-a/train-0 has done its work on gpu-1, after 10 min']);
  });

  test('a node that is drained, boots and comes back is planned work; one that just goes is not', () => {
    const { ingest, said } = following();
    ingest.nodeChanged(makeNode({ isCordoned: true }), 10);
    ingest.podChanged(notebook(1), false, 10);
    ingest.podChanged(
      {
        ...notebook(1),
        isTerminating: true,
        endedAtSeconds: 11,
        disruption: 'EvictionByEvictionAPI',
      },
      false,
      11,
    );
    ingest.nodeChanged(makeNode({ isCordoned: true, isReady: false }), 40);
    ingest.nodeChanged(makeNode({ isCordoned: true, bootId: 'boot-2' }), 280);
    ingest.nodeChanged(makeNode({ bootId: 'boot-2' }), 300);
    ingest.nodeChanged(makeNode({ bootId: 'boot-2', isReady: false }), 400);
    expect(said()).toEqual([
      'cordon: gpu-1 is cordoned: no new pods',
      'eviction: team-a/nb-1 was evicted from gpu-1 (EvictionByEvictionAPI), after 11 s',
      'planned reboot: gpu-1 is down; it was cordoned before, so this is planned work and held against nobody',
      'node back: gpu-1 is ready again after booting anew',
      'node back: gpu-1 takes new pods again',
      'node down: gpu-1 is not ready',
    ]);
  });

  test('a node with a broken device that is cordoned and booted is under repair: nothing announced it', () => {
    const { ingest, said } = following();
    ingest.nodeChanged(
      makeNode({ devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }),
      1000,
    );
    const broken = { isCordoned: true, devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) };
    ingest.nodeChanged(makeNode(broken), 2000);
    ingest.nodeChanged(makeNode({ ...broken, isReady: false }), 2040);
    expect(said().at(-1)).toBe(
      'node down: gpu-1 is down; it was cordoned before, but with a fault open: a repair, not planned work',
    );
  });

  test('keeps the latest 500', () => {
    const { ingest, journal } = following();
    for (let at = 1; at <= 600; at += 1) {
      ingest.nodeChanged(makeNode({ isReady: at % 2 === 0 }), at * 60);
    }
    const numbers = journal.latest(1000).map(({ number }) => number);
    expect(numbers).toHaveLength(500);
    expect(numbers[0]).toBe(600);
  });

  test('nodes to which the same happens together are one entry, and later ones another', () => {
    const journal = new Journal();
    const ready = (name: string) => makeNode({ name });
    const down = (name: string) => makeNode({ name, isReady: false });
    const goDown = (name: string, at: number) =>
      journal.nodeChanged(ready(name), down(name), false, at);
    for (let at = 1; at <= 9; at += 1) goDown(`gpu-${at}`, at);
    goDown('gpu-1', 10);
    goDown('gpu-10', 100);
    expect(journal.latest(9).map(({ words }) => words)).toEqual([
      'gpu-10 is not ready',
      '9 nodes are not ready: gpu-1, gpu-2, gpu-3, gpu-4, gpu-5, gpu-6, gpu-7, gpu-8 and 1 more',
    ]);
  });
});
