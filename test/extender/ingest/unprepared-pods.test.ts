import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { UnpreparedPods } from '../../../extender/ingest/unprepared-pods.ts';
import type { NamespaceOptIn } from '../../../webhook/words/opt-in.ts';
import { makePodFacts } from '../../make/facts.ts';

const PREPARED = makePodFacts({ name: 'prepared', createdAtSeconds: 1000 });
const { node: _node, ...pending } = makePodFacts({ phase: 'Pending', createdAtSeconds: 1001 });

function madeWithout(change: Partial<PodFacts> = {}): PodFacts {
  return { ...pending, uid: 'uid-left', name: 'left', isPrepared: false, ...change };
}

/** Names of pods that are told of at a first look. */
function found(
  pods: readonly PodFacts[],
  { namespace = 'unsaid' as NamespaceOptIn, acts = true, isLeader = true } = {},
): readonly string[] {
  const told: string[] = [];
  new UnpreparedPods({
    pods: () => pods,
    namespaceOptIn: () => namespace,
    acts: () => acts,
    isLeader: () => isLeader,
    onFound: ({ name }) => told.push(name),
  }).round();
  return told;
}

describe('pods that came in unprepared', () => {
  test.each([
    { what: 'an annotated pod that waits', pod: madeWithout() },
    { what: 'one of the same second', pod: madeWithout({ createdAtSeconds: 1000 }) },
    {
      what: 'one whose namespace has opted in',
      pod: madeWithout({ optIn: 'unsaid' }),
      namespace: 'enabled' as const,
    },
  ])('$what is told of', ({ pod, ...options }) => {
    expect(found([pod, PREPARED], options)).toEqual(['left']);
  });

  const { expectations: _none, ...withoutProfile } = madeWithout();
  test.each([
    { what: 'was prepared', pod: madeWithout({ isPrepared: true }) },
    { what: 'is placed', pod: madeWithout({ node: 'gpu-1' }) },
    { what: 'runs', pod: madeWithout({ phase: 'Running' }) },
    { what: 'ends', pod: madeWithout({ isTerminating: true }) },
    { what: 'has opted out', pod: madeWithout({ optIn: 'out' }) },
    { what: 'has not opted in', pod: madeWithout({ optIn: 'unsaid' }) },
    { what: 'is only observed', pod: madeWithout(), namespace: 'observe' as const },
    { what: 'is created while we observe', pod: madeWithout(), acts: false },
    { what: 'has devices without a profile', pod: withoutProfile },
    { what: 'is older than all that was prepared', pod: madeWithout({ createdAtSeconds: 999 }) },
    { what: 'came an hour after the last one', pod: madeWithout({ createdAtSeconds: 4601 }) },
    { what: 'is of another namespace', pod: madeWithout({ namespace: 'team-b' }) },
    { what: 'is for another replica to tell', pod: madeWithout(), isLeader: false },
  ])('nothing is told of one that $what', ({ pod, ...options }) => {
    expect(found([pod, PREPARED], options)).toEqual([]);
  });

  test('each is told of once, and counted as long as it waits', () => {
    const told: string[] = [];
    let pods = [PREPARED, madeWithout()];
    const unprepared = new UnpreparedPods({
      pods: () => pods,
      namespaceOptIn: () => 'unsaid',
      acts: () => true,
      isLeader: () => true,
      onFound: ({ name }) => told.push(name),
    });
    unprepared.round();
    unprepared.round();
    expect(told).toEqual(['left']);
    expect(unprepared.count).toBe(1);
    pods = [PREPARED];
    unprepared.round();
    expect(unprepared.count).toBe(0);
  });
});
