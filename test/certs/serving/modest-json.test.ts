import { expect, test } from 'vitest';
import { isModestJson } from '../../../certs/serving/json.ts';
import { makePod } from '../../make/pod.ts';

const MIB = 2 ** 20;
const isModest = (text: string) => isModestJson(Buffer.from(text), 200_000);

test.each([
  ['empty maps', `[${'{},'.repeat(2.4 * MIB)}{}]`],
  ['lists in lists', '['.repeat(MIB)],
  ['numbers', `[${'1,'.repeat(2 * MIB)}1]`],
])('%s by the million are not parsed', (_what, text) => {
  expect(isModest(text)).toBe(false);
});

test('the largest pod that etcd takes is, and so is what looks like a bomb within a text', () => {
  const env = Array.from({ length: 40_000 }, (_none, at) => ({ name: `V${at}`, value: 'x' }));
  const [container] = makePod().spec.containers;
  expect(isModest(JSON.stringify({ spec: { containers: [{ ...container, env }] } }))).toBe(true);
  expect(isModest(JSON.stringify({ text: '[{},{},'.repeat(MIB) }))).toBe(true);
  expect(isModest(JSON.stringify({ text: '\\"[{},'.repeat(MIB) }))).toBe(true);
});
