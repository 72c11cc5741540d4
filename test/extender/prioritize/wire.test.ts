import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerText, named, QuestionReader } from '../../../extender/prioritize/wire.ts';
import { NodeIndex } from '../../../extender/state/node-index.ts';
import { makePod } from '../../make/pod.ts';

const known = ['gpu-1', 'gpu-2', 'gpu-3.example.com', 'gpü-4', 'g"5'];

function finder(names: readonly string[] = known) {
  const nodes = new NodeIndex();
  for (const name of names) nodes.add(name);
  return nodes;
}

const parse = (text: string) => new QuestionReader(finder()).read(Buffer.from(text));
const nodeIndexes = (...names: readonly string[]) => named(names, finder()).nodeIndexes;
const pod = makePod();
/** As Go writes it. */
const goBody = (names: readonly string[] | null) =>
  JSON.stringify({ Pod: pod, Nodes: null, NodeNames: names });

describe('ExtenderArgs', () => {
  test.each([
    { name: 'names of nodes', body: goBody(['gpu-2', 'gpu-1']) },
    {
      name: 'names in front of the pod',
      body: JSON.stringify({ NodeNames: ['gpu-2', 'gpu-1'], Pod: pod }),
    },
    { name: 'spaces between names', body: goBody(['gpu-2', 'gpu-1']).replace('","', '", "') },
    { name: 'a line end after the body', body: `${goBody(['gpu-2', 'gpu-1'])}\n` },
    {
      name: 'an escape in a name',
      body: goBody(['gpu-2', 'gpu-1']).replace('gpu-2', 'gpu\\u002d2'),
    },
    {
      name: 'whole Node objects',
      body: JSON.stringify({
        Pod: pod,
        Nodes: { items: ['gpu-2', 'gpu-1'].map((name) => ({ metadata: { name } })) },
        NodeNames: null,
      }),
    },
  ])('$name: the nodes in their order', ({ body }) => {
    expect(parse(body)).toMatchObject({
      ok: true,
      question: { pod, nodeIndexes: Int32Array.of(1, 0), unknown: new Set() },
    });
  });

  test('names that nothing is known of are told apart', () => {
    expect(parse(goBody(['new-1', 'gpu-1', 'new-1']))).toMatchObject({
      question: { nodeIndexes: nodeIndexes('gpu-1'), unknown: new Set(['new-1']) },
    });
  });

  test('whole Node objects are read, as many as the default sampling sends, managed fields and all', () => {
    const fields = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`f:${at}`, {}]));
    const images = Array.from({ length: 50 }, (_, at) => ({ names: [`registry.example/${at}:1`] }));
    const items = Array.from({ length: 781 }, (_, at) => ({
      metadata: { name: `gpu-${at}`, managedFields: [{ fieldsV1: fields }] },
      status: { images },
    }));
    const body = JSON.stringify({ Pod: pod, Nodes: { items }, NodeNames: null });
    expect(parse(body)).toMatchObject({ ok: true, question: { sentWholeNodes: true } });
  });

  test('a node that is named twice is asked about once', () => {
    expect(parse(goBody(['gpu-2', 'gpu-1', 'gpu-2']))).toMatchObject({
      question: { nodeIndexes: nodeIndexes('gpu-2', 'gpu-1') },
    });
  });

  test('questions follow one another through the same reader, whatever the ones before were', () => {
    const name = fc.oneof(fc.constantFrom(...known), fc.string({ maxLength: 5 }));
    const body = fc.oneof(
      fc.array(name, { maxLength: 8 }).map(goBody),
      fc.array(name, { maxLength: 8 }).map((names) => `${goBody(names)} `),
      fc.array(name, { maxLength: 8 }).map((names) => goBody(names).slice(0, -3)),
    );
    fc.assert(
      fc.property(fc.array(body, { maxLength: 6 }), (bodies) => {
        const reader = new QuestionReader(finder());
        for (const one of bodies) expect(reader.read(Buffer.from(one))).toEqual(parse(one));
      }),
    );
  });

  test('no names are a question about no nodes', () => {
    expect(parse(goBody([]))).toMatchObject({ ok: true, question: { nodeIndexes: nodeIndexes() } });
  });

  test('what looks like names inside of the pod is not taken for them', () => {
    const annotations = { note: ',"NodeNames":["gpu-1"]}' };
    const body = JSON.stringify({
      Pod: makePod({ metadata: { annotations } }),
      NodeNames: ['gpu-2'],
    });
    expect(parse(body)).toMatchObject({ question: { nodeIndexes: nodeIndexes('gpu-2') } });
  });

  test('names inside of the pod are none of the question', () => {
    const inside = { ...pod, zzz: 1, NodeNames: ['gpu-1'] };
    expect(parse(JSON.stringify({ Pod: inside }))).toMatchObject({ ok: false });
    expect(parse(JSON.stringify({ Pod: inside, NodeNames: ['gpu-2'] }))).toMatchObject({
      question: { nodeIndexes: nodeIndexes('gpu-2') },
    });
  });

  test('names are read the same wherever they stand, whatever they are', () => {
    const name = fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const last = parse(goBody(names));
        expect(last).toEqual(parse(JSON.stringify({ NodeNames: names, Pod: pod, Nodes: null })));
        expect(last.ok).toBe(true);
      }),
    );
  });

  test('a body that was cut or changed anywhere is refused or read as JSON reads it', () => {
    const body = goBody(['gpu-1', 'gpu-2']);
    fc.assert(
      fc.property(
        fc.nat(body.length - 1),
        fc.constantFrom('', '"', ',', ']', '\\', 'x', '\n'),
        (at, put) => {
          const changed = body.slice(0, at) + put + body.slice(at + 1);
          const asked = parse(changed);
          if (asked.ok) {
            const names = JSON.parse(changed).NodeNames as string[];
            expect(asked.question).toMatchObject(named(names, finder()));
          }
          expect(parse(body.slice(0, at)).ok).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('names of nodes', () => {
  test('are found by their bytes for as long as they are known', () => {
    const names = Array.from({ length: 500 }, (_none, index) => `gpu-${index}`);
    const step = fc.tuple(fc.constantFrom(...names), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 800 }), (steps) => {
        const nodes = finder([]);
        const plain = new Map<string, number>();
        for (const [name, isThere] of steps) {
          if (isThere) plain.set(name, nodes.add(name));
          else nodes.delete(name);
          if (!isThere) plain.delete(name);
        }
        const body = Buffer.from(goBody(names));
        const asked = new QuestionReader(nodes).read(body);
        const expected = names.flatMap((name) => plain.get(name) ?? []);
        expect(asked.ok && [...asked.question.nodeIndexes]).toEqual(expected);
        expect(nodes.size).toBe(plain.size);
      }),
      { numRuns: 50 },
    );
  });

  test('of one hash are told apart', () => {
    // A known collision of FNV-1a.
    const nodes = finder(['costarring', 'liquid']);
    const asked = new QuestionReader(nodes).read(Buffer.from(goBody(['liquid', 'costarring'])));
    expect(asked).toMatchObject({ question: { nodeIndexes: Int32Array.of(1, 0) } });
  });
});

describe('HostPriorityList', () => {
  test('is the JSON that was meant, whatever the names and the scores', () => {
    const name = fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'binary' }));
    const entries = fc.uniqueArray(fc.tuple(name, fc.integer({ min: -128, max: 127 })), {
      selector: ([one]) => one,
    });
    fc.assert(
      fc.property(entries, (all) => {
        const names = finder([]);
        const told = Int32Array.from(all, ([one]) => names.add(one));
        const scores = Int8Array.from(all, ([, score]) => score);
        const text = answerText({ nodeIndexes: told, scores }, names);
        expect(JSON.parse(Buffer.from(text, 'latin1').toString())).toEqual(
          all.map(([Host, Score]) => ({ Host, Score })),
        );
      }),
    );
  });
});
