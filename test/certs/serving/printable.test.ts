import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../../certs/serving/printable.ts';

test.each([
  ['a title: \u001b]0;owned\u0007', 'a title: \\u001b]0;owned\\u0007'],
  ['a colour: \u001b[31m', 'a colour: \\u001b[31m'],
  ['the same in one character: \u009b31m', 'the same in one character: \\u009b31m'],
  ['over the line: ok\rno', 'over the line: ok\\u000dno'],
  ['the other way around: \u202egpj', 'the other way around: \\u202egpj'],
  ['two lines\n\tand größe, 模型, 🚀', 'two lines\n\tand größe, 模型, 🚀'],
])('%j is printed as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('JSON stays JSON, and says the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(printable(JSON.stringify({ text })))).toEqual({ text });
    }),
    { seed: 21 },
  );
});
