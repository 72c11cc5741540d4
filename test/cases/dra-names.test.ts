import { describe, expect, test } from 'vitest';
import type { ResourceClaim, ResourceSlice } from '../../extender/facts/dra.ts';
import { claimAsKept, sliceAsKept } from '../../extender/facts/dra.ts';
import { podFacts } from '../../extender/facts/pods.ts';
import { named } from '../../extender/prioritize/wire.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { makeNode } from '../make/facts.ts';
import { makeIngest } from '../make/ingest.ts';
import { makeProfile } from '../make/profile.ts';

/**
 * One device of dynamic resource allocation has three names: in slices and claims `driver/pool/device` and its uuid, in
 * the status of a pod the request of its claim and a CDI name.
 */

const DRIVER = 'gpu.example.com';
const DRA = makeProfile({ name: 'dra', devices: ['example.com/none'], resourceClaims: true });
const uuidOf = (index: number) => `GPU-0000000${index}-0000-4000-8000-000000000000`;
const CLAIM_UID = '11111111-2222-4333-8444-555555555555';

function slice(node: string, taint?: string): ResourceSlice {
  return {
    metadata: { uid: `slice-${node}`, name: `slice-${node}` },
    spec: {
      driver: DRIVER,
      nodeName: node,
      pool: { name: node },
      devices: [0, 1, 2, 3].map((index) => ({
        name: `gpu-${index}`,
        attributes: { uuid: { string: node === 'node-1' ? uuidOf(index) : `${node}-${index}` } },
        ...(index === 3 &&
          taint !== undefined && { taints: [{ key: taint, effect: 'NoExecute' }] }),
      })),
    },
  };
}

function claim(...devices: readonly (readonly [request: string, device: string])[]): ResourceClaim {
  return {
    metadata: { name: 'train-gpu', namespace: 'team-a', uid: CLAIM_UID },
    status: {
      allocation: {
        devices: {
          results: devices.map(([request, device]) => ({
            request,
            driver: DRIVER,
            pool: 'node-1',
            device,
          })),
        },
      },
    },
  };
}

function trainPod(status: Pod['status'] = {}, uid = 'train'): Pod {
  return {
    metadata: {
      name: 'train',
      namespace: 'team-a',
      uid,
      annotations: { 'surefoot.dev/profile': 'dra' },
    },
    spec: {
      ...(uid === 'train' && { nodeName: 'node-1' }),
      resourceClaims: [{ name: 'gpu', resourceClaimName: 'train-gpu' }],
      containers: [{ name: 'main', image: 'registry.example/train:1' }],
    },
    status,
  } as Pod;
}

const started = { startTime: '1970-01-01T00:00:10Z', phase: 'Running' };

function reporting(name: string, ...ids: readonly string[]): NonNullable<Pod['status']> {
  return {
    ...started,
    containerStatuses: [
      {
        name: 'main',
        state: { running: { startedAt: '1970-01-01T00:00:10Z' } },
        allocatedResourcesStatus: [
          { name, resources: ids.map((resourceID) => ({ resourceID, health: 'Unhealthy' })) },
        ],
      },
    ],
  };
}

/** Two nodes of four devices; the pod runs on node-1 and its status comes at second 60. */
function cluster(ofClaim: ResourceClaim | undefined = claim(['gpu', 'gpu-3'])) {
  const made = makeIngest({ profiles: [DRA] });
  const { ingest, devices, engine, store } = made;
  const put = (one: ResourceClaim) => {
    for (const node of devices.setClaim(claimAsKept(one) ?? {})) ingest.devicesChanged(node, 55);
  };
  for (const node of ['node-1', 'node-2']) {
    ingest.nodeChanged(makeNode({ name: node, devices: new Map() }), 0);
    devices.setSlice(sliceAsKept(slice(node)));
    ingest.devicesChanged(node, 0);
  }
  if (ofClaim !== undefined) put(ofClaim);
  const see = (pod: Pod, at: number) => ingest.podChanged(podFacts(pod, [DRA]), false, at);
  see(trainPod(started), 10);
  const losses = () => {
    const names = ['node-1', 'node-2'];
    const question = { pod: trainPod({}, 'next'), ...named(names, made.cluster.index) };
    const verdict = engine.prioritize({ ...question, sentWholeNodes: false }, 70);
    if (verdict.kind !== 'decision') throw new Error(verdict.reason.words);
    return Object.fromEntries(
      verdict.decision.forecasts.map(({ candidate, lossSeconds }) => [candidate.node, lossSeconds]),
    );
  };
  const history = () => store.get('uuid:node-1');
  return { ...made, see, put, losses, history };
}

const CDI = `k8s.${DRIVER}/claim=${CLAIM_UID}-gpu-3`;

describe('the health of a claimed device is about the device that slices name', () => {
  test.each([
    { name: 'by its CDI name', resource: 'claim:gpu', id: CDI },
    { name: "by the kubelet's own name", resource: 'claim:gpu', id: `${DRIVER}/node-1/gpu-3` },
    { name: 'with its request', resource: 'claim:gpu/gpu', id: CDI },
    { name: 'by a CDI name that tells nothing', resource: 'claim:gpu', id: 'vendor.com/gpu=x' },
  ])('$name', ({ resource, id }) => {
    const { see, losses, history } = cluster();
    see(trainPod(reporting(resource, id)), 60);
    see(trainPod({ ...reporting(resource, id), phase: 'Failed' }), 62);
    expect(history().incidents).toMatchObject([{ device: uuidOf(3), probability: 0.9 }]);
    expect(history().incidents[0]).not.toHaveProperty('resource');
    expect(history().devices).toHaveLength(4);
    const { 'node-1': broken = 0, 'node-2': well = 0 } = losses();
    expect(broken).toBeGreaterThan(2 * well);
  });

  test('a taint of the driver and the status are one incident', () => {
    const { see, devices, ingest, history } = cluster();
    devices.setSlice(sliceAsKept(slice('node-1', 'gpu.nvidia.com/gpu-lost')));
    ingest.devicesChanged('node-1', 58);
    see(trainPod(reporting('claim:gpu', CDI)), 60);
    expect(history().incidents.filter(({ device }) => device === uuidOf(3))).toHaveLength(1);
  });

  test('though the claim is seen after the status, and gone before the end', () => {
    const { see, put, devices, history } = cluster({});
    see(trainPod(reporting('claim:gpu', CDI)), 50);
    put(claim(['gpu', 'gpu-3']));
    devices.removeClaim(CLAIM_UID);
    see(trainPod({ ...reporting('claim:gpu', CDI), phase: 'Failed' }), 62);
    expect(history().incidents).toMatchObject([{ device: uuidOf(3) }]);
    expect(history().incidents).toHaveLength(1);
    expect(history().devices).toHaveLength(4);
  });

  test('of a claim with two devices the one that its CDI name ends with', () => {
    const { see, history } = cluster(claim(['gpu', 'gpu-0'], ['gpu', 'gpu-3']));
    see(trainPod(reporting('claim:gpu/gpu', CDI)), 60);
    expect(history().incidents).toMatchObject([{ device: uuidOf(3) }]);
  });

  test('of several that cannot be told apart it is some device of the node', () => {
    const { see, history, losses } = cluster(claim(['gpu', 'gpu-0'], ['gpu', 'gpu-3']));
    see(trainPod(reporting('claim:gpu', 'vendor.com/gpu=x')), 60);
    expect(history().incidents).toHaveLength(1);
    expect(history().incidents[0]).not.toHaveProperty('device');
    expect(history().devices).toHaveLength(4);
    expect(losses()['node-1']).toBeGreaterThan(losses()['node-2'] ?? 0);
  });
});
