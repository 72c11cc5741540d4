import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  type KubernetesObject,
  KubernetesObjectApi,
} from '@kubernetes/client-node';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../certs/make-once.ts';
import { INJECT, INJECTED, MANAGED } from '../../webhook/words/keys.ts';
import type { Toleration } from '../../webhook/words/pod.ts';
import { FULL_PROFILES } from '../make/full-profiles.ts';
import { makeJob } from '../make/job.ts';
import { makePod, type PodParts } from '../make/pod.ts';
import { sample } from '../samples.ts';
import { whileCreating } from './creating.ts';
import { eventually } from './eventually.ts';
import { useAlerts } from './prometheus.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';

/** Where Surefoot acts, and where it has nothing to do whatever an object says. */
const OURS = 'team';
const FOREIGN = 'kube-system';
const used = useBed({
  count: 2,
  gpus: 8,
  mode: 'act',
  profiles: FULL_PROFILES,
  admissionPlugins: ['PodTolerationRestriction'],
});
const alerts = useAlerts(used);
let raw: RawClient;
let objects: KubernetesObjectApi;

beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  objects = KubernetesObjectApi.makeApiClient(used.bed.admin);
  await used.hand.core.createNamespace({
    body: { metadata: { name: OURS, labels: { [INJECT]: 'enabled' } } },
  });
});

afterEach(async () => {
  await used.hand.core.deleteCollectionNamespacedPod({ namespace: OURS, gracePeriodSeconds: 0 });
});

const inOurs = ({ metadata, ...parts }: PodParts = {}) =>
  makePod({ ...parts, metadata: { ...metadata, namespace: OURS } });
const asked = async () =>
  sample(await used.bed.surefoot.webhookMetrics(), 'surefoot_admission_requests_total');
const dry = { dryRun: true };

describe('what never reaches the webhook', () => {
  test('pitfall 7: changes, resizes, ephemeral containers, evictions and bindings', async () => {
    const before = await asked();
    const created = await raw.create('pods', OURS, inOurs({ spec: { schedulerName: 'nobody' } }));
    expect(created.status).toBe(201);
    expect(await asked()).toBe(before + 1);

    const pod = `/api/v1/namespaces/${OURS}/pods/train`;
    const merge = 'application/merge-patch+json';
    const labelled = await raw.send('PATCH', pod, { metadata: { labels: { a: 'b' } } }, merge);
    const bound = await raw.send('POST', `${pod}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'train' },
      target: { kind: 'Node', name: 'gpu-1' },
    });
    const debugged = await raw.send(
      'PATCH',
      `${pod}/ephemeralcontainers`,
      { spec: { ephemeralContainers: [{ name: 'debug', image: 'a' }] } },
      'application/strategic-merge-patch+json',
    );
    const resized = await raw.send(
      'PATCH',
      `${pod}/resize`,
      { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } },
      'application/strategic-merge-patch+json',
    );
    const evicted = await raw.send('POST', `${pod}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'train', namespace: OURS },
    });
    const statuses = [labelled, bound, debugged, evicted].map(({ status }) => status);
    expect(statuses).toEqual([200, 201, 200, 201]);
    // A resize that changes the quality of service is refused; what counts is that nobody asked us.
    expect([200, 400, 422]).toContain(resized.status);
    expect(await asked()).toBe(before + 1);
  });

  test('pitfall 29: pods of kube-system; mirror pods (stand-in: the annotation, no kubelet reads a file)', async () => {
    const annotations = { 'surefoot.dev/profile': 'all' };
    const system = await raw.create(
      'pods',
      'kube-system',
      makePod({ metadata: { namespace: 'kube-system', annotations } }),
      dry,
    );
    expect(system.body.metadata.labels?.[MANAGED]).toBeUndefined();
    const mirror = await raw.create(
      'pods',
      OURS,
      inOurs({
        metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } },
        spec: { nodeName: 'gpu-1' },
      }),
      dry,
    );
    expect(mirror.status).toBe(201);
    expect(mirror.body.metadata.labels?.[MANAGED]).toBeUndefined();
  });

  test('pitfall 8: a quantity of zero, and annotations that are attacks, fetch nothing', async () => {
    const zero = { requests: { 'nvidia.com/gpu': '0' }, limits: { 'nvidia.com/gpu': '0' } };
    const attacks = ['*', 'all\n', '../all', 'all~1x', '{"key":""}', '__proto__'];
    const pods = [
      inOurs({ container: { resources: zero } }),
      ...attacks.map((attack) =>
        inOurs({ metadata: { annotations: { 'surefoot.dev/profile': attack } } }),
      ),
    ];
    for (const pod of pods) {
      const { status, body } = await raw.create('pods', OURS, pod, dry);
      expect(status).toBe(201);
      expect(keysOf(body.spec.tolerations)).not.toContain('nvidia.com/gpu');
      expect(body.spec.terminationGracePeriodSeconds).toBe(30);
    }
  });
});

describe('what is prepared like any other pod (hazard 29)', () => {
  test.each([
    { name: 'hostNetwork', spec: { hostNetwork: true } },
    { name: 'Windows', spec: { os: { name: 'windows' } } },
  ])('$name', async ({ spec }) => {
    const { body } = await raw.create(
      'pods',
      OURS,
      inOurs({ spec: spec as PodParts['spec'] & object }),
      dry,
    );
    expect(keysOf(body.spec.tolerations)).toContain('nvidia.com/gpu');
  });

  test('pods of a DaemonSet, made by the real controller', async () => {
    const { spec } = makePod();
    await used.bed.admin.makeApiClient(AppsV1Api).createNamespacedDaemonSet({
      namespace: OURS,
      body: {
        metadata: { name: 'probe' },
        spec: {
          selector: { matchLabels: { app: 'probe' } },
          template: {
            metadata: { labels: { app: 'probe' } },
            spec: {
              containers: [...spec.containers] as never,
              tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
            },
          },
        },
      },
    });
    const pod = await eventually('a pod of it', async () => {
      const { items } = await used.hand.core.listNamespacedPod({ namespace: OURS });
      return items[0];
    });
    expect(pod.metadata?.labels?.[MANAGED]).toBe('true');
    expect(pod.spec?.schedulerName).toBe('default-scheduler');
    await used.bed.admin
      .makeApiClient(AppsV1Api)
      .deleteNamespacedDaemonSet({ name: 'probe', namespace: OURS });
  });
});

describe('other webhooks', () => {
  test('pitfall 1: a patch that does not apply is an error in spite of Ignore, which is why ours are checked', async () => {
    const other = await OtherWebhook.start(() => [{ op: 'add', path: '/spec/nope/x', value: 1 }]);
    await other.register('mm-other', 'Never');
    try {
      await other.isAtWork();
      const { status, body } = await raw.create('pods', OURS, inOurs(), dry);
      expect(status).toBe(500);
      expect(body.message).toContain('nope');
    } finally {
      await other.stop();
    }
  });

  test.each([
    { name: 'before ours', configuration: 'aa-other' },
    { name: 'after ours', configuration: 'zzz-other' },
  ])(
    'pitfall 2: one that appends tolerations $name, called again or not: each of ours is there once',
    async ({ configuration }) => {
      const other = await OtherWebhook.start((pod) =>
        keysOf(pod.spec.tolerations).includes('other')
          ? []
          : [
              {
                op: 'add',
                path: '/spec/tolerations/0',
                value: { key: 'other', operator: 'Exists' },
              },
            ],
      );
      await other.register(configuration, 'IfNeeded');
      try {
        await other.isAtWork();
        const { body } = await raw.create('pods', OURS, inOurs(), dry);
        const keys = keysOf(body.spec.tolerations);
        expect(keys.filter((key) => key === 'nvidia.com/gpu')).toHaveLength(1);
        expect(keys.filter((key) => key === 'other')).toHaveLength(1);
        const lost = body.spec.tolerations.filter(({ key = '' }: Toleration) =>
          key.startsWith('node.kubernetes.io/'),
        );
        expect(lost.map(({ tolerationSeconds }: Toleration) => tolerationSeconds)).toEqual([
          900, 900,
        ]);
        expect(body.spec.terminationGracePeriodSeconds).toBe(120);
      } finally {
        await other.stop();
      }
    },
  );

  test('pitfall 18: an overloaded answer without Retry-After costs one call, and the pod goes through', async () => {
    const other = await OtherWebhook.start(() => 'overloaded');
    await other.register('mm-other', 'Never');
    try {
      await other.isAtWork();
      const before = other.calls;
      const { status } = await raw.create('pods', OURS, inOurs(), dry);
      expect(status).toBe(201);
      expect(other.calls).toBe(before + 1);
    } finally {
      await other.stop();
    }
  });
});

describe('versions of AdmissionReview', () => {
  test('pitfall 5: ours asks for v1; asked in v1beta1 it says so, patches nothing, and the pod goes through', async () => {
    const api = used.bed.admin.makeApiClient(AdmissionregistrationV1Api);
    const { items } = await api.listMutatingWebhookConfiguration();
    const [ours] = items;
    if (ours === undefined) throw new Error('our registration is missing');
    const versions = (ours.webhooks ?? []).map((entry) => entry.admissionReviewVersions);
    expect(versions).toEqual(versions.map(() => ['v1']));
    const malformed = async () =>
      sample(await used.bed.surefoot.webhookMetrics(), 'surefoot_admission_requests_total', {
        result: 'malformed',
      });
    const asking = async (admissionReviewVersions: string[]) => {
      const name = ours.metadata?.name ?? '';
      const current = await api.readMutatingWebhookConfiguration({ name });
      for (const entry of current.webhooks ?? []) {
        entry.admissionReviewVersions = admissionReviewVersions;
      }
      await api.replaceMutatingWebhookConfiguration({ name, body: current });
    };
    await asking(['v1beta1']);
    try {
      const before = await malformed();
      await eventually('the API server to ask in v1beta1', async () => {
        const { status } = await raw.create('pods', OURS, inOurs(), dry);
        expect(status).toBe(201);
        return (await malformed()) > before;
      });
      const { body } = await raw.create('pods', OURS, inOurs(), dry);
      expect(body.metadata.annotations?.[INJECTED]).toBeUndefined();
      await whileCreating(raw, 20, async () => {
        expect(await alerts.fires('SurefootWebhookFails')).toContain('100% of the reviews');
      });
    } finally {
      await asking(['v1']);
    }
    await eventually('the API server to ask in v1 again', async () => {
      const { body } = await raw.create('pods', OURS, inOurs(), dry);
      return body.metadata.annotations?.[INJECTED] !== undefined;
    });
  });
});

describe('who judges after us', () => {
  test('pitfall 11: the restricted Pod Security Standard and a quota judge as they would without us', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    for (const [name, inject] of [
      ['strict-with', { [INJECT]: 'enabled' }],
      ['strict-without', {}],
    ] as const) {
      await used.hand.core.createNamespace({
        body: { metadata: { name, labels: { ...labels, ...inject } } },
      });
      await used.hand.core.createNamespacedResourceQuota({
        namespace: name,
        body: { metadata: { name: 'q' }, spec: { hard: { 'requests.nvidia.com/gpu': '4' } } },
      });
    }
    const restricted = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    };
    const container = {
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    };
    const pods = [
      { spec: restricted, container },
      { spec: restricted },
      { spec: { ...restricted, hostNetwork: true }, container },
      { spec: restricted, container: { ...container, resources: gpus(8) } },
    ];
    const verdicts = async (namespace: string) => {
      const found: number[] = [];
      for (const parts of pods) {
        const pod = makePod({ ...(parts as PodParts), metadata: { namespace } });
        await eventually('the quota to be reckoned', async () => {
          const quota = await used.hand.core.readNamespacedResourceQuota({ name: 'q', namespace });
          return quota.status?.hard !== undefined;
        });
        found.push((await raw.create('pods', namespace, pod, dry)).status);
      }
      return found;
    };
    expect(await verdicts('strict-with')).toEqual([201, 403, 403, 403]);
    expect(await verdicts('strict-without')).toEqual([201, 403, 403, 403]);
  });

  test('pitfall 11: PodTolerationRestriction refuses a pod for a toleration of ours, unless webhook.yaml names the namespace', async () => {
    const namespace = 'restricted';
    await used.hand.core.createNamespace({
      body: {
        metadata: {
          name: namespace,
          labels: { [INJECT]: 'enabled' },
          annotations: {
            'scheduler.alpha.kubernetes.io/tolerationsWhitelist': JSON.stringify([
              { operator: 'Exists', effect: 'NoExecute' },
              { operator: 'Exists', key: 'node.kubernetes.io/memory-pressure' },
            ]),
          },
        },
      },
    });
    const verdict = async (annotations: Record<string, string> = {}) => {
      const pod = makePod({ metadata: { namespace, annotations } });
      const { status, body } = await raw.create('pods', namespace, pod, dry);
      return { status, said: String(body.message ?? ''), annotations: body.metadata?.annotations };
    };
    expect((await verdict({ [INJECT]: 'false' })).status).toBe(201);
    expect(await verdict()).toMatchObject({
      status: 500, // the plugin returns a bare error; a refusal all the same
      said: expect.stringContaining('conflict with its namespace'),
    });
    await used.bed.surefoot.setWebhook('tolerationsRestrictedIn', [namespace]);
    const { status, annotations } = await verdict();
    expect(status).toBe(201);
    expect(JSON.parse(annotations[INJECTED])).toMatchObject({
      declined: expect.arrayContaining([
        expect.objectContaining({ code: 'TolerationsRestricted' }),
      ]),
    });
  });

  beforeAll(async () => {
    await objects.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'tenant' },
      rules: [
        { apiGroups: [''], resources: ['namespaces'], verbs: ['*'] },
        {
          apiGroups: ['surefoot.dev'],
          resources: ['devicehistories', 'devicehistories/status'],
          verbs: ['create', 'update', 'patch', 'get'],
        },
      ],
    } as KubernetesObject);
    await objects.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'tenant' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'tenant' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'tenant' }],
    } as KubernetesObject);
  });

  test('pitfall 10: the opt-in label is set and removed only by those who may opt-in', async () => {
    const label = (user: string | undefined, value: string | null) =>
      raw.send(
        'PATCH',
        `/api/v1/namespaces/${OURS}?dryRun=All`,
        { metadata: { labels: { [INJECT]: value } } },
        'application/merge-patch+json',
        user,
      );
    const refused = await eventually('the guard to be at work', async () => {
      const answer = await label('tenant', null);
      // 403: the API server does not know the tenant's role yet.
      return answer.status !== 200 && answer.status !== 403 && answer;
    });
    expect(refused.status).toBe(422);
    expect(refused.body.message).toContain(
      'the label surefoot.dev/inject may be changed only by those who may opt-in namespaces',
    );
    expect((await label('tenant', 'observe')).status).toBe(422);
    expect((await label('tenant', 'enabled')).status).toBe(200);
    expect((await label(undefined, null)).status).toBe(200);
  });

  test('histories are written only by those who may keep them; whoever may patch one may ask to forgive', async () => {
    const path = '/apis/surefoot.dev/v1alpha1/devicehistories';
    const forged = {
      apiVersion: 'surefoot.dev/v1alpha1',
      kind: 'DeviceHistory',
      metadata: { name: 'forged' },
    };
    const refused = await eventually('the guard to be at work', async () => {
      const answer = await raw.send('POST', `${path}?dryRun=All`, forged, undefined, 'tenant');
      // 403: the API server does not know the tenant's role yet.
      return answer.status !== 201 && answer.status !== 403 && answer;
    });
    expect(refused.status).toBe(422);
    expect(refused.body.message).toContain('only who may keep devicehistories');
    expect((await raw.send('POST', path, forged)).status).toBe(201);
    const patch = (part: string, body: object) =>
      raw.send('PATCH', `${path}/forged${part}`, body, 'application/merge-patch+json', 'tenant');
    const status = { status: { form: 2, host: 'uuid:forged', node: 'gpu-1' } };
    expect((await patch('/status', status)).status).toBe(422);
    const mark = { metadata: { annotations: { 'surefoot.dev/forgive': '{"reason":"swapped"}' } } };
    expect((await patch('', mark)).status).toBe(200);
    await raw.send('DELETE', `${path}/forged`);
  });
});

describe('Jobs (hazard 30)', () => {
  test('one with OnFailure, one with a policy of its own, and one of a JobSet stay as they are', async () => {
    const policy = {
      rules: [{ action: 'Count', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    };
    const jobs = [
      makeJob({ podSpec: { restartPolicy: 'OnFailure' } }),
      makeJob({ spec: { podFailurePolicy: policy, podReplacementPolicy: 'Failed' } }),
      makeJob({ template: { labels: { 'jobset.sigs.k8s.io/jobset-name': 's' } } }),
    ];
    for (const job of jobs) {
      const { status, body } = await raw.create('jobs', OURS, withoutNamespace(job), dry);
      expect(status).toBe(201);
      expect(body.metadata.annotations?.[INJECTED]).toBeUndefined();
      expect(body.spec.podFailurePolicy).toEqual(
        job.spec.podFailurePolicy === undefined ? undefined : policy,
      );
    }
  });

  test('a prepared one warns of its price, and can be changed, suspended and resumed like any other', async () => {
    const created = await raw.create(
      'jobs',
      OURS,
      withoutNamespace(makeJob({ spec: { suspend: true } as object })),
    );
    expect(created.status, JSON.stringify(created.body)).toBe(201);
    expect(created.body.spec).toMatchObject({
      podReplacementPolicy: 'Failed',
      backoffLimitPerIndex: 3,
      backoffLimit: 2_147_483_647,
    });
    expect(created.warnings).toContain('Surefoot: with podReplacementPolicy Failed');
    const job = `/apis/batch/v1/namespaces/${OURS}/jobs/train`;
    const merge = 'application/merge-patch+json';
    // As Kueue admits a Job: scheduling directives while it is suspended, and then it is resumed.
    const steps = [
      { spec: { template: { spec: { nodeSelector: { 'bed.surefoot.dev/gpu': 'true' } } } } },
      { spec: { suspend: false } },
      { spec: { parallelism: 2 } },
      { spec: { suspend: true } },
      { spec: { backoffLimit: 10 } },
    ];
    for (const step of steps) {
      const { status, body } = await raw.send('PATCH', job, step, merge);
      expect(status, JSON.stringify(body)).toBe(200);
    }
    await raw.send('DELETE', `${job}?propagationPolicy=Background`);
  });
});

describe('pitfall 32: GitOps (stand-in: server-side apply by kubectl’s rules; no Argo CD or Flux runs here)', () => {
  const applied = (path: string, object: object) =>
    raw.send(
      'PATCH',
      `${path}?fieldManager=gitops&force=true`,
      object,
      'application/apply-patch+yaml',
    );

  test('a Deployment is as it was written, and its template has the same hash as elsewhere', async () => {
    const { containers } = makePod().spec;
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      },
    };
    const hashes: string[] = [];
    for (const namespace of [OURS, FOREIGN]) {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
      const once = await applied(path, deployment);
      expect(once.status).toBe(201);
      const hash = await eventually('its ReplicaSet', async () => {
        const replicaSets = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
        const { body } = await raw.send('GET', `${replicaSets}?labelSelector=app%3Dweb`);
        return body.items[0]?.metadata.labels['pod-template-hash'] as string | undefined;
      });
      hashes.push(hash);
      const again = await applied(path, deployment);
      expect(again.body.metadata.generation).toBe(1);
      await raw.send('DELETE', path);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test('a bare Job can be applied again, and its user’s fields stay the user’s', async () => {
    const path = `/apis/batch/v1/namespaces/${OURS}/jobs/train`;
    const { spec } = withoutNamespace(makeJob());
    const { backoffLimit: _limit, podReplacementPolicy: _policy, ...own } = spec;
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'train' },
      spec: { ...own, parallelism: 0 },
    };
    const once = await applied(path, job);
    expect(once.body.spec.podReplacementPolicy).toBe('Failed');
    expect((await applied(path, job)).status).toBe(200);
    const changed = await applied(path, { ...job, spec: { ...job.spec, parallelism: 1 } });
    expect(changed.status, JSON.stringify(changed.body)).toBe(200);
    expect(changed.body.spec.podFailurePolicy.rules).toHaveLength(2);
    await raw.send('DELETE', `${path}?propagationPolicy=Background`);
  });

  test('a Job whose user wrote podReplacementPolicy is left alone, because applying it again would fail', async () => {
    const path = `/apis/batch/v1/namespaces/${OURS}/jobs/train`;
    const { spec } = withoutNamespace(makeJob());
    const { backoffLimit: _limit, ...own } = spec;
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'train' }, spec: own };
    const once = await applied(path, job);
    expect(once.body.spec.podReplacementPolicy).toBe('TerminatingOrFailed');
    expect((await applied(path, job)).status).toBe(200);
    await raw.send('DELETE', `${path}?propagationPolicy=Background`);
  });
});

test('what Helm 3 creates tells nothing of its user: a chart that writes the default cannot be upgraded', async () => {
  const jobs = `/apis/batch/v1/namespaces/${OURS}/jobs`;
  const { spec } = withoutNamespace(makeJob());
  const { backoffLimit: _limit, podReplacementPolicy: _policy, ...own } = spec;
  const upgraded = async (written: object) => {
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'chart' } };
    const made = await raw.send('POST', jobs, { ...job, spec: { ...own, ...written } });
    expect(made.body.spec.podReplacementPolicy).toBe('Failed');
    // What Helm 3 sends: the fields of the chart that differ from those of the cluster.
    const patch = { metadata: { labels: { revision: '2' } }, spec: written };
    const { status, body } = await raw.send(
      'PATCH',
      `${jobs}/chart`,
      patch,
      'application/strategic-merge-patch+json',
    );
    await raw.send('DELETE', `${jobs}/chart?propagationPolicy=Background`);
    await eventually('the Job to be gone', async () =>
      (await raw.send('GET', `${jobs}/chart`)).status === 404 ? true : undefined,
    );
    return { status, message: body.message };
  };
  expect((await upgraded({})).status).toBe(200);
  const refused = await upgraded({ podReplacementPolicy: 'TerminatingOrFailed' });
  expect(refused.status).toBe(422);
  expect(refused.message).toContain('spec.podReplacementPolicy: Unsupported value');
  // The way out that docs/limits.md names.
  expect((await upgraded({ podReplacementPolicy: 'Failed' })).status).toBe(200);
});

test('pitfall 39: a webhook that is starved of CPU is slow, and wakes somebody', async () => {
  await alerts.fall();
  await whileCreating(raw, 100, () =>
    used.bed.surefoot.starvingWebhook(async () => {
      expect(await alerts.fires('SurefootWebhookSlow')).toMatch(/takes longer than \d+(\.\d+)?m?s/);
    }),
  );
  await whileCreating(raw, 20, () => alerts.fall());
});

test('pitfall 12: a number beyond 2^53 comes through untouched', async () => {
  const pod = inOurs({
    spec: {
      tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 7 }],
    },
  });
  const { text: answer } = await raw.sendText(
    'POST',
    `/api/v1/namespaces/${OURS}/pods?dryRun=All`,
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...pod }).replace(
      '"tolerationSeconds":7',
      '"tolerationSeconds":9007199254740993',
    ),
  );
  expect(answer).toContain('"tolerationSeconds":9007199254740993');
  expect(answer).toContain(MANAGED);
});

function keysOf(tolerations: readonly Toleration[] | undefined): readonly string[] {
  return (tolerations ?? []).map(({ key = '' }) => key);
}

function gpus(count: number) {
  const quantities = { 'nvidia.com/gpu': String(count) };
  return { requests: quantities, limits: quantities };
}

function withoutNamespace(job: ReturnType<typeof makeJob>) {
  const { namespace: _namespace, ...metadata } = job.metadata;
  return { ...job, metadata };
}

type OtherPatch = readonly object[] | 'overloaded';

/** A webhook of somebody else for pods, on this machine, with a certificate of its own. */
class OtherWebhook {
  calls = 0;
  readonly #server: Server;
  readonly #caBundle: string;
  #name = '';

  private constructor(server: Server, caBundle: string) {
    this.#server = server;
    this.#caBundle = caBundle;
  }

  static async start(
    patchFor: (pod: { spec: { tolerations?: readonly Toleration[] } }) => OtherPatch,
  ): Promise<OtherWebhook> {
    const tlsDir = join(used.bed.directory, 'other-tls');
    await makeCertificates({ tlsDir, hosts: ['127.0.0.1'], now: new Date() });
    const read = (name: string) => readFile(join(tlsDir, name), 'utf8');
    const server = createServer({ cert: await read('tls.crt'), key: await read('tls.key') });
    const other = new OtherWebhook(server, Buffer.from(await read('ca.crt')).toString('base64'));
    server.on('request', async (request, response) => {
      other.calls += 1;
      const { request: review } = JSON.parse(await text(request));
      const patch = patchFor(review.object);
      if (patch === 'overloaded') {
        response.writeHead(503).end();
        return;
      }
      const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
      response.setHeader('Content-Type', 'application/json').end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: review.uid, allowed: true, patchType: 'JSONPatch', patch: encoded },
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return other;
  }

  async register(name: string, reinvocationPolicy: 'Never' | 'IfNeeded'): Promise<void> {
    this.#name = name;
    const { port } = this.#server.address() as AddressInfo;
    await used.bed.admin
      .makeApiClient(AdmissionregistrationV1Api)
      .createMutatingWebhookConfiguration({
        body: {
          metadata: { name },
          webhooks: [
            {
              name: 'other.example.com',
              clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: this.#caBundle },
              namespaceSelector: { matchLabels: { [INJECT]: 'enabled' } },
              rules: [
                {
                  operations: ['CREATE'],
                  apiGroups: [''],
                  apiVersions: ['v1'],
                  resources: ['pods'],
                },
              ],
              failurePolicy: 'Ignore',
              reinvocationPolicy,
              sideEffects: 'None',
              timeoutSeconds: 2,
              admissionReviewVersions: ['v1'],
            },
          ],
        },
      });
  }

  /** The API server takes up a new configuration a moment later. */
  async isAtWork(): Promise<void> {
    await eventually('the other webhook to be called', async () => {
      await raw.create('pods', OURS, inOurs(), dry);
      return this.calls > 0;
    });
  }

  async stop(): Promise<void> {
    await used.bed.admin
      .makeApiClient(AdmissionregistrationV1Api)
      .deleteMutatingWebhookConfiguration({ name: this.#name });
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    const before = this.calls;
    await eventually('the API server to have forgotten it', async () => {
      const { status } = await raw.create('pods', OURS, inOurs(), dry);
      return status === 201 && this.calls === before;
    });
  }
}
