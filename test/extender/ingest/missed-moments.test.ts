import { expect, test } from 'vitest';
import { MissedMoments } from '../../../extender/ingest/missed-moments.ts';

/** The moments that are judged at second 100, by their names. */
function judged(fill: (add: (name: string, atSeconds: number, facts?: object) => void) => void) {
  const moments = new MissedMoments();
  const names: string[] = [];
  fill((name, atSeconds, facts = {}) => moments.add(atSeconds, facts, () => names.push(name)));
  moments.judge(100);
  moments.judge(100);
  return names;
}

test('those of the last minute are judged once, in their order', () => {
  const names = judged((add) => {
    add('old', 39);
    add('a', 40);
    add('b', 100);
  });
  expect(names).toEqual(['a', 'b']);
});

test('they are bounded in bytes, and the oldest go first', () => {
  const facts = { image: 'x'.repeat(100_000) };
  const names = judged((add) => {
    for (let at = 0; at < 1000; at += 1) add(String(at), 100, facts);
  });
  expect(names.length).toBeGreaterThan(60);
  expect(names.length * 100_000).toBeLessThanOrEqual(8 * 2 ** 20);
  expect(names.at(-1)).toBe('999');
});

test('ten thousand usual moments cost no more than keeping them', () => {
  const names = judged((add) => {
    for (let at = 0; at < 10_000; at += 1) add(String(at), 100, { uid: String(at) });
  });
  expect(names).toHaveLength(10_000);
});
