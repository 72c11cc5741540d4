import { describe, expect, test } from 'vitest';
import { bytesInWords, quantityValue } from '../../../webhook/words/quantity.ts';

describe('quantityValue', () => {
  const rows: readonly (readonly [string | number, number | undefined])[] = [
    ['8', 8],
    [8, 8],
    ['500m', 0.5],
    ['1k', 1000],
    ['12Gi', 12 * 2 ** 30],
    ['1e3', 1000],
    ['0e3', 0],
    ['.5', 0.5],
    ['-1', -1],
    ['', undefined],
    ['eight', undefined],
    ['1 Gi', undefined],
    ['0x10', undefined],
    [Number.NaN, undefined],
  ];
  test.each(rows)('%j is %s', (quantity, value) => {
    expect(quantityValue(quantity)).toBe(value);
  });
});

describe('bytesInWords', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [512, '512 B'],
    [12_000_000_000, '11.2 GiB'],
    [2 * 2 ** 30, '2 GiB'],
    [700 * 2 ** 20, '700 MiB'],
  ];
  test.each(rows)('%d bytes are %s', (bytes, words) => {
    expect(bytesInWords(bytes)).toBe(words);
  });
});
