import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { CRASH, DEVICE_FAULT } from '../bed-keys.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { KUBERAY } from './controllers.ts';
import { expectPrepared, Members, type Placed } from './members.ts';
import { Neighbour } from './neighbour.ts';

const WORKERS = 4;
const SPARES = 4;
/** A home lives as long as its pod ran. */
const LONG_ENOUGH_MS = 30_000;

const used = useBed({ count: WORKERS + SPARES, gpus: 8, mode: 'act', keepsPods: true });
const members = new Members(used, {
  selector: 'ray.io/cluster=ray,ray.io/node-type=worker',
  count: WORKERS,
  // The operator numbers its workers only for groups of several hosts: a pod that takes another's place has its own name.
  slotOf: ({ metadata }) => metadata?.name ?? '',
});
let ray: Neighbour;
let placed: Placed;

beforeAll(async () => {
  ray = await Neighbour.install(used.bed, KUBERAY);
});

function cluster(): object {
  const worker = pod('', { gpus: 8 });
  const head = pod('', { gpus: 0, profile: undefined });
  return {
    apiVersion: 'ray.io/v1',
    kind: 'RayCluster',
    metadata: { name: 'ray', namespace: 'default' },
    spec: {
      headGroupSpec: { rayStartParams: {}, template: { spec: head.spec } },
      workerGroupSpecs: [
        {
          groupName: 'gpus',
          replicas: WORKERS,
          minReplicas: WORKERS,
          maxReplicas: WORKERS,
          rayStartParams: {},
          template: { metadata: { annotations: worker.metadata?.annotations }, spec: worker.spec },
        },
      ],
    },
  };
}

const nodesOf = (all: Placed) => [...all.values()].map(nodeOf).toSorted();

/** Ends one worker so, and waits for the one that takes its place. */
async function end(annotation: string): Promise<{ left: string; before: Placed }> {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  const [name, struck] = [...before][0] as [string, V1Pod];
  await used.hand.annotatePod(struck, { [annotation]: '1' });
  placed = await members.running(new Map([[name, struck]]));
  return { left: nodeOf(struck), before };
}

test('its workers are prepared, and each has a node', async () => {
  await ray.apply(cluster());
  placed = await members.running();
  expectPrepared(placed);
  expect(new Set(nodesOf(placed)).size).toBe(WORKERS);
});

test('a worker crashes: the one that takes its place comes home', async () => {
  const { before } = await end(CRASH);
  expect(nodesOf(placed)).toEqual(nodesOf(before));
});

test('a device of one fails: the one that takes its place goes elsewhere', async () => {
  const { left } = await end(DEVICE_FAULT);
  expect(nodesOf(placed)).not.toContain(left);
});
