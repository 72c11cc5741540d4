import { expect, test } from 'vitest';
import { Captions } from '../../../extender/fleet/captions.ts';
import type { Happening } from '../../../extender/fleet/happening.ts';

const CRASH: Happening = {
  atSeconds: 100,
  kind: 'crash',
  node: 'gpu-1',
  pod: 'team-a/train-0',
  words: 'ended with exit code 1',
};
const FAULT: Happening = { atSeconds: 90, kind: 'device fault', node: 'gpu-1', words: 'broke' };

function told(...happenings: readonly Happening[]): string | undefined {
  const captions = new Captions();
  for (const one of happenings) captions.happened(one);
  return captions.at(110);
}

test('a crash is called innocent, unless a device has just broken under it', () => {
  expect(told(CRASH)).toMatch(/^team-a\/train-0 crashes on gpu-1\. The device is not to blame/);
  expect(told(FAULT, CRASH)).toMatch(/^on gpu-1 a device breaks\./);
  expect(told({ ...FAULT, node: 'gpu-2' }, CRASH)).toMatch(/not to blame/);
});

test('a caption stands for a while, and what is no news has none', () => {
  const captions = new Captions();
  captions.happened({ ...CRASH, kind: 'bound' });
  expect(captions.at(101)).toBeUndefined();
  captions.happened(CRASH);
  captions.happened({ ...CRASH, kind: 'running', atSeconds: 200 });
  expect(captions.at(1300)).toBeDefined();
  expect(captions.at(1301)).toBeUndefined();
});
