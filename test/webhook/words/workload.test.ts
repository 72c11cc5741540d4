import { describe, expect, test } from 'vitest';
import type { ObjectMeta } from '../../../webhook/words/pod.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import { makePod } from '../../make/pod.ts';

const owned = (kind: string, name: string, rest: ObjectMeta = {}): ObjectMeta => ({
  name: 'pod-x',
  ownerReferences: [{ kind, name, controller: true }],
  ...rest,
});

describe('slotOf', () => {
  const rows: readonly { name: string; metadata: ObjectMeta; key: string; any: boolean }[] = [
    { name: 'a bare pod is its own slot', metadata: {}, key: 'team-a/Pod/train', any: false },
    {
      name: 'a slot longer than any name is none',
      metadata: { annotations: { 'surefoot.dev/slot': 'x'.repeat(254) } },
      key: 'team-a/Pod/train',
      any: false,
    },
    {
      name: 'a Job index',
      metadata: owned('Job', 'j', {
        annotations: { 'batch.kubernetes.io/job-completion-index': '3' },
      }),
      key: 'team-a/Job/j/3',
      any: false,
    },
    {
      name: 'a Job without indexes is interchangeable',
      metadata: owned('Job', 'j'),
      key: 'team-a/Job/j',
      any: true,
    },
    {
      name: 'a StatefulSet ordinal',
      metadata: owned('StatefulSet', 'db'),
      key: 'team-a/StatefulSet/db/pod-x',
      any: false,
    },
    {
      name: 'a ReplicaSet stands for its Deployment, across rollouts',
      metadata: owned('ReplicaSet', 'web-5f7c', { labels: { 'pod-template-hash': '5f7c' } }),
      key: 'team-a/Deployment/web',
      any: true,
    },
    {
      name: 'a ReplicaSet of its own',
      metadata: owned('ReplicaSet', 'web-5f7c'),
      key: 'team-a/ReplicaSet/web-5f7c',
      any: true,
    },
    {
      name: 'a slot named by hand stays within namespace and owner',
      metadata: owned('Job', 'j', { annotations: { 'surefoot.dev/slot': '../../x' } }),
      key: 'team-a/Job/j/../../x',
      any: false,
    },
    {
      name: 'an owner that is no controller does not count',
      metadata: { ownerReferences: [{ kind: 'Job', name: 'j' }] },
      key: 'team-a/Pod/train',
      any: false,
    },
  ];
  test.each(rows)('$name', ({ metadata, key, any }) => {
    const slot = slotOf(makePod({ metadata }));
    expect(slot).toMatchObject({ key, interchangeable: any });
    expect(key.startsWith(slot.workload)).toBe(true);
    expect(slot.workload.split('/')).toHaveLength(3);
  });
});
