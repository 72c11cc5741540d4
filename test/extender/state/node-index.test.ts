import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NOWHERE, NodeNames } from '../../../extender/state/node-index.ts';
import { nameHash } from '../../../webhook/words/name-hash.ts';

function found(names: NodeNames, name: string): number {
  const bytes = Buffer.from(`"${name}"`);
  return names.find(bytes, 1, bytes.length - 1, nameHash(name));
}

test('names have places of their own, by which they are found as texts and as bytes', () => {
  const name = fc.oneof(
    fc.integer({ min: 0, max: 30 }).map((index) => `gpu-${index}`),
    fc.integer({ min: 0, max: 5 }).map((index) => `${'a-long-name.'.repeat(index)}x`),
  );
  const steps = fc.array(fc.tuple(name, fc.boolean()), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const names = new NodeNames();
      const places = new Map<string, number>();
      for (const [one, isGone] of all) {
        if (isGone) names.delete(one);
        else places.set(one, names.add(one));
        if (isGone) places.delete(one);
      }
      expect(names.size).toBe(places.size);
      expect(new Set(places.values()).size).toBe(places.size);
      for (const [one] of all) {
        const place = places.get(one) ?? NOWHERE;
        expect(place).toBeLessThan(names.places);
        expect(names.placeOf(one)).toBe(place);
        expect(found(names, one)).toBe(place);
        if (place !== NOWHERE) expect(names.hashAt(place)).toBe(nameHash(one));
      }
    }),
  );
});

test('thousands that come and go take no more room than those that are there', () => {
  const names = new NodeNames();
  for (let index = 0; index < 20_000; index += 1) {
    names.add(`spot-${index}`);
    if (index >= 300) names.delete(`spot-${index - 300}`);
  }
  expect(names.size).toBe(300);
  expect(names.places).toBe(301);
  expect(found(names, 'spot-19999')).toBe(names.placeOf('spot-19999'));
  expect(found(names, 'spot-19000')).toBe(NOWHERE);
});
