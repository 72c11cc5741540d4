import { describe, expect, test } from 'vitest';
import { Runs } from '../../../extender/homes/runs.ts';

const JOB = 'team-a/Job/train';
const DAY = 86_400;

function runsWith(...stays: readonly (readonly [atSeconds: number, ranSeconds: number])[]): Runs {
  const runs = new Runs();
  for (const [atSeconds, ranSeconds] of stays) runs.left(JOB, { atSeconds, ranSeconds });
  return runs;
}

describe('how long pods of a workload stay', () => {
  test('is the median of the last five ends, once there are three', () => {
    expect(runsWith([DAY, DAY], [2 * DAY, DAY]).staySeconds(JOB)).toBeUndefined();
    const ends = [9, 1, 2, 3, 4, 5].map((days, index) => [index * DAY, days * DAY] as const);
    expect(runsWith(...ends).staySeconds(JOB)).toBe(3 * DAY);
  });

  test('512 pods that end together are one end, and the one that was there longest tells', () => {
    const runs = runsWith([DAY, 7200], [3 * DAY, 7200]);
    for (let index = 0; index < 512; index += 1) {
      runs.left(JOB, { atSeconds: 5 * DAY + index / 100, ranSeconds: index * 100 });
    }
    expect(runs.staySeconds(JOB)).toBe(7200);
    for (let index = 0; index < 512; index += 1) {
      runs.left(JOB, { atSeconds: 7 * DAY, ranSeconds: 4 * DAY });
    }
    // 2 h, 2 h, 14 h and 4 days: the upper of the two in the middle.
    expect(runs.staySeconds(JOB)).toBe(51_100);
  });

  test('a crash loop is not taken for the rule, and completed runs are another thing', () => {
    const runs = runsWith([100, 10], [200, 10], [300, 10]);
    expect(runs.staySeconds(JOB)).toBe(3600);
    expect(runs.expectedSeconds(JOB)).toBeUndefined();
  });
});
