import { RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawRequest } from '../../certs/cluster/raw-request.ts';
import { podWriter } from '../../extender/gates/pod-writer.ts';
import { HOME_GATE } from '../../webhook/words/keys.ts';
import type { PodSpec } from '../../webhook/words/pod.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY = 'application/apply-patch+yaml';
const QUOTA = 'example.com/quota';
const WITHOUT_OURS = { schedulingGates: [{ $patch: 'delete', name: HOME_GATE }] };
const OPTED_OUT = { 'surefoot.dev/inject': 'false' };
const PATH = '/api/v1/namespaces/default/pods';

const used = useBed({ count: 1, gpus: 8, mode: 'act', isAsked: false });

/** What the policy leaves of all rights there are: the account gets every one of them here. */
beforeAll(async () => {
  await used.bed.surefoot.waitForHome('60s');
  await used.bed.admin.makeApiClient(RbacAuthorizationV1Api).createClusterRoleBinding({
    body: {
      metadata: { name: 'everything-for-the-extender' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'cluster-admin',
      },
      subjects: [
        { kind: 'ServiceAccount', name: 'surefoot-extender', namespace: 'surefoot-system' },
      ],
    },
  });
  // Nobody else is to lift what the tests want to see waiting.
  await used.bed.surefoot.killExtender();
});

async function waiting(name: string, gates: readonly string[], spec: Partial<PodSpec> = {}) {
  const body = pod(name, { gpus: 1, annotations: OPTED_OUT, profile: undefined });
  const schedulingGates = gates.map((gate) => ({ name: gate }));
  Object.assign(body.spec ?? {}, { schedulingGates, ...spec });
  await used.hand.createPod(body);
}

beforeEach(async () => {
  await waiting('ours', [HOME_GATE]);
  await waiting('both', [QUOTA, HOME_GATE]);
  await waiting('theirs', [QUOTA]);
});

const asExtender = (method: string, path: string, contentType: string, body: object) =>
  rawRequest(
    used.bed.plane.kubeConfig('extender'),
    method,
    path === '' ? PATH : `${PATH}/${path}`,
    {
      contentType,
      body,
    },
  );

interface Try {
  readonly name: string;
  readonly path: string;
  readonly type?: string;
  readonly body: object;
  readonly method?: string;
}

describe('what the extender may do to pods, whatever rights it has', () => {
  const allowed: readonly Try[] = [
    { name: 'nominates', path: 'ours/status', body: { status: { nominatedNodeName: 'gpu-1' } } },
    {
      name: 'nominates beside another gate',
      path: 'both/status',
      body: { status: { nominatedNodeName: 'gpu-1' } },
    },
    { name: 'lifts', path: 'ours', type: STRATEGIC, body: { spec: WITHOUT_OURS } },
    { name: 'lifts its own of two', path: 'both', type: STRATEGIC, body: { spec: WITHOUT_OURS } },
    { name: 'lifts by a merge', path: 'ours', body: { spec: { schedulingGates: null } } },
    {
      name: 'lifts by a JSON patch',
      path: 'both',
      type: JSON_PATCH,
      body: [{ op: 'remove', path: '/spec/schedulingGates/1' }],
    },
    {
      name: 'takes a nomination back that is not there',
      path: 'theirs/status',
      body: { status: { nominatedNodeName: null } },
    },
  ];
  test.each(allowed)('it $name', async ({ path, type = MERGE, body }) => {
    const { status, text } = await asExtender('PATCH', path, type, body);
    expect(status, text).toBe(200);
  });

  const denied: readonly Try[] = [
    {
      name: 'an image',
      path: 'ours',
      body: [{ op: 'replace', path: '/spec/containers/0/image', value: 'x' }],
      type: JSON_PATCH,
    },
    {
      name: 'a toleration',
      path: 'ours',
      type: JSON_PATCH,
      body: [{ op: 'add', path: '/spec/tolerations/-', value: { key: 'a', operator: 'Exists' } }],
    },
    { name: 'a node selector', path: 'ours', body: { spec: { nodeSelector: { zone: 'a' } } } },
    {
      name: 'an affinity',
      path: 'ours',
      body: {
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
              },
            },
          },
        },
      },
    },
    { name: 'a deadline', path: 'ours', body: { spec: { activeDeadlineSeconds: 5 } } },
    { name: 'a label', path: 'ours', body: { metadata: { labels: { a: 'b' } } } },
    { name: 'an annotation', path: 'ours', body: { metadata: { annotations: { a: 'b' } } } },
    { name: 'a finalizer', path: 'ours', body: { metadata: { finalizers: ['a.example/b'] } } },
    {
      name: 'an owner',
      path: 'ours',
      body: {
        metadata: {
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'gpu-1', uid: 'a' }],
        },
      },
    },
    {
      name: 'a label through status',
      path: 'ours/status',
      body: { metadata: { labels: { a: 'b' } } },
    },
    {
      name: 'an annotation through status',
      path: 'ours/status',
      body: { metadata: { annotations: { a: 'b' } } },
    },
    {
      name: 'a finalizer through status',
      path: 'ours/status',
      body: { metadata: { finalizers: ['a.example/b'] } },
    },
    {
      name: 'a label with a lift',
      path: 'ours',
      type: STRATEGIC,
      body: { metadata: { labels: { a: 'b' } }, spec: WITHOUT_OURS },
    },
    { name: 'another gate', path: 'theirs', body: { spec: { schedulingGates: null } } },
    { name: 'both gates', path: 'both', body: { spec: { schedulingGates: null } } },
    {
      name: 'the other of two gates',
      path: 'both',
      type: STRATEGIC,
      body: { spec: { schedulingGates: [{ $patch: 'delete', name: QUOTA }] } },
    },
    {
      name: 'a pod that has not its gate',
      path: 'theirs/status',
      body: { status: { nominatedNodeName: 'gpu-1' } },
    },
    { name: 'a phase', path: 'ours/status', body: { status: { phase: 'Failed' } } },
    {
      name: 'a condition',
      path: 'ours/status',
      type: STRATEGIC,
      body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    },
    {
      name: 'an address',
      path: 'ours/status',
      body: { status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } },
    },
    {
      name: 'a message with a nomination',
      path: 'ours/status',
      body: { status: { nominatedNodeName: 'gpu-1', message: 'a' } },
    },
    {
      name: 'a label, applied',
      path: 'ours?fieldManager=x&force=true',
      type: APPLY,
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ours', labels: { a: 'b' } } },
    },
    {
      name: 'a container to debug with',
      path: 'ours/ephemeralcontainers',
      type: STRATEGIC,
      body: { spec: { ephemeralContainers: [{ name: 'a', image: 'b' }] } },
    },
    { name: 'resources', path: 'ours/resize', body: { spec: {} } },
    {
      name: 'a binding',
      method: 'POST',
      path: 'theirs/binding',
      type: 'application/json',
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'theirs' },
        target: { kind: 'Node', name: 'gpu-1' },
      },
    },
    {
      name: 'an eviction',
      method: 'POST',
      path: 'ours/eviction',
      type: 'application/json',
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'ours', namespace: 'default' },
      },
    },
    { name: 'a deletion', method: 'DELETE', path: 'ours', type: 'application/json', body: {} },
    {
      name: 'a creation',
      method: 'POST',
      path: '',
      type: 'application/json',
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'new' },
        spec: { containers: [{ name: 'a', image: 'b' }] },
      },
    },
  ];
  test.each(denied)(
    'nothing else: $name',
    async ({ method = 'PATCH', path, type = MERGE, body }) => {
      const { status, text } = await asExtender(method, path, type, body);
      expect(text).toMatch(/the lifter /);
      expect(status).toBe(403);
    },
  );

  test('its own writer lifts one gate of two, and one that was just nominated', async () => {
    const writer = podWriter(used.bed.plane.kubeConfig('extender'));
    const seen = async (name: string) => {
      const { metadata = {} } = await used.hand.pod(name);
      const { uid = '', resourceVersion = '', namespace = '' } = metadata;
      return { uid, resourceVersion, namespace, name };
    };
    await writer.lift(await seen('both'));
    expect((await used.hand.pod('both')).spec?.schedulingGates).toEqual([{ name: QUOTA }]);
    const before = await seen('ours');
    const nominated = await writer.nominate(before, 'gpu-1');
    await expect(writer.lift(before)).rejects.toMatchObject({ status: 409 });
    await writer.lift(nominated);
    await expect(
      writer.lift({ ...nominated, uid: 'another' }, { anyVersion: true }),
    ).rejects.toThrow();
    expect((await writer.tryForbidden(before)).text).toMatch('the lifter changes no metadata');
  });

  test('everybody else is judged by their own rights', async () => {
    await used.hand.annotatePod(await used.hand.pod('ours'), { a: 'b' });
  });
});
