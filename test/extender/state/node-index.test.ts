import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeIndex, UNKNOWN_NODE } from '../../../extender/state/node-index.ts';
import { nameHash } from '../../../webhook/words/name-hash.ts';

function found(names: NodeIndex, name: string): number {
  const bytes = Buffer.from(`"${name}"`);
  return names.find(bytes, 1, bytes.length - 1, nameHash(name));
}

test('names have nodeIndexes of their own, by which they are found as texts and as bytes', () => {
  const name = fc.oneof(
    fc.integer({ min: 0, max: 30 }).map((index) => `gpu-${index}`),
    fc.integer({ min: 0, max: 5 }).map((index) => `${'a-long-name.'.repeat(index)}x`),
  );
  const steps = fc.array(fc.tuple(name, fc.boolean()), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const names = new NodeIndex();
      const nodeIndexes = new Map<string, number>();
      for (const [one, isGone] of all) {
        if (isGone) names.delete(one);
        else nodeIndexes.set(one, names.add(one));
        if (isGone) nodeIndexes.delete(one);
      }
      expect(names.size).toBe(nodeIndexes.size);
      expect(new Set(nodeIndexes.values()).size).toBe(nodeIndexes.size);
      for (const [one] of all) {
        const nodeIndex = nodeIndexes.get(one) ?? UNKNOWN_NODE;
        expect(nodeIndex).toBeLessThan(names.capacity);
        expect(names.of(one)).toBe(nodeIndex);
        expect(found(names, one)).toBe(nodeIndex);
        if (nodeIndex !== UNKNOWN_NODE) expect(names.hashAt(nodeIndex)).toBe(nameHash(one));
      }
    }),
  );
});

test('thousands that come and go take no more room than those that are there', () => {
  const names = new NodeIndex();
  for (let index = 0; index < 20_000; index += 1) {
    names.add(`spot-${index}`);
    if (index >= 300) names.delete(`spot-${index - 300}`);
  }
  expect(names.size).toBe(300);
  expect(names.capacity).toBe(301);
  expect(found(names, 'spot-19999')).toBe(names.of('spot-19999'));
  expect(found(names, 'spot-19000')).toBe(UNKNOWN_NODE);
});
