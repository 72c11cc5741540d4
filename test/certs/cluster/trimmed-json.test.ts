import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrimmedJson } from '../../../certs/cluster/trimmed-json.ts';

const MIB = 2 ** 20;

/** What is kept of a watch's line, which arrives in pieces of these sizes. */
function trimmed(text: string, ...sizes: readonly number[]): unknown {
  const bytes = Buffer.from(text);
  const json = new TrimmedJson(2);
  let from = 0;
  for (const size of sizes) {
    json.add(bytes.subarray(from, from + size));
    from += size;
  }
  json.add(bytes.subarray(from));
  const kept = json.text();
  return kept === undefined ? undefined : JSON.parse(kept);
}

const line = (object: unknown) => JSON.stringify({ type: 'ADDED', object });

test('what is small stays as it is, wherever it is cut on the way', () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 6 }),
      fc.array(fc.nat(40), { maxLength: 5 }),
      fc.nat(2),
      (text, sizes, indent) => {
        const written = JSON.stringify({ type: 'ADDED', object: JSON.parse(text) }, null, indent);
        expect(trimmed(written, ...sizes)).toEqual(JSON.parse(written));
      },
    ),
    { seed: 21 },
  );
});

test('long texts become empty, whatever is in them, and others stay', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('x', '"', '\\', '\n', '<', 'ö', '{', ','),
      fc.string({ maxLength: 50 }),
      fc.boolean(),
      (filling, short, isKey) => {
        const long = filling.repeat(20_000);
        const annotations = isKey ? { [long]: 'a', b: short } : { a: long, b: short };
        const metadata = { name: short, annotations, uid: 'u' };
        const kept = isKey ? { '': 'a', b: short } : { a: '', b: short };
        expect(trimmed(line({ metadata }), 17, 16_000)).toEqual({
          type: 'ADDED',
          object: { metadata: { ...metadata, annotations: kept } },
        });
      },
    ),
    { seed: 21, numRuns: 50 },
  );
});

test('who an object is and what state it is in outlasts any length of its lists and maps', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `n${at}` }));
  const annotations = Object.fromEntries(many(200_000).map(({ name }) => [name, 'x'.repeat(9)]));
  const object = {
    metadata: { annotations, name: 'p', uid: 'u' },
    spec: { containers: many(200_000), initContainers: many(200_000), nodeName: 'gpu-1' },
    status: { conditions: [{ type: 'PodScheduled' }], phase: 'Running' },
  };
  const text = line(object);
  expect(text.length).toBeGreaterThan(9 * MIB);
  const { object: kept } = trimmed(text) as { object: typeof object };
  expect(JSON.stringify(kept).length).toBeLessThan(6.5 * MIB);
  expect(kept.metadata).toMatchObject({ name: 'p', uid: 'u' });
  expect(kept.spec.nodeName).toBe('gpu-1');
  expect(kept.spec.containers.slice(0, 3)).toEqual(many(3));
  expect(kept.spec.containers.length).toBeGreaterThan(1000);
  expect(kept.status).toEqual(object.status);
});

test('what comes behind a long list of an element stays: no pod hides its devices', () => {
  const args = Array.from({ length: 200 }, () => '<'.repeat(1000));
  const resources = { limits: { 'nvidia.com/gpu': '8' } };
  const containers = [
    { name: 'first', args, resources },
    { name: 'second', args: ['a', 'b'], resources },
  ];
  // As Go writes it.
  const text = line({ metadata: { uid: 'u' }, spec: { containers } }).replaceAll('<', '\\u003c');
  expect(text.length).toBeGreaterThan(MIB);
  const { object } = trimmed(text) as { object: { spec: { containers: unknown } } };
  expect(object.spec.containers).toEqual([
    { name: 'first', args: expect.any(Array), resources },
    { name: 'second', args: ['a'], resources },
  ]);
});

test('an object of fields without end is given up', () => {
  const spec = Object.fromEntries(Array.from({ length: 600_000 }, (_, at) => [`field-${at}`, at]));
  expect(trimmed(line({ spec }))).toBeUndefined();
});
