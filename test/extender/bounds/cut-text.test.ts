import { expect, test } from 'vitest';
import { beginningInBytes } from '../../../extender/bounds/cut-text.ts';

test.each([
  { text: 'gpu-7', most: 5, kept: 'gpu-7' },
  { text: 'gpu-7', most: 3, kept: 'gpu' },
  { text: 'ä'.repeat(600), most: 1024, kept: 'ä'.repeat(512) },
  { text: 'ab€', most: 4, kept: 'ab' },
  { text: 'a😀b', most: 5, kept: 'a😀' },
  { text: 'a😀b', most: 4, kept: 'a' },
])('of $text at most $most bytes are kept, and no half of a character', ({ text, most, kept }) => {
  expect(beginningInBytes(text, most)).toBe(kept);
});
