import { describe, expect, test } from 'vitest';
import { durationSeconds, spanInWords } from '../../../webhook/words/duration.ts';

describe('durationSeconds', () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['90s', 90],
    ['2m', 2 * 60],
    ['1h30m', 90 * 60],
    ['1.5h', 90 * 60],
    ['30d', 30 * 24 * 3600],
    ['250ms', 0.25],
    ['0s', 0],
    ['90', undefined],
    ['', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['1h30', undefined],
    ['1e9s', undefined],
    ['tomorrow', undefined],
    ['36500d', 36_500 * 86_400],
    ['36501d', undefined],
  ];
  test.each(rows)('%j is %s', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });
});

describe('spanInWords', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0.44, '0.4 s'],
    [9, '9 s'],
    [72.4, '72 s'],
    [312, '312 s'],
    [900, '15 min'],
    [3 * 3600 + 1800, '3.5 h'],
    [48 * 3600, '2 days'],
  ];
  test.each(rows)('%d seconds are %s', (seconds, words) => {
    expect(spanInWords(seconds)).toBe(words);
  });
});
