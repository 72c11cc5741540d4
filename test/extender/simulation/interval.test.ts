import { expect, test } from 'vitest';
import { changeOf, intervalOf } from '../../../extender/simulation/interval.ts';

test.each([
  { values: [4], mean: 4, half: undefined },
  { values: [3, 3, 3], mean: 3, half: 0 },
  // Standard error 1, four degrees of freedom: 2.776.
  {
    values: [-Math.SQRT2, -Math.SQRT1_2, 0, Math.SQRT1_2, Math.SQRT2].map(
      (x) => 10 + (x * Math.SQRT2 * 2) / Math.sqrt(2),
    ),
    mean: 10,
    half: 2.776,
  },
])('of $values', ({ values, mean, half }) => {
  const found = intervalOf(values);
  expect(found.mean).toBeCloseTo(mean, 9);
  if (half === undefined) expect(found.half).toBeUndefined();
  else expect(found.half).toBeCloseTo(half, 3);
});

test('a change is taken seed by seed, as a share of the mean before', () => {
  expect(changeOf([90, 110], [81, 99])).toEqual(intervalOf([-0.09, -0.11]));
  expect(changeOf([0, 0], [1, 2])).toBeUndefined();
});
