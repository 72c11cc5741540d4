import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestAndWorst } from '../../../extender/decisions/best-and-worst.ts';

const lossesOf = (indices: readonly number[], all: readonly number[]) =>
  indices.map((index) => all[index]);

describe('the ends of what forecasts lose', () => {
  test('are the eight least and the eight most, in order, each once', () => {
    // Few values, so that many are equal.
    const losses = fc.array(fc.oneof(fc.constantFrom(0, 20, 20.5), fc.nat(500)), { maxLength: 60 });
    fc.assert(
      fc.property(losses, (all) => {
        const ends = bestAndWorst(Float64Array.from(all));
        expect(new Set(ends).size).toBe(ends.length);
        const sorted = all.toSorted((a, b) => a - b);
        const expected =
          all.length <= 16 ? sorted : [...sorted.slice(0, 8), ...sorted.slice(all.length - 8)];
        expect(lossesOf(ends, all)).toEqual(expected);
      }),
    );
  });

  test('of equals are sixteen different ones', () => {
    expect(new Set(bestAndWorst(new Float64Array(100).fill(20))).size).toBe(16);
  });
});
