import { expect, test } from 'vitest';
import { intervalOf } from '../../../extender/simulation/interval.ts';

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
