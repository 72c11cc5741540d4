import { describe, expect, test } from 'vitest';
import {
  type Decision,
  DecisionRecord,
  MOST_DECISIONS,
} from '../../../extender/decisions/record.ts';
import { makeForecast } from '../../make/forecast.ts';

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

  test('that are older keep the forecasts that tell most, with their scores', () => {
    const record = new DecisionRecord();
    const forecasts = Array.from({ length: 16 }, (_none, at) =>
      makeForecast({ candidate: { node: `gpu-${at}` }, lossSeconds: at }),
    );
    const scores = forecasts.map(({ candidate: { node } }, score) => ({ node, score }));
    for (let index = 0; index < 300; index += 1) {
      record.add({ ...decision(index), forecasts, scores });
      record.bound(`uid-${index}`, 'gpu-9', index);
    }
    const kept = (uid: string) => record.of(uid)?.forecasts.map(({ candidate }) => candidate.node);
    expect(kept('uid-299')).toHaveLength(16);
    expect(kept('uid-0')).toEqual(['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3', 'gpu-9']);
    expect(record.of('uid-0')?.scores).toContainEqual({ node: 'gpu-9', score: 9 });
    expect(record.latest(2).map(({ atSeconds }) => atSeconds)).toEqual([299, 298]);
    expect(record.latest(300).at(-1)?.atSeconds).toBe(0);
  });
});
