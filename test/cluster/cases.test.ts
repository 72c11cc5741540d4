import { setTimeout as sleep } from 'node:timers/promises';
import {
  CustomObjectsApi,
  type KubernetesObject,
  KubernetesObjectApi,
  type V1Pod,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';

import { CRASH, REJECTED } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

/** What people reported, on a real control plane; the same inputs without one are in test/cases. */

const PROFILES = `
apiVersion: config.surefoot.dev/v1alpha1
kind: Profiles
profiles:
  - name: nvidia
    devices: [nvidia.com/gpu]
    tolerations:
      - { key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }
  - name: claims
    resourceClaims: true
`;
const used = useBed({ count: 8, gpus: 8, mode: 'act', profiles: PROFILES });
/** A home lives as long as its pod ran. */
const RUN_MS = 12_000;
let raw: RawClient;

beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  await eventually('the extender to keep the history', async () => {
    return (await used.bed.surefoot.signals()).keepsHistory;
  });
});

const failed = (name: string) =>
  eventually(`${name} to have failed`, async () => {
    const found = await used.hand.pod(name);
    return found.status?.phase === 'Failed' && found;
  });

async function gone(name: string): Promise<void> {
  await used.hand.deletePod(name, 0);
  await eventually(`${name} to be gone`, async () => {
    return (await used.hand.pods()).every(({ metadata }) => metadata?.name !== name);
  });
}

async function runsAgain(body: V1Pod): Promise<string> {
  await used.hand.createPod(body);
  return nodeOf(await used.hand.runningPod(body.metadata?.name ?? ''));
}

describe('a pod that owns pods', () => {
  const on = (body: V1Pod, node: string): V1Pod => ({
    ...body,
    spec: {
      containers: [],
      ...body.spec,
      nodeSelector: { 'kubernetes.io/hostname': node },
    },
  });

  test('has a home of its own, and they have theirs', async () => {
    const driver = await used.hand.createPod(on(pod('driver'), 'gpu-1'));
    const { uid = '' } = driver.metadata ?? {};
    const owned = (name: string): V1Pod => {
      const body = pod(name);
      const owner = { apiVersion: 'v1', kind: 'Pod', name: 'driver', uid, controller: true };
      return { ...body, metadata: { ...body.metadata, ownerReferences: [owner] } };
    };
    await used.hand.createPod(on(owned('worker-1'), 'gpu-2'));
    await used.hand.createPod(on(owned('worker-2'), 'gpu-3'));
    const names = ['worker-1', 'worker-2', 'driver'];
    for (const name of names) await used.hand.runningPod(name);
    await sleep(RUN_MS);
    for (const name of names) {
      await used.hand.annotatePod(await used.hand.pod(name), { [CRASH]: '1' });
      await failed(name);
    }

    const workers = [await runsAgain(owned('worker-3')), await runsAgain(owned('worker-4'))];
    expect(workers.sort()).toEqual(['gpu-2', 'gpu-3']);
    await gone('driver');
    expect(await runsAgain(pod('driver'))).toBe('gpu-1');
  });
});

describe('a refusal in the words of a plugin', () => {
  test('is a fault of the node, which is not the home of the slot any more', async () => {
    const home = await runsAgain(pod('tune'));
    await sleep(RUN_MS);
    await used.hand.annotatePod(await used.hand.pod('tune'), { [CRASH]: '1' });
    await failed('tune');
    await gone('tune');
    const message =
      'Pod was rejected: Allocate failed due to device plugin GetPreferredAllocation rpc failed with err: rpc error: code = Unknown desc = cannot list the devices: handle of device 3: GPU is lost, which is unexpected';
    await used.hand.createPod(pod('tune', { annotations: { [REJECTED]: message } }));
    expect(nodeOf(await failed('tune'))).toBe(home);
    const incident = await eventually('the incident', async () => {
      return (await used.bed.surefoot.node(home))?.incidents[0];
    });
    expect(incident).toMatchObject({ class: 'fatal' });
    await gone('tune');

    expect(await runsAgain(pod('tune'))).not.toBe(home);
    const decision = await used.bed.surefoot.decisionFor('tune');
    const words = decision?.forecasts.find(({ node }) => node === home)?.words;
    expect(words).not.toContain('home: the same slot ran here');
  });
});

describe('devices of dynamic resource allocation', () => {
  const DRIVER = 'gpu.example.com';
  const NODES = ['gpu-5', 'gpu-6', 'gpu-7'];
  const uuidOf = (node: string) => `GPU-0000000${node.at(-1)}-0000-4000-8000-000000000000`;
  const make = (object: object) =>
    KubernetesObjectApi.makeApiClient(used.bed.admin).create(object as KubernetesObject);
  const claiming = (): V1Pod => {
    const { metadata, spec } = pod('claimer', { gpus: 0, profile: 'claims' });
    const [container] = spec?.containers ?? [];
    return {
      metadata: metadata ?? {},
      spec: {
        ...spec,
        resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one-gpu' }],
        containers: [{ name: 'main', ...container, resources: { claims: [{ name: 'gpu' }] } }],
        tolerations: [{ operator: 'Exists' }],
      },
    };
  };

  beforeAll(async () => {
    await make({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'DeviceClass',
      metadata: { name: DRIVER },
      spec: {
        selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }],
        extendedResourceName: 'example.com/gpu',
      },
    });
    await make({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'one-gpu', namespace: 'default' },
      spec: {
        spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: DRIVER } }] } },
      },
    });
    for (const nodeName of NODES) {
      await make({
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceSlice',
        metadata: { name: `${nodeName}-${DRIVER}` },
        spec: {
          driver: DRIVER,
          nodeName,
          pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
          devices: [{ name: 'gpu-0', attributes: { uuid: { string: uuidOf(nodeName) } } }],
        },
      });
    }
  });

  test('a device that the status of a pod calls unhealthy is the one of the slice, and is avoided', async () => {
    const broken = await runsAgain(claiming());
    expect(NODES).toContain(broken);
    await sleep(RUN_MS);
    const { metadata } = await used.hand.pod('claimer');
    const claims = await used.bed.admin.makeApiClient(CustomObjectsApi).listNamespacedCustomObject({
      group: 'resource.k8s.io',
      version: 'v1',
      namespace: 'default',
      plural: 'resourceclaims',
    });
    const [claim] = (claims as { items: { metadata: { uid: string } }[] }).items;
    const resourceID = `k8s.${DRIVER}/claim=${claim?.metadata.uid}-gpu-0`;
    const ended = { exitCode: 1, reason: 'Error' };
    const allocatedResourcesStatus = [
      { name: 'claim:gpu', resources: [{ resourceID, health: 'Unhealthy' }] },
    ];
    const status = (phase: string, state: object) => ({
      status: {
        phase,
        containerStatuses: [
          {
            name: 'main',
            image: 'i',
            imageID: '',
            ready: false,
            restartCount: 0,
            allocatedResourcesStatus,
            state,
          },
        ],
      },
    });
    const at = `/api/v1/namespaces/default/pods/${metadata?.name}/status`;
    const patch = async (body: object) =>
      (await raw.send('PATCH', at, body, 'application/merge-patch+json')).status;
    const startedAt = new Date().toISOString();
    expect(await patch(status('Running', { running: { startedAt } }))).toBe(200);
    expect(await patch(status('Failed', { terminated: ended }))).toBe(200);

    const incidents = await eventually('the incident', async () => {
      const found = (await used.bed.surefoot.node(broken))?.incidents ?? [];
      return found.length > 0 && found;
    });
    expect(incidents).toMatchObject([{ device: uuidOf(broken) }]);
    await gone('claimer');
    expect(await runsAgain(claiming())).not.toBe(broken);
    const decision = await used.bed.surefoot.decisionFor('claimer');
    expect(decision?.forecasts.find(({ node }) => node === broken)?.words).toContain(
      `the kubelet reports the device as unhealthy, on ${uuidOf(broken)}`,
    );
  });

  /** Implied resources are behind a gate that is off before 1.36. */
  const hasImplied = (process.env.SUREFOOT_KUBERNETES ?? '1.37') !== '1.35';
  test.runIf(hasImplied)('an implied resource is prepared as a claim, and runs', async () => {
    const body = claiming();
    const limits = { [`deviceclass.resource.kubernetes.io/${DRIVER}`]: '1' };
    const implied: V1Pod = {
      metadata: { ...body.metadata, name: 'implied' },
      spec: {
        ...body.spec,
        resourceClaims: [],
        containers: [{ name: 'main', image: 'i', resources: { limits } }],
      },
    };
    const { body: answer, warnings } = await raw.create('pods', 'default', implied);
    expect(warnings).not.toContain('Surefoot');
    expect(Object.keys(answer.metadata.annotations)).toContain('surefoot.dev/injected');
    expect(NODES).toContain(nodeOf(await used.hand.runningPod('implied')));
  });
});
