import { describe, expect, test } from 'vitest';
import { type Case, GUARDS, refusalOf } from '../../../extender/release/guards.ts';
import { releaseSchema } from '../../../extender/release/settings.ts';
import type { DeviceMatters } from '../../../webhook/words/device-matters.ts';
import { HOLD, RELEASE } from '../../../webhook/words/keys.ts';
import type { ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { EXPECTATIONS, makePodFacts } from '../../make/facts.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { makeRelease } from '../../make/release.ts';

const OWNED = {
  uid: 'uid-train-0',
  ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'train', controller: true }],
};

/** A pod of a Job that nothing keeps where it is. */
function makeCase(
  overrides: Partial<Case> = {},
  metadata: ObjectMeta = {},
  spec: Partial<PodSpec> = {},
): Case {
  return {
    kind: 'brokenDevice',
    how: 'evicting',
    isStill: true,
    isUnhealthy: true,
    othersRun: true,
    facts: makePodFacts(),
    pod: makePod({ metadata: { ...OWNED, ...metadata }, spec: { nodeName: 'gpu-1', ...spec } }),
    node: {},
    namespace: {},
    job: {},
    profile: makeProfile(),
    better: { node: 'gpu-2', gainSeconds: 7200 },
    releases: [],
    settings: releaseSchema.parse({
      apiVersion: 'config.surefoot.dev/v1alpha1',
      kind: 'Release',
    }),
    nowSeconds: 1000,
    ...overrides,
  };
}

const mattering = (deviceMatters: DeviceMatters) => ({
  facts: makePodFacts({ expectations: { ...EXPECTATIONS, deviceMatters } }),
});

const IGNORE = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] };
const ON_EXIT = { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [0, 42] } };
const ended = (phase: string) =>
  makePod({ metadata: OWNED, spec: { nodeName: 'gpu-1' }, status: { phase } });

const owned = (kind: string) => ({
  facts: makePodFacts({
    slot: { key: `a/${kind}/x/0`, workload: `a/${kind}/x`, interchangeable: false },
  }),
});

test('nothing speaks against a release that every guard lets pass', () => {
  expect(refusalOf(makeCase())).toBeUndefined();
});

describe('each guard', () => {
  const seen = new Set<string>();
  test.each<[guard: string, words: string, of: Case]>([
    ['changed', 'another pod has its name', makeCase({}, { uid: 'another' })],
    [
      'changed',
      'it is ending already',
      makeCase({}, { deletionTimestamp: '2026-11-30T00:00:00Z' }),
    ],
    ['changed', 'it is not on that node', makeCase({}, {}, { nodeName: 'gpu-5' })],
    ['changed', 'what was found does not stand any more', makeCase({ isStill: false })],
    ['changed', 'it is ending already', makeCase({ pod: ended('Succeeded') })],
    [
      'profile',
      'profile nvidia has release: off',
      makeCase({ profile: makeProfile({ release: 'off' }) }),
    ],
    ['profile', 'profile nvidia has release: brokenDevice', makeCase({ kind: 'crashLoop' })],
    [
      'optedOut',
      'its annotation surefoot.dev/release is "false"',
      makeCase({}, { annotations: { [RELEASE]: 'false' } }),
    ],
    [
      'deviceMatters',
      'it does without its device (device-matters: optional)',
      makeCase(mattering('optional')),
    ],
    [
      'deviceMatters',
      'it works on with a degraded device, and its kubelet calls none unhealthy (device-matters: degraded-ok)',
      makeCase({ ...mattering('degraded-ok'), isUnhealthy: false }),
    ],
    [
      'hold',
      'the annotation surefoot.dev/hold is on the pod',
      makeCase({}, { annotations: { [HOLD]: '' } }),
    ],
    [
      'hold',
      'the annotation surefoot.dev/hold is on its node',
      makeCase({ node: { annotations: { [HOLD]: 'me' } } }),
    ],
    [
      'hold',
      'the annotation surefoot.dev/hold is on its namespace',
      makeCase({ namespace: { annotations: { [HOLD]: 'me' } } }),
    ],
    [
      'owner',
      'it is a mirror pod: only its kubelet can end it',
      makeCase({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    ],
    [
      'owner',
      'nobody would make it anew: it has no controller',
      makeCase({}, { ownerReferences: [] }),
    ],
    ['owner', 'a DaemonSet would put it on the same node again', makeCase(owned('DaemonSet'))],
    [
      'owner',
      'release.yaml does not list JobSet, which may restart all of its pods for one',
      makeCase(owned('JobSet')),
    ],
    [
      'group',
      'it is one of a PodGroup, which is placed together',
      makeCase({}, {}, { schedulingGroup: {} }),
    ],
    [
      'group',
      'it is one of a group (jobset.sigs.k8s.io/jobset-name), whose controller restarts all of it',
      makeCase({}, { labels: { 'jobset.sigs.k8s.io/jobset-name': 'x' } }),
    ],
    [
      'order',
      'another pod of its StatefulSet does not run, and it may not be made anew before that does',
      makeCase({ ...owned('StatefulSet'), othersRun: false }),
    ],
    [
      'retries',
      'the failure policy of its Job may end all of the Job for it',
      makeCase({ job: { spec: { podFailurePolicy: { rules: [ON_EXIT, IGNORE] } } } }),
    ],
    [
      'retries',
      'the failure policy of its Job may end all of the Job for it',
      makeCase({
        job: { spec: { podFailurePolicy: { rules: [{ ...IGNORE, action: 'FailJob' }] } } },
      }),
    ],
    [
      'retries',
      'its Job has no retry left, and does not ignore disruptions',
      makeCase({ job: { spec: { backoffLimit: 2 }, status: { failed: 2 } } }),
    ],
    [
      'retries',
      'its Job counts failures by index, and would count this one; let it ignore disruptions',
      makeCase({ job: { spec: { backoffLimitPerIndex: 3 } } }),
    ],
    [
      'better',
      'nobody can tell whether another node would take it: it has to be spread',
      makeCase({ untold: 'it has to be spread' }),
    ],
    [
      'better',
      'the best other node, gpu-2, saves 300 s; minimumGain is 10 min',
      makeCase({ better: { node: 'gpu-2', gainSeconds: 300 } }),
    ],
    [
      'budget',
      'the budget of node gpu-1 is spent: 1 of 1 in 10 min',
      makeCase({ releases: [makeRelease({ uid: 'x', slot: 's', owner: 'o', atSeconds: 900 })] }),
    ],
  ])('%s: %s', (guard, words, of) => {
    seen.add(guard);
    expect(refusalOf(of)).toEqual({ guard, words });
  });

  test('has a case here', () => {
    expect([...seen].sort()).toEqual(Object.keys(GUARDS).sort());
  });

  test('an unhealthy device is enough for a pod that works on with a degraded one', () => {
    expect(refusalOf(makeCase(mattering('degraded-ok')))).toBeUndefined();
  });

  test('without a better node there is none', () => {
    const { better: _none, ...of } = makeCase();
    expect(refusalOf(of)?.words).toBe('no other node would take it now');
  });

  test('a Job that ignores disruptions needs no retry', () => {
    const rules = [IGNORE, ON_EXIT];
    const spec = { backoffLimit: 0, podFailurePolicy: { rules } };
    expect(refusalOf(makeCase({ job: { spec } }))).toBeUndefined();
  });
});
