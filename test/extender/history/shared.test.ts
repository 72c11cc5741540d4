import { expect, test } from 'vitest';
import { sharedParts } from '../../../extender/history/shared.ts';

test('equal parts are one, others are not', () => {
  const shared = sharedParts(10);
  const first = shared({ images: ['a', 'b'] });
  expect(shared({ images: ['a', 'b'] })).toBe(first);
  expect(shared({ images: ['b', 'a'] })).toEqual({ images: ['b', 'a'] });
  expect(shared(['a'])).not.toBe(shared(['b']));
});

test('beyond the bound it begins anew, and what is given stays right', () => {
  const shared = sharedParts(2);
  const first = shared([1]);
  shared([2]);
  expect(shared([3])).toEqual([3]);
  expect(shared([1])).toEqual(first);
  expect(shared([1])).not.toBe(first);
});
