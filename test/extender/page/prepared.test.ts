import { describe, expect, test } from 'vitest';
import { preparedIn } from '../../../extender/page/prepared.ts';
import { INJECTED } from '../../../webhook/words/keys.ts';

const read = (text: string) => preparedIn({ annotations: { [INJECTED]: text } });

describe('preparedIn', () => {
  test('reads what the webhook writes', () => {
    const written = {
      profile: 'nvidia',
      injected: ['toleration nvidia.com/gpu:NoSchedule'],
      declined: [{ code: 'GraceSetByUser', words: 'the pod has a grace of 10 s of its own' }],
    };
    expect(read(JSON.stringify(written))).toEqual(written);
    expect(read('{"profile":"nvidia","injected":[]}')?.declined).toEqual([]);
  });

  test.each([
    ['no JSON', '{'],
    ['another form', '{"profile":7,"injected":[]}'],
    ['more than the webhook writes', JSON.stringify({ profile: 'x'.repeat(20_000), injected: [] })],
    ['thousands of sentences', JSON.stringify({ profile: 'a', injected: Array(41).fill('x') })],
  ])('%s is nothing', (_name, text) => {
    expect(read(text)).toBeUndefined();
  });

  test('a long sentence is cut', () => {
    const text = JSON.stringify({ profile: 'a', injected: ['x'.repeat(9000)] });
    expect(read(text)?.injected[0]?.length).toBeLessThan(600);
  });
});
