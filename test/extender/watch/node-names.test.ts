import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeNames } from '../../../extender/watch/node-names.ts';
import { nameHash } from '../../../webhook/words/name-hash.ts';

function found(names: NodeNames<number>, name: string): number | undefined {
  const bytes = Buffer.from(`"${name}"`);
  return names.find(bytes, 1, bytes.length - 1, nameHash(name));
}

test('names come and go as in a map, and are found as texts and as bytes', () => {
  const name = fc.oneof(
    fc.integer({ min: 0, max: 30 }).map((index) => `gpu-${index}`),
    fc.integer({ min: 0, max: 5 }).map((index) => `${'a-long-name.'.repeat(index)}x`),
  );
  const steps = fc.array(fc.tuple(name, fc.boolean(), fc.nat()), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const names = new NodeNames<number>();
      const expected = new Map<string, number>();
      for (const [one, isGone, entry] of all) {
        if (isGone) {
          names.delete(one);
          expected.delete(one);
        } else {
          names.set(one, entry);
          expected.set(one, entry);
        }
      }
      expect(names.size).toBe(expected.size);
      expect([...names.values()].sort()).toEqual([...expected.values()].sort());
      for (const [one] of all) {
        expect(names.get(one)).toBe(expected.get(one));
        expect(found(names, one)).toBe(expected.get(one));
      }
    }),
  );
});

test('thousands that come and go take no more room than those that are there', () => {
  const names = new NodeNames<number>();
  for (let index = 0; index < 20_000; index += 1) {
    names.set(`spot-${index}`, index);
    if (index >= 300) names.delete(`spot-${index - 300}`);
  }
  expect(names.size).toBe(300);
  expect(found(names, 'spot-19999')).toBe(19_999);
  expect(found(names, 'spot-19000')).toBeUndefined();
});
