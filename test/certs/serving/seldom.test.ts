import { expect, test } from 'vitest';
import { Seldom } from '../../../certs/serving/seldom.ts';

test('what repeats is due once a minute', () => {
  let nowMs = 0;
  const seldom = new Seldom(() => nowMs);
  const due = [0, 1, 59_999, 60_000, 60_001, 200_000].map((at) => {
    nowMs = at;
    return seldom.isDue();
  });
  expect(due).toEqual([true, false, false, true, false, true]);
});
