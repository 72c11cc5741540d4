import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdmissionregistrationV1Api, AppsV1Api, CoreV1Api } from '@kubernetes/client-node';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Applier } from './apply.ts';
import { eventually } from './eventually.ts';
import { RawClient } from './raw.ts';
import { objectsIn, Renderers } from './render.ts';
import { Rotation } from './rotation.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const NAMESPACE = 'surefoot-system';
const used = useBed({
  count: 5,
  gpus: 8,
  mode: 'act',
  tainted: false,
  labels: (name) => (name === 'gpu-1' ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
});
let applier: Applier;
let renderers: Renderers;
let applied = '';

beforeAll(async () => {
  renderers = await Renderers.ready();
  applier = new Applier(used.bed.admin);
  await applier.apply(await readFile(join(import.meta.dirname, 'stand-in-kinds.yaml'), 'utf8'));
  // There it is called by URL; an entry has one or the other.
  await used.bed.admin
    .makeApiClient(AdmissionregistrationV1Api)
    .deleteMutatingWebhookConfiguration({ name: 'zz-surefoot' });
});

afterEach(() => removed(applied));

/** Removes what was applied, and waits until the namespace is gone, too. */
async function removed(text: string): Promise<void> {
  await applier.remove(text);
  const core = used.bed.admin.makeApiClient(CoreV1Api);
  await eventually(
    'the namespace to be gone',
    async () => {
      const { items } = await core.listNamespace();
      return !items.some(({ metadata }) => metadata?.name === NAMESPACE);
    },
    { timeoutSeconds: 60 },
  );
}

/** Applies, first in vain and then for real, and waits until every pod that it asks for is there and runs. */
async function installed(text: string): Promise<void> {
  applied = text;
  await applier.apply(text);
  // Once its namespace is there, a rendering can be tried whole.
  await applier.apply(text, { dryRun: true });
  const apps = used.bed.admin.makeApiClient(AppsV1Api);
  const wanted = objectsIn(text).filter(({ kind }) => ['Deployment', 'DaemonSet'].includes(kind));
  expect(wanted.length).toBeGreaterThanOrEqual(2);
  for (const { kind, metadata } of wanted) {
    const at = { namespace: NAMESPACE, name: metadata.name };
    await eventually(
      `${kind} ${metadata.name} to have its pods`,
      async () => {
        if (kind === 'DaemonSet') {
          const { status } = await apps.readNamespacedDaemonSet(at);
          return status?.desiredNumberScheduled === 1 && status.currentNumberScheduled === 1;
        }
        const { spec, status } = await apps.readNamespacedDeployment(at);
        const refused = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
        if (refused?.status === 'True') throw new Error(refused.message);
        return status?.replicas === spec?.replicas && status?.updatedReplicas === spec?.replicas;
      },
      { timeoutSeconds: 30 },
    );
  }
}

const KUSTOMIZED = [
  { directory: 'base', components: [] },
  { directory: 'default', components: [] },
  { directory: 'default', components: ['act', 'high-availability', 'prometheus'] },
  { directory: 'default', components: ['cert-manager'] },
  { directory: 'base', components: ['hints'] },
  { directory: 'base', components: ['cluster-scheduler-loopback'] },
  { directory: 'base', components: ['cluster-scheduler-https'] },
];
const CHARTED = [
  { set: [] },
  { set: ['mode=act', 'highAvailability.enabled=true', 'certManager.enabled=true'] },
  {
    set: [
      'scheduler.enabled=false',
      'webhook.port=10250',
      'prometheus.podMonitor.enabled=true',
      'prometheus.rules.enabled=true',
      'prometheus.dashboard.enabled=true',
    ],
  },
];
/** Helm leaves the namespace to its user; so it is here. */
const NAMESPACE_TEXT = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${NAMESPACE}\n  labels: { pod-security.kubernetes.io/enforce: restricted }\n---\n`;

describe('every rendering is taken by a real API server, and its pods by the namespace’s policy (stand-in: kwok runs them, and cert-manager’s and Prometheus’ kinds have no schema)', () => {
  test.each(KUSTOMIZED)('kustomize $directory $components', async ({ directory, components }) => {
    await installed(await renderers.kustomize(directory, components));
  });

  test.each(CHARTED)('helm $set', async ({ set }) => {
    await installed(NAMESPACE_TEXT + (await renderers.helm(set)));
  });
});

test('pitfall 28: with Fail and nothing of ours running only device pods that opted in wait, and deleted it blocks none', async () => {
  const raw = await RawClient.for(used.bed);
  await installed(NAMESPACE_TEXT + (await renderers.helm(['webhook.failurePolicy=Fail'])));
  const create = async (object: object) =>
    (await raw.create('pods', 'default', object, { dryRun: true })).status;
  const device = pod('device');
  const { metadata: _opted, ...plain } = pod('plain');
  // Behind the Service there is nobody: kwok's pods listen nowhere.
  await eventually('the entries to be called', async () => (await create(device)) === 500);
  expect(await create({ ...plain, metadata: { name: 'plain' } })).toBe(201);
  await applier.remove(applied);
  await eventually('nothing to be called', async () => (await create(device)) === 201);
});

test('Helm installs, upgrades and uninstalls it: the caBundle stays, and afterwards only the kind of the histories', async () => {
  const { bed } = used;
  const core = bed.admin.makeApiClient(CoreV1Api);
  const admission = bed.admin.makeApiClient(AdmissionregistrationV1Api);
  applied = NAMESPACE_TEXT + (await renderers.helm());
  // Helm takes nothing over that others have made.
  await removed(await renderers.kustomize('default'));
  await core.createNamespace({
    body: {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
  });
  const helm = (command: 'install' | 'upgrade' | 'uninstall', ...args: readonly string[]) =>
    renderers.helmOn(
      bed.plane.kubeconfigPath('admin'),
      command,
      'surefoot',
      ...(command === 'uninstall' ? [] : [renderers.chart]),
      '--wait',
      '--timeout=60s',
      ...args,
    );
  expect(await helm('install')).toContain('in mode observe');

  const name = 'zz-surefoot';
  const bundles = async () =>
    (await admission.readMutatingWebhookConfiguration({ name })).webhooks?.map(
      ({ clientConfig }) => clientConfig.caBundle,
    );
  // The bed's certificates program finds its Secret empty, and goes to work.
  const rotation = new Rotation(bed);
  await eventually('the bundles to be there', () => rotation.isSettled(), { timeoutSeconds: 60 });
  const before = await bundles();
  expect(before).toHaveLength(6);
  expect(await helm('upgrade', '--set=mode=act')).toContain('in mode act');
  expect(await bundles()).toEqual(before);
  const { data } = await core.readNamespacedConfigMap({ name: 'surefoot', namespace: NAMESPACE });
  expect(data?.['surefoot.yaml']).toMatch(/^mode: act$/m);

  await helm('uninstall');
  expect(await applier.present(await renderers.helm())).toEqual([
    'CustomResourceDefinition devicehistories.surefoot.dev',
  ]);
  await helm('install');
  await helm('uninstall');
});

test('images.txt names every image, for sites without a way out', async () => {
  const named = (await readFile(join(import.meta.dirname, '../../manifests/images.txt'), 'utf8'))
    .trim()
    .split('\n');
  const text = await renderers.kustomize('default', ['act', 'high-availability', 'prometheus']);
  const images = new Set([...text.matchAll(/^ +image: (.+)$/gm)].map(([, image]) => image));
  expect([...images].toSorted()).toEqual(named.toSorted());
});
