import fc from 'fast-check';
import type { Job } from '../../webhook/words/job.ts';
import type { Pod } from '../../webhook/words/pod.ts';

/**
 * Pods and Jobs of every odd shape that the API server takes: missing parents, nulls, empty lists,
 * fields of later versions, claims, sidecars, probes, huge quantities, tolerations of every kind.
 * As sent by a client: nothing is defaulted yet.
 */

/** A field that may be missing, or null, which the API takes for missing. */
function odd<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof(
    { weight: 5, arbitrary: value },
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

/** Without the fields that are not there: on the wire there is no undefined. */
function present<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

const deviceName = fc.constantFrom(
  'nvidia.com/gpu',
  'nvidia.com/gpu.shared',
  'nvidia.com/mig-1g.5gb',
  'amd.com/gpu',
  'google.com/tpu',
  'example.com/fuse',
);
const quantity = fc.constantFrom('1', '8', '0', '0e3', '1k', '1000m', '9007199254740993', '1e2');
const resources = fc
  .tuple(
    fc.uniqueArray(deviceName, { minLength: 1, maxLength: 2 }),
    fc.oneof({ weight: 2, arbitrary: fc.constant('1') }, { weight: 1, arbitrary: quantity }),
    fc.constantFrom('both', 'both', 'limits', 'none'),
    fc.boolean(),
  )
  .map(([names, count, where, hasCpu]) => {
    const devices = Object.fromEntries(names.map((name) => [name, count]));
    const cpu = hasCpu ? { cpu: '500m' } : {};
    if (where === 'none') return hasCpu ? { requests: cpu } : {};
    const limits = { ...devices, ...cpu };
    return where === 'both' ? { requests: { ...limits }, limits } : { limits };
  });
const probe = fc
  .tuple(odd(fc.integer({ min: 1, max: 120 })), fc.boolean())
  .map(([terminationGracePeriodSeconds, isSlow]) =>
    present({
      exec: { command: ['true'] },
      terminationGracePeriodSeconds,
      ...(isSlow && { periodSeconds: 30 }),
    }),
  );

function container(name: string): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({
      resources: odd(resources),
      livenessProbe: odd(probe),
      startupProbe: odd(probe),
      ports: fc.constantFrom(undefined, [], null),
      env: fc.constantFrom(undefined, [{ name: 'A', value: '__proto__' }]),
      aFieldOfLater: fc.constantFrom(undefined, { a: 1 }),
    })
    .map((rest) => present({ name, image: 'registry.example/a:1', ...rest }));
}

const containers = fc
  .integer({ min: 1, max: 3 })
  .chain((count) =>
    fc.tuple(...Array.from({ length: count }, (_none, index) => container(`c${index}`))),
  );
const initContainers = fc.constantFrom(0, 1, 2).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_none, index) =>
      fc
        .tuple(container(`i${index}`), fc.boolean())
        .map(([{ livenessProbe, startupProbe, ...rest }, isSidecar]) =>
          // Only sidecars may have probes.
          isSidecar
            ? present({ ...rest, livenessProbe, startupProbe, restartPolicy: 'Always' })
            : rest,
        ),
    ),
  ),
);

const tolerationKey = fc.constantFrom(
  'nvidia.com/gpu',
  'sku',
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
);
const toleration = fc.oneof(
  tolerationKey.map((key) => ({ key, operator: 'Exists' })),
  tolerationKey.map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
  tolerationKey.map((key) => ({ key, operator: 'Equal', value: 'present', effect: 'NoSchedule' })),
  tolerationKey.map((key) => ({ key, value: 'x' })),
  fc
    .tuple(tolerationKey, fc.constantFrom(0, 60, 300, 9_007_199_254_740_991))
    .map(([key, tolerationSeconds]) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds,
    })),
  fc.constant({ operator: 'Exists' }),
  // Refused unless a gate is on; with or without us.
  tolerationKey.map((key) => ({ key, operator: 'Gt', value: '3', effect: 'NoSchedule' })),
);

const hazardTerm = {
  weight: 3,
  preference: {
    matchExpressions: [{ key: 'surefoot.dev/hazard', operator: 'NotIn', values: ['high'] }],
  },
};
const zoneTerm = {
  weight: 50,
  preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] },
};
const nodeAffinity = fc
  .record({
    preferredDuringSchedulingIgnoredDuringExecution: odd(
      fc.constantFrom([], [zoneTerm], [zoneTerm, hazardTerm]),
    ),
    requiredDuringSchedulingIgnoredDuringExecution: fc.constantFrom(undefined, null, {
      nodeSelectorTerms: [zoneTerm.preference],
    }),
  })
  .map(present);
const affinity = fc
  .record({ nodeAffinity: odd(nodeAffinity), podAffinity: fc.constantFrom(undefined, null, {}) })
  .map(present);

const podSpec = (restartPolicy: fc.Arbitrary<string | undefined>) =>
  fc
    .record({
      containers,
      initContainers: odd(initContainers),
      tolerations: odd(fc.array(toleration, { maxLength: 4 })),
      terminationGracePeriodSeconds: odd(fc.constantFrom(0, 5, 30, 60, 3600, 2 ** 53)),
      restartPolicy,
      schedulerName: fc.constantFrom(undefined, 'default-scheduler', 'volcano', ''),
      resourceClaims: fc.constantFrom(
        undefined,
        null,
        [],
        [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }],
      ),
      affinity: odd(affinity),
      hostNetwork: fc.constantFrom(undefined, true),
      os: fc.constantFrom(undefined, { name: 'windows' }, { name: 'linux' }),
      aFieldOfLater: fc.constantFrom(undefined, []),
    })
    .map(present);

const annotations = fc
  .record({
    'surefoot.dev/profile': fc.constantFrom(
      undefined,
      undefined,
      'nvidia',
      'all',
      'x/y~z',
      '\n',
      '*',
    ),
    'surefoot.dev/inject': fc.constantFrom(undefined, undefined, undefined, 'false', 'no'),
    'surefoot.dev/injected': fc.constantFrom(undefined, undefined, '{}'),
    'surefoot.dev/checkpoint': fc.constantFrom(undefined, '10m', '-1s', '9999999h'),
    'example.com/other': fc.constantFrom(undefined, '', '{"a":1}'),
  })
  .map(present);
const labels = fc
  .record({
    app: fc.constantFrom(undefined, 'train'),
    'surefoot.dev/managed': fc.constantFrom(undefined, undefined, 'true', 'false'),
    'ray.io/cluster': fc.constantFrom(undefined, undefined, 'c'),
  })
  .map(present);
const metadata = fc
  .record({
    labels: odd(labels),
    annotations: odd(annotations),
    ownerReferences: fc.constantFrom(undefined, null, []),
  })
  .map(present);

/** A pod as a client sends it. */
export const anyPod: fc.Arbitrary<Pod> = fc
  .tuple(
    metadata,
    fc.constantFrom({ name: 'p' }, { generateName: 'p-' }),
    podSpec(fc.constantFrom(undefined, 'Always', 'OnFailure', 'Never')),
  )
  .map(([meta, name, spec]) => ({ metadata: { ...name, ...meta }, spec }) as unknown as Pod);

const IGNORE = {
  action: 'Ignore',
  onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
};

/** A Job as a client sends it. It starts no pod. */
export const anyJob: fc.Arbitrary<Job> = fc
  .tuple(
    metadata,
    fc
      .record({
        completionMode: fc.constantFrom(undefined, 'Indexed', 'NonIndexed'),
        backoffLimit: odd(fc.constantFrom(0, 6, 10)),
        backoffLimitPerIndex: fc.constantFrom(undefined, undefined, 1, null),
        podReplacementPolicy: fc.constantFrom(
          undefined,
          undefined,
          'TerminatingOrFailed',
          'Failed',
        ),
        podFailurePolicy: fc.oneof(
          { weight: 5, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.constantFrom(null, { rules: [] }, { rules: [IGNORE] }) },
        ),
        managedBy: fc.oneof(
          { weight: 5, arbitrary: fc.constant(undefined) },
          {
            weight: 1,
            arbitrary: fc.constantFrom('kubernetes.io/job-controller', 'example.com/other'),
          },
        ),
        suspend: fc.constantFrom(undefined, true, false),
        activeDeadlineSeconds: fc.constantFrom(undefined, 60),
      })
      .map(present),
    odd(metadata.map(({ ownerReferences: _, ...rest }) => rest)),
    podSpec(fc.constantFrom('OnFailure', 'Never', 'Never', 'Never')),
  )
  .map(([meta, spec, template, pod]) => {
    const isIndexed = spec.completionMode === 'Indexed';
    return {
      metadata: { name: 'j', ...meta },
      spec: {
        parallelism: 0,
        ...(isIndexed && { completions: 3 }),
        ...spec,
        template: present({ metadata: template, spec: pod }),
      },
    } as unknown as Job;
  });

/** What the API server fills in before it asks a webhook, as far as our rules look at it. */
export function defaultedPod(pod: Pod): Pod {
  const { terminationGracePeriodSeconds, tolerations, restartPolicy, ...spec } = pod.spec;
  const held = tolerations ?? [];
  const lost = ['not-ready', 'unreachable'].filter(
    (state) =>
      !held.some(
        ({ key, effect }) =>
          (!key || key === `node.kubernetes.io/${state}`) && (!effect || effect === 'NoExecute'),
      ),
  );
  return {
    ...pod,
    spec: {
      ...spec,
      terminationGracePeriodSeconds: terminationGracePeriodSeconds ?? 30,
      restartPolicy: restartPolicy ?? 'Always',
      tolerations: [
        ...held,
        ...lost.map((state) => ({
          key: `node.kubernetes.io/${state}`,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        })),
      ],
    },
  };
}

export function defaultedJob(job: Job): Job {
  const { backoffLimit, podReplacementPolicy, podFailurePolicy } = job.spec;
  return {
    ...job,
    spec: {
      ...job.spec,
      completionMode: job.spec.completionMode ?? 'NonIndexed',
      backoffLimit: backoffLimit ?? 6,
      podReplacementPolicy:
        podReplacementPolicy ?? (podFailurePolicy == null ? 'TerminatingOrFailed' : 'Failed'),
    },
  };
}
