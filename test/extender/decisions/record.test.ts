import { describe, expect, test } from 'vitest';
import {
  type Decision,
  DecisionRecord,
  MOST_DECISIONS,
} from '../../../extender/decisions/record.ts';

function decision(index: number): Decision {
  return {
    atSeconds: index,
    pod: { uid: `uid-${index}`, namespace: 'team-a', name: `train-${index}` },
    mode: 'act',
    asked: 2,
    unknownNodes: 2,
    forecasts: [],
    scores: [],
    remarks: [],
  };
}

describe('decisions', () => {
  test('of a group of 512 that starts again at once are all remembered, and of its next start', () => {
    const record = new DecisionRecord();
    for (let index = 0; index < 2 * 512; index += 1) record.add(decision(index));
    expect(record.of('uid-0')?.atSeconds).toBe(0);
  });

  test('are dropped, the oldest first, once there are more', () => {
    const record = new DecisionRecord();
    for (let index = 0; index <= MOST_DECISIONS; index += 1) record.add(decision(index));
    expect(record.of('uid-0')).toBeUndefined();
    expect(record.latest(10_000)).toHaveLength(MOST_DECISIONS);
    expect(record.latest(1)[0]?.atSeconds).toBe(MOST_DECISIONS);
  });

  test('about a pod that is asked about again are the newest', () => {
    const record = new DecisionRecord();
    record.add(decision(1));
    record.add({ ...decision(1), atSeconds: 5 });
    expect(record.latest(10).map(({ atSeconds }) => atSeconds)).toEqual([5]);
  });
});
