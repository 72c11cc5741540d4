import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../certs/cluster/api-error.ts';
import { NodeReconciler } from '../../../extender/node-labels/reconcile.ts';

/** Three changes a round, of a plan that holds until it is carried out. */
function marking(names: readonly string[], fails: (name: string) => number | undefined) {
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => said.push(JSON.parse(line).msg) });
  const marks = new NodeReconciler({ isLeader: () => true, off: 'x: false', mostChanges: 3, log });
  const marked = new Set<string>();
  const round = async () => {
    const tried: string[] = [];
    await marks.round(
      () => names.filter((name) => !marked.has(name)).map((name) => ({ name })),
      async ({ name }) => {
        tried.push(name);
        const code = fails(name);
        if (code !== undefined) throw new ApiError(code, 'no');
        marked.add(name);
      },
    );
    return tried.join(' ');
  };
  return { round, said };
}

describe('rounds of marking', () => {
  test('change no more nodes than a round may', async () => {
    const { round } = marking(['a', 'b', 'c', 'd'], () => undefined);
    expect([await round(), await round(), await round()]).toEqual(['a b c', 'd', '']);
  });

  test('go on to the others though those that come first cannot be marked', async () => {
    const isBad = (name: string) => 'abc'.includes(name);
    const { round, said } = marking([...'abcde'], (name) => (isBad(name) ? 500 : undefined));
    expect([await round(), await round()]).toEqual(['a b c', 'd e a']);
    expect(said).toEqual(['a node could not be labelled (500); it is tried again']);
  });

  test('give each of many that cannot be marked its turn', async () => {
    const { round } = marking([...'abcde'], () => 500);
    expect([await round(), await round(), await round()]).toEqual(['a b c', 'd e a', 'b c d']);
  });

  test('end at the first node where none may be marked', async () => {
    const { round, said } = marking([...'abc'], () => 403);
    expect(await round()).toBe('a');
    expect(said[0]).toMatch('set x: false in extender.yaml');
  });
});
