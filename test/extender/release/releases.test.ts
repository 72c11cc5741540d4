import { describe, expect, test } from 'vitest';
import {
  MOST_RELEASES,
  overBudget,
  type Release,
  releasesIn,
  withRelease,
} from '../../../extender/release/releases.ts';
import { releaseSchema } from '../../../extender/release/settings.ts';
import { makeRelease } from '../../make/release.ts';

const SETTINGS = releaseSchema.parse({
  apiVersion: 'config.surefoot.dev/v1alpha1',
  kind: 'Release',
});
const OF = {
  uid: 'new',
  namespace: 'team-a',
  slot: 'team-a/Job/other/0',
  owner: 'team-a/Job/other',
  node: 'gpu-9',
  how: 'evicting' as const,
};

describe('overBudget', () => {
  const over = (releases: readonly Partial<Release>[], of: Partial<typeof OF> = {}) =>
    overBudget({ ...OF, ...of }, releases.map(makeRelease), SETTINGS, 1000);

  test.each<[string, Partial<Release>[], Partial<typeof OF>, string | undefined]>([
    ['nothing was released', [], {}, undefined],
    ['another node, owner and slot', [{}], {}, undefined],
    ['the node', [{ node: 'gpu-9' }], {}, 'the budget of node gpu-9 is spent: 1 of 1 in 10 min'],
    ['the node, long ago', [{ node: 'gpu-9', atSeconds: 300 }], {}, undefined],
    [
      'the owner',
      [{ owner: 'team-a/Job/other' }],
      {},
      'the budget of team-a/Job/other is spent: 1 of 1 in 30 min',
    ],
    [
      'the slot, though budgets would have it',
      [{ slot: 'team-a/Job/other/0', atSeconds: -2000, node: 'gpu-3' }],
      {},
      'its slot was released 50 min ago from gpu-3, and is not released twice within 60 min',
    ],
    [
      'the slot, a home’s life ago',
      [{ slot: 'team-a/Job/other/0', atSeconds: -2700 }],
      {},
      undefined,
    ],
    [
      'what was only observed counts for no eviction',
      [{ node: 'gpu-9', how: 'observed' }],
      {},
      undefined,
    ],
    ['what came to nothing counts nowhere', [{ node: 'gpu-9', how: 'withdrawn' }], {}, undefined],
    [
      'its own, begun before a crash',
      [{ uid: 'new', node: 'gpu-9', how: 'evicting' }],
      {},
      undefined,
    ],
    [
      'the namespace',
      Array.from({ length: 5 }, (_none, at) => ({ uid: `${at}` })),
      {},
      'the budget of namespace team-a is spent: 5 of 5 in 60 min',
    ],
    [
      'the cluster',
      Array.from({ length: 20 }, (_none, at) => ({ uid: `${at}`, namespace: `team-${at}` })),
      { namespace: 'team-x' },
      'the budget of the cluster is spent: 20 of 20 in 60 min',
    ],
  ])('%s', (_name, releases, of, words) => {
    expect(over(releases, of)).toBe(words);
  });
});

test('what is only observed has the budgets of what would be done', () => {
  const observed = makeRelease({ node: 'gpu-9', how: 'observed' });
  expect(overBudget({ ...OF, how: 'observed' }, [observed], SETTINGS, 1000)).toBe(
    'the budget of node gpu-9 is spent: 1 of 1 in 10 min',
  );
});

describe('what is kept', () => {
  test('is one verdict a pod, the oldest first, and forgets', () => {
    const first = makeRelease({ uid: 'a', atSeconds: 0 });
    const second = makeRelease({ uid: 'b', atSeconds: 10 });
    const both = withRelease(withRelease([], first, 0), second, 10);
    const changed = withRelease(both, { ...first, how: 'withdrawn' }, 20);
    expect(changed.map(({ uid, how }) => [uid, how])).toEqual([
      ['a', 'withdrawn'],
      ['b', 'evicted'],
    ]);
    expect(withRelease(both, makeRelease({ uid: 'c', atSeconds: 605_000 }), 605_000)).toHaveLength(
      1,
    );
  });

  test('is bounded, whatever comes', () => {
    let releases: readonly Release[] = [];
    for (let at = 0; at < MOST_RELEASES + 50; at += 1) {
      releases = withRelease(releases, makeRelease({ uid: `${at}`, atSeconds: at }), at);
    }
    expect(releases).toHaveLength(MOST_RELEASES);
    expect(JSON.stringify(releases).length).toBeLessThan(400_000);
  });

  test('stays far below what a ConfigMap takes, whatever tenants call their things', () => {
    let releases: readonly Release[] = [];
    for (let at = 0; at < MOST_RELEASES; at += 1) {
      const evil = '\u0001'.repeat(500);
      const release = makeRelease({ uid: `${at}`, atSeconds: at, slot: evil, words: evil });
      releases = withRelease(releases, release, at);
    }
    expect(Buffer.byteLength(JSON.stringify(releases))).toBeLessThan(600 * 1024);
    expect(releases.at(-1)?.uid).toBe(`${MOST_RELEASES - 1}`);
  });

  test('forgets what was only said before what was evicted, for budgets go by that', () => {
    let releases: readonly Release[] = [makeRelease({ uid: 'evicted', node: 'gpu-9' })];
    for (let at = 0; at < MOST_RELEASES + 50; at += 1) {
      const said = makeRelease({ uid: `${at}`, how: 'observed', atSeconds: 1000 });
      releases = withRelease(releases, said, 1000);
    }
    expect(releases).toHaveLength(MOST_RELEASES);
    expect(overBudget(OF, releases, SETTINGS, 1000)).toBe(
      'the budget of node gpu-9 is spent: 1 of 1 in 10 min',
    );
  });

  test('reads what it has written, and nothing else', () => {
    const releases = [makeRelease(), makeRelease({ uid: 'b', judged: 'right' })];
    expect(releasesIn(JSON.stringify(releases))).toEqual(releases);
    expect(releasesIn(undefined)).toEqual([]);
    expect(releasesIn('')).toEqual([]);
    expect(releasesIn('{')).toBeUndefined();
    expect(releasesIn('[{"uid":"a"}]')).toBeUndefined();
  });
});
