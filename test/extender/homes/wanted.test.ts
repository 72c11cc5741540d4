import { describe, expect, test } from 'vitest';
import {
  OWNER_KINDS,
  type OwnerFacts,
  type OwnerObject,
  ownerFacts,
} from '../../../extender/facts/owners.ts';
import { isWanted } from '../../../extender/homes/wanted.ts';

const kindOf = (kind: string) => {
  const found = OWNER_KINDS.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(kind);
  return found;
};
const facts = (kind: string, object: Omit<OwnerObject, 'metadata'>): OwnerFacts =>
  ownerFacts(
    { metadata: { namespace: 'team-a', name: 'train', uid: 'u' }, ...object },
    kindOf(kind),
  );
const slot = (kind: string, place?: string) => {
  const workload = `team-a/${kind}/train`;
  return place === undefined
    ? { key: workload, workload, interchangeable: true }
    : { key: `${workload}/${place}`, workload, interchangeable: false };
};

describe('a place is wanted', () => {
  const indexed = { completionMode: 'Indexed', completions: 8, parallelism: 8 };
  test.each([
    {
      name: 'of a Job that runs',
      kind: 'Job',
      object: { spec: indexed },
      place: '3',
      wanted: true,
    },
    {
      name: 'of a Job that is suspended, which may go on',
      kind: 'Job',
      object: { spec: { ...indexed, suspend: true } },
      place: '3',
      wanted: true,
    },
    {
      name: 'no more of a Job that is complete',
      kind: 'Job',
      object: { spec: indexed, status: { conditions: [{ type: 'Complete', status: 'True' }] } },
      place: '3',
      wanted: false,
    },
    {
      name: 'of a Job that has not failed yet',
      kind: 'Job',
      object: { spec: indexed, status: { conditions: [{ type: 'Failed', status: 'False' }] } },
      place: '3',
      wanted: true,
    },
    {
      name: 'no more of an index that is done',
      kind: 'Job',
      object: { spec: indexed, status: { completedIndexes: '0,2-4' } },
      place: '3',
      wanted: false,
    },
    {
      name: 'of the index beside those that are done',
      kind: 'Job',
      object: { spec: indexed, status: { completedIndexes: '0,2-4' } },
      place: '5',
      wanted: true,
    },
    {
      name: 'no more of an index that has failed for good',
      kind: 'Job',
      object: { spec: indexed, status: { completedIndexes: '4', failedIndexes: '3' } },
      place: '3',
      wanted: false,
    },
    {
      name: 'no more of an index beyond the completions',
      kind: 'Job',
      object: { spec: indexed },
      place: '8',
      wanted: false,
    },
    {
      name: 'of an ordinal of a StatefulSet',
      kind: 'StatefulSet',
      object: { spec: { replicas: 3 } },
      place: 'train-2',
      wanted: true,
    },
    {
      name: 'no more of one that was scaled away',
      kind: 'StatefulSet',
      object: { spec: { replicas: 2 } },
      place: 'train-2',
      wanted: false,
    },
    {
      name: 'of ordinals that begin at five',
      kind: 'StatefulSet',
      object: { spec: { replicas: 2, ordinals: { start: 5 } } },
      place: 'train-6',
      wanted: true,
    },
    {
      name: 'of a group of a LeaderWorkerSet, whichever worker',
      kind: 'LeaderWorkerSet',
      object: { spec: { replicas: 2 } },
      place: '1.7',
      wanted: true,
    },
    {
      name: 'no more of a group that was scaled away',
      kind: 'LeaderWorkerSet',
      object: { spec: { replicas: 1 } },
      place: '1.7',
      wanted: false,
    },
    {
      name: 'of a JobSet that restarts',
      kind: 'JobSet',
      object: { spec: {} },
      place: 'workers/0.12',
      wanted: true,
    },
    {
      name: 'of a JobSet that is suspended, which may go on',
      kind: 'JobSet',
      object: { spec: { suspend: true } },
      place: 'workers/0.12',
      wanted: true,
    },
    {
      name: 'no more of a JobSet that was suspended after it had failed',
      kind: 'JobSet',
      object: {
        spec: { suspend: true },
        status: { conditions: [{ type: 'Failed', status: 'True' }] },
      },
      place: 'workers/0.12',
      wanted: false,
    },
  ])('$name', ({ kind, object, place, wanted }) => {
    expect(isWanted(facts(kind, object), slot(kind, place), 0)).toBe(wanted);
  });

  test('of a slot that its pod names, whatever number is in the name', () => {
    const owner = facts('StatefulSet', { spec: { replicas: 1 } });
    const named = { ...slot('StatefulSet', 'model-7'), isNamed: true };
    expect(isWanted(owner, named, 0)).toBe(true);
    expect(isWanted({ ...owner, isOver: 'complete' }, named, 0)).toBe(false);
  });

  test('of one more pod than its replicas while a Deployment rolls out', () => {
    const rolling = facts('Deployment', { spec: { replicas: 2 }, status: { updatedReplicas: 1 } });
    expect(isWanted(rolling, slot('Deployment'), 2)).toBe(true);
    expect(isWanted(rolling, slot('Deployment'), 3)).toBe(false);
  });

  test.each([
    { bound: 4, wanted: true },
    { bound: 5, wanted: false },
    { bound: 6, wanted: false },
  ])('of a Deployment of five with $bound pods on nodes: $wanted', ({ bound, wanted }) => {
    const owner = facts('Deployment', { spec: { replicas: 5 } });
    expect(isWanted(owner, slot('Deployment'), bound)).toBe(wanted);
  });
});
