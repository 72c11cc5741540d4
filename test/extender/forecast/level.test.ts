import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  documentedLevels,
  levelOf,
  type NodeScore,
  sparseLevels,
} from '../../../extender/forecast/level.ts';
import { tieBreakHashes } from '../../../extender/forecast/tie-break.ts';
import { nameHash } from '../../../webhook/words/name-hash.ts';

const HALVING = 30;

/** What is said of nodes with these losses, by their names; which of equals is named, the uid draws. */
function sparse(lossSeconds: readonly number[], { halving = HALVING, uid = 'uid' } = {}) {
  const tieBreakHash = tieBreakHashes(uid);
  const answer = sparseLevels(fleet(lossSeconds), halving, (nodeIndex) =>
    tieBreakHash(nameHash(named(nodeIndex))),
  );
  return { ...answer, levels: levelsOf(answer) };
}

const fleet = (lossSeconds: readonly number[]) => ({
  nodeIndexes: Int32Array.from(lossSeconds.keys()),
  lossSeconds: Float64Array.from(lossSeconds),
});

function levelsOf({ scores: { nodeIndexes, scores } }: Answer): readonly NodeScore[] {
  return [...nodeIndexes].map((nodeIndex, index) => ({
    node: named(nodeIndex),
    score: scores[index] as number,
  }));
}

function named(nodeIndex: number): string {
  return `gpu-${nodeIndex}`;
}

describe('levelOf', () => {
  const rows: readonly (readonly [number, number])[] = [
    [0, 0],
    [30, -25],
    [60, Math.round(-50 * 0.75)],
    [1e9, -50],
  ];
  test.each(rows)('%d s more than the best is level %d', (excess, level) => {
    expect(levelOf(excess, HALVING)).toBe(level);
  });
});

describe('sparseLevels', () => {
  test.each([
    { name: 'one more, of the best', losses: [0, 0, 30, 30, 30], told: [25, 26], first: 1 },
    { name: 'nothing, of others', losses: [0, 0, 0, 30], told: [-25], first: 3 },
    { name: 'the tie, of the commonest', losses: [0, 30, 30, 30], told: [25], first: 3 },
    {
      name: 'the tie, where the best are the commonest',
      losses: [0, 0, 0, 30],
      told: [-25],
      first: 2,
    },
  ])('a preferred node gets $name', ({ losses, told, first }) => {
    const numbers = Int32Array.from(losses, (_loss, index) => (index === first ? 7 : 0));
    const preferred = { numbers, number: 7 };
    const { scores, scoreOf } = sparseLevels(
      fleet(losses),
      HALVING,
      (nodeIndex) => nodeIndex,
      preferred,
    );
    expect([...scores.scores]).toEqual([...told, 0]);
    for (const [at, nodeIndex] of scores.nodeIndexes.entries()) {
      expect(scoreOf(nodeIndex, losses[nodeIndex] ?? 0)).toBe(scores.scores[at]);
    }
    expect(scores.nodeIndexes).toContain(first);
  });

  const rows: readonly {
    name: string;
    losses: readonly number[];
    answer: Record<string, number>;
  }[] = [
    { name: 'one node that is better', losses: [20, 20, 0, 20], answer: { 'gpu-2': 19 } },
    { name: 'one node that is worse', losses: [0, 0, 0, 30], answer: { 'gpu-3': -25 } },
    {
      name: 'two levels equally common: the better one is left out',
      losses: [0, 0, 30, 30],
      answer: { 'gpu-2': -25, 'gpu-3': -25 },
    },
    { name: 'nothing differs', losses: [5, 5, 5], answer: {} },
    { name: 'a single candidate', losses: [99], answer: {} },
  ];
  test.each(rows)('$name', ({ losses, answer }) => {
    const { levels } = sparse(losses);
    const [opinions, draws] = [
      levels.filter(({ score }) => score !== 0),
      levels.filter(({ score }) => score === 0),
    ];
    expect(Object.fromEntries(opinions.map(({ node, score }) => [node, score]))).toEqual(answer);
    expect(draws).toHaveLength(1);
  });

  test('of the commonest level the least exact loss draws the zero', () => {
    const { levels } = sparse([20, 19, 20, 20], { halving: 10_000 });
    expect(levels).toEqual([{ node: 'gpu-1', score: 0 }]);
  });

  test('losses within one second are a tie, drawn differently for each pod', () => {
    const losses = Array.from({ length: 300 }, (_none, index) => 20 + index / 1000);
    const drawn = Array.from(
      { length: 120 },
      (_none, pod) => sparse(losses, { uid: `uid-${pod}` }).levels[0]?.node,
    );
    expect(new Set(drawn).size).toBeGreaterThan(85);
  });

  test('the answer is integers, names each node once, and grows with the exceptions only', () => {
    const losses = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(losses, (held) => {
        const { levels, scoreOf } = sparse(held);
        expect(levels.every(({ score }) => Number.isInteger(score) && Math.abs(score) <= 50)).toBe(
          true,
        );
        expect(new Set(levels.map(({ node }) => node)).size).toBe(levels.length);
        const said = new Map(levels.map(({ node, score }) => [node, score]));
        for (const [nodeIndex, loss] of held.entries()) {
          expect(scoreOf(nodeIndex, loss)).toBe(said.get(named(nodeIndex)));
        }
        const common = [...held, ...Array.from({ length: 500 }, () => 7)];
        expect(sparse(common).levels.length).toBeLessThanOrEqual(held.length + 1);
      }),
    );
  });

  test('a node with less loss never scores lower', () => {
    const losses = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), {
      minLength: 2,
      maxLength: 20,
    });
    fc.assert(
      fc.property(losses, (held) => {
        const scores = new Map(sparse(held).levels.map(({ node, score }) => [node, score]));
        const scoreOf = (index: number) => scores.get(`gpu-${index}`) ?? 0;
        held.forEach((loss, a) => {
          held.forEach((other, b) => {
            if (loss < other) expect(scoreOf(a)).toBeGreaterThanOrEqual(scoreOf(b));
          });
        });
      }),
    );
  });
});

test('the same loss added to all changes nothing', () => {
  const losses = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(losses, fc.integer({ min: 1, max: 10_000 }), (held, more) => {
      const dearer = held.map((loss) => loss + more);
      expect(sparse(dearer).levels).toEqual(sparse(held).levels);
    }),
  );
});

test('documentedLevels names every node, 0 to 10', () => {
  expect(levelsOf(documentedLevels(fleet([0, 30, 60, 1e6]), HALVING))).toEqual([
    { node: 'gpu-0', score: 10 },
    { node: 'gpu-1', score: 5 },
    { node: 'gpu-2', score: Math.round(2.5) },
    { node: 'gpu-3', score: 0 },
  ]);
});
