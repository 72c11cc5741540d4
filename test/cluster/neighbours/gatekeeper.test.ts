import { beforeAll, expect, test } from 'vitest';
import { GPU } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { GATEKEEPER } from './controllers.ts';
import { Neighbour } from './neighbour.ts';

const GRACE_SECONDS = 240;
const used = useBed({ count: 2, gpus: 8, mode: 'act' });
let gatekeeper: Neighbour;

beforeAll(async () => {
  gatekeeper = await Neighbour.install(used.bed, GATEKEEPER);
  await gatekeeper.apply(TEMPLATE, ...MUTATIONS);
  await gatekeeper.apply(NOT_EVERYTHING);
  await eventually('the policy to be in force', async () => (await refusalOf('probe')) !== '', {
    timeoutSeconds: 60,
  });
  // A pod that came in before them could not be changed afterwards: they would change it, too.
  await eventually('its mutations to be in force', async () => {
    const dryRun = { namespace: 'default', body: pod('probe'), dryRun: 'All' };
    const { spec } = await used.hand.core.createNamespacedPod(dryRun);
    return spec?.terminationGracePeriodSeconds === GRACE_SECONDS;
  });
});

const KIND = 'NotEverything';
/** A policy of a cluster: no pod may tolerate every taint. */
const TEMPLATE = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: KIND.toLowerCase() },
  spec: {
    crd: { spec: { names: { kind: KIND } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: `package noteverything
violation[{"msg": msg}] {
  some i
  toleration := input.review.object.spec.tolerations[i]
  not toleration.key
  msg := "it tolerates every taint"
}`,
      },
    ],
  },
};
const NOT_EVERYTHING = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: KIND,
  metadata: { name: 'no-pod' },
  spec: { match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }], namespaces: ['default'] } },
};
const OF_PODS = { applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }] };
/** It writes what ours would write, too. */
const MUTATIONS = [
  {
    apiVersion: 'mutations.gatekeeper.sh/v1',
    kind: 'Assign',
    metadata: { name: 'grace' },
    spec: {
      ...OF_PODS,
      location: 'spec.terminationGracePeriodSeconds',
      parameters: { assign: { value: GRACE_SECONDS } },
    },
  },
  {
    apiVersion: 'mutations.gatekeeper.sh/v1',
    kind: 'ModifySet',
    metadata: { name: 'tolerations' },
    spec: {
      ...OF_PODS,
      location: 'spec.tolerations',
      parameters: {
        operation: 'merge',
        values: { fromList: [{ key: GPU, operator: 'Exists', effect: 'NoSchedule' }] },
      },
    },
  },
];

/** Why a pod that tolerates everything is refused; empty where it is not. */
async function refusalOf(name: string): Promise<string> {
  const body = pod(name);
  Object.assign(body.spec ?? {}, { tolerations: [{ operator: 'Exists' }] });
  return used.hand.core.createNamespacedPod({ namespace: 'default', body, dryRun: 'All' }).then(
    () => '',
    (error: Error) => error.message,
  );
}

/** What becomes of a pod that both prepare. */
async function prepared(name: string) {
  await used.hand.createPod(pod(name));
  const { spec } = await used.hand.runningPod(name);
  return {
    graceSeconds: spec?.terminationGracePeriodSeconds,
    tolerations: (spec?.tolerations ?? []).filter(({ key }) => key === GPU),
  };
}

const BOTH_AS_ONE = {
  graceSeconds: GRACE_SECONDS,
  tolerations: [{ key: GPU, operator: 'Exists', effect: 'NoSchedule' }],
};

test('its policies judge what ours have prepared, and let it pass', async () => {
  expect(await refusalOf('everything')).toContain('it tolerates every taint');
  expect(await prepared('judged')).toEqual(BOTH_AS_ONE);
});

test('its mutations are called after ours: each of them is there once, and its grace stays', async () => {
  await gatekeeper.goBehindOurs();
  expect(await prepared('behind')).toEqual(BOTH_AS_ONE);
});
