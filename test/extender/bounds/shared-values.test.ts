import { expect, test } from 'vitest';
import { sharedParts } from '../../../extender/bounds/shared-values.ts';

test('equal parts are one, others are not', () => {
  const shared = sharedParts(1000);
  const first = shared({ images: ['a', 'b'] });
  expect(shared({ images: ['a', 'b'] })).toBe(first);
  expect(shared({ images: ['b', 'a'] })).toEqual({ images: ['b', 'a'] });
  expect(shared(['a'])).not.toBe(shared(['b']));
});

test('beyond the bound it begins anew, and what is given stays right', () => {
  // Two such keys take 70 bytes each.
  const shared = sharedParts(140);
  const first = shared([1]);
  shared([2]);
  expect(shared([3])).toEqual([3]);
  expect(shared([1])).toEqual(first);
  expect(shared([1])).not.toBe(first);
});

test('what is long takes its bytes of the bound', () => {
  const shared = sharedParts(10_000);
  const first = shared(['a']);
  shared(['b'.repeat(4000)]);
  expect(shared(['a'])).toBe(first);
  shared(['c'.repeat(4000)]);
  expect(shared(['a'])).not.toBe(first);
});
