import { describe, expect, test } from 'vitest';
import { isSchedulingRace } from '../../../extender/ingest/scheduling-race.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';

const pod = (name: string, count: number) =>
  makePodFacts({ name, devices: { resources: [{ resource: GPU, count }], claims: [] } });

describe('isSchedulingRace', () => {
  const rows = [
    { name: 'two whole-node pods on one node', rejected: 8, holding: [8], race: true },
    { name: 'one too many', rejected: 1, holding: [4, 4], race: true },
    { name: 'room enough, so it was the device', rejected: 1, holding: [4, 3], race: false },
    { name: 'alone on the node', rejected: 8, holding: [], race: false },
  ];
  test.each(rows)('$name', ({ rejected, holding, race }) => {
    const others = holding.map((count, index) => pod(`other-${index}`, count));
    expect(isSchedulingRace(pod('rejected', rejected), makeNode(), others)).toBe(race);
  });

  test('the rejected pod is not counted twice', () => {
    const rejected = pod('rejected', 8);
    expect(isSchedulingRace(rejected, makeNode(), [rejected])).toBe(false);
  });
});
