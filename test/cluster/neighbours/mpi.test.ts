import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { nodeOf } from '../hand.ts';
import { KubeletVoice } from '../kubelet-voice.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { MPI_OPERATOR } from './controllers.ts';
import { byLabels, expectPrepared, Members, type Placed } from './members.ts';
import { Neighbour } from './neighbour.ts';

const WORKERS = 4;
const SPARES = 3;
/** A home lives as long as its pod ran. */
const LONG_ENOUGH_MS = 30_000;

const used = useBed({ count: WORKERS + SPARES, gpus: 8, mode: 'act', keepsPods: true });
const members = new Members(used, {
  selector: 'training.kubeflow.org/job-name=train,training.kubeflow.org/job-role=worker',
  count: WORKERS,
  slotOf: byLabels('training.kubeflow.org/replica-index'),
});
const kubelet = new KubeletVoice(() => used.hand);
let mpi: Neighbour;
let placed: Placed;

beforeAll(async () => {
  mpi = await Neighbour.install(used.bed, MPI_OPERATOR);
});

function train(): object {
  const worker = pod('', { gpus: 8 });
  const launcher = pod('', { gpus: 0, profile: undefined });
  return {
    apiVersion: 'kubeflow.org/v2beta1',
    kind: 'MPIJob',
    metadata: { name: 'train', namespace: 'default' },
    spec: {
      mpiReplicaSpecs: {
        Launcher: { replicas: 1, template: { spec: launcher.spec } },
        Worker: {
          replicas: WORKERS,
          template: { metadata: { annotations: worker.metadata?.annotations }, spec: worker.spec },
        },
      },
    },
  };
}

/** Deletes a worker, as a drain does, and waits for the one that the operator makes in its place. */
async function replaced(slot: string): Promise<void> {
  const struck = placed.get(slot) as V1Pod;
  await used.hand.deletePod(struck.metadata?.name ?? '', 0);
  placed = await members.running(new Map([[slot, struck]]));
}

test('its workers are prepared, and each has a node', async () => {
  await mpi.apply(train());
  placed = await members.running();
  expectPrepared(placed);
  expect(new Set([...placed.values()].map(nodeOf)).size).toBe(WORKERS);
});

test('a worker that was deleted is made anew, and comes home', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await replaced('2');
  expect(await members.away(before, placed)).toEqual([]);
});

test('one whose device had broken goes elsewhere', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await kubelet.tellHealth(before.get('1') as V1Pod, 'Unhealthy');
  await sleep(1000);
  await replaced('1');
  expect(await members.away(before, placed)).toEqual([expect.stringMatching(/^1: /)]);
});
