import { describe, expect, test } from 'vitest';
import { homeGate } from '../../../webhook/rules/home-gate.ts';
import { HOME_GATE, JOB_INDEX, WAIT_FOR_HOME } from '../../../webhook/words/keys.ts';
import type { ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const WAITING = makeProfile({ waitForHome: '60s', schedulerName: 'surefoot-scheduler' });
const OWNER = { apiVersion: 'batch/v1', kind: 'Job', name: 'train', controller: true };
const INDEXED: ObjectMeta = { annotations: { [JOB_INDEX]: '3' }, ownerReferences: [OWNER] };
const GATED = [
  'may wait 60s for its own node',
  '/spec/schedulingGates = []',
  `/spec/schedulingGates/- = {"name":"${HOME_GATE}"}`,
];
const not = (why: string) => [`NotGated: it does not wait for its own node: ${why}`];

describe('the gate', () => {
  const rows: readonly {
    name: string;
    metadata?: ObjectMeta;
    spec?: Partial<PodSpec>;
    rules: readonly string[];
  }[] = [
    { name: 'is for a numbered pod of a Job', rules: GATED },
    {
      name: 'comes beside another one',
      spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] },
      rules: [GATED[0] as string, GATED[2] as string],
    },
    { name: 'comes once', spec: { schedulingGates: [{ name: HOME_GATE }] }, rules: [] },
    {
      name: 'is for less, where the pod says so',
      metadata: { ...INDEXED, annotations: { [JOB_INDEX]: '3', [WAIT_FOR_HOME]: '10s' } },
      rules: ['may wait 10s for its own node', ...GATED.slice(1)],
    },
    {
      name: 'is for no more than the profile says',
      metadata: { ...INDEXED, annotations: { [JOB_INDEX]: '3', [WAIT_FOR_HOME]: '4m' } },
      rules: GATED,
    },
    {
      name: 'is not for a pod that does not want to wait',
      metadata: { ...INDEXED, annotations: { [JOB_INDEX]: '3', [WAIT_FOR_HOME]: '0s' } },
      rules: [],
    },
    {
      name: 'is not for a bare pod',
      metadata: {},
      rules: not('it has no controller, so nobody makes it anew'),
    },
    {
      name: 'is not for a DaemonSet',
      metadata: { ownerReferences: [{ ...OWNER, apiVersion: 'apps/v1', kind: 'DaemonSet' }] },
      rules: not('a DaemonSet has chosen its node'),
    },
    {
      name: 'is not for replicas',
      metadata: { ownerReferences: [{ ...OWNER, apiVersion: 'apps/v1', kind: 'ReplicaSet' }] },
      rules: not('its owner does not number its pods'),
    },
    {
      name: 'is not for a pod with a node',
      spec: { nodeName: 'gpu-1' },
      rules: not('it is on a node already'),
    },
    {
      name: 'is not for a PodGroup',
      spec: { schedulingGroup: { podGroupName: 'train' } },
      rules: not('its PodGroup is placed as a whole'),
    },
    {
      name: 'is for the profile’s own scheduler',
      spec: { schedulerName: 'surefoot-scheduler' },
      rules: GATED,
    },
    {
      name: 'is not for a scheduler that may not know gates',
      spec: { schedulerName: 'volcano' },
      rules: not('nobody knows whether scheduler volcano honours scheduling gates'),
    },
  ];
  test.each(rows)('$name', ({ metadata = INDEXED, spec = {}, rules }) => {
    expect(ruled(homeGate(makePod({ metadata, spec }), WAITING, undefined))).toEqual(rules);
  });

  test('is added only while somebody can lift it', () => {
    const pod = makePod({ metadata: INDEXED });
    const why = 'no extender has said yet that it can lift its gate';
    expect(ruled(homeGate(pod, WAITING, why))).toEqual(not(why));
  });

  test('is added for profiles that say so only', () => {
    const pod = makePod({ metadata: INDEXED });
    expect(ruled(homeGate(pod, makeProfile(), undefined))).toEqual([]);
    expect(() => makeProfile({ waitForHome: '6m' })).toThrow(/at most 5m/);
  });
});
