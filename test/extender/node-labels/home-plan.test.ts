import { describe, expect, test } from 'vitest';
import type { Departure } from '../../../extender/homes/departure.ts';
import { type HomeNode, planHomeLabels } from '../../../extender/node-labels/home-plan.ts';
import { homeLabelOf } from '../../../webhook/words/home-label.ts';

const away = (key: string, overrides: Partial<Departure> = {}): Departure => ({
  slot: { key, workload: 'team-a/Job/train', interchangeable: false },
  podUid: `uid-${key}`,
  node: 'gpu-1',
  cause: 'crashed',
  atSeconds: 900,
  ranSeconds: 100,
  devices: { resources: [], claims: [] },
  images: [],
  coldStartForOthersSeconds: 20,
  homeUntilSeconds: 1000,
  ...overrides,
});
const node = (overrides: Partial<HomeNode>): HomeNode => ({
  name: 'gpu-1',
  labelled: [],
  away: [],
  ...overrides,
});
const A = homeLabelOf('a');
const B = homeLabelOf('b');

describe('homes are labelled', () => {
  const rows: readonly {
    name: string;
    node: Partial<HomeNode>;
    added?: readonly string[];
    removed?: readonly string[];
  }[] = [
    { name: 'nobody is away, nothing is labelled', node: {} },
    { name: 'a slot has left', node: { away: [away('a')] }, added: [A] },
    { name: 'a slot has left, and that is labelled', node: { away: [away('a')], labelled: [A] } },
    { name: 'a slot is back', node: { labelled: [A] }, removed: [A] },
    {
      name: 'one is back, another has left',
      node: { away: [away('b')], labelled: [A] },
      added: [B],
      removed: [A],
    },
    { name: 'it left a broken device', node: { away: [away('a', { cause: 'device fault' })] } },
    {
      name: 'two replicas that stand for one another',
      node: { away: [away('a'), away('a', { podUid: 'another' })] },
      added: [A],
    },
  ];
  test.each(rows)('$name', ({ node: overrides, added = [], removed = [] }) => {
    const changes = added.length + removed.length === 0 ? [] : [{ name: 'gpu-1', added, removed }];
    expect(planHomeLabels([node(overrides)])).toEqual(changes);
  });

  test('the longest homes first, what only goes at last', () => {
    const changes = planHomeLabels([
      node({ name: 'gone', labelled: [A] }),
      node({ name: 'short', away: [away('a', { homeUntilSeconds: 1000 })] }),
      node({ name: 'long', away: [away('b', { homeUntilSeconds: 3000 })] }),
    ]);
    expect(changes.map(({ name }) => name)).toEqual(['long', 'short', 'gone']);
  });

  test('sixteen at most on a node, the ones that last longest', () => {
    const slots = Array.from({ length: 20 }, (_none, index) =>
      away(`slot-${index}`, { homeUntilSeconds: 1000 + index }),
    );
    const added = planHomeLabels([node({ away: slots })])[0]?.added;
    expect(new Set(added)).toEqual(
      new Set(slots.slice(4).map(({ slot }) => homeLabelOf(slot.key))),
    );
  });
});
