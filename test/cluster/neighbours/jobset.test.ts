import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { CRASH, DEVICE_FAULT } from '../bed-keys.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { indexedJob } from '../workloads.ts';
import { JOBSET } from './controllers.ts';
import { byLabels, expectPrepared, Members, type Placed } from './members.ts';
import { Neighbour } from './neighbour.ts';

const JOBS = 8;
const PODS_OF_A_JOB = 8;
const SLOTS = JOBS * PODS_OF_A_JOB;
const SPARES = 2;
/** A home lives as long as its pod ran, and a restart takes a while. */
const LONG_ENOUGH_MS = 40_000;

const used = useBed({ count: SLOTS + SPARES, gpus: 8, mode: 'act', keepsPods: true });
const members = new Members(used, {
  selector: 'jobset.sigs.k8s.io/jobset-name=train',
  count: SLOTS,
  slotOf: byLabels('jobset.sigs.k8s.io/job-index', 'batch.kubernetes.io/job-completion-index'),
});
let jobset: Neighbour;
let placed: Placed;

beforeAll(async () => {
  jobset = await Neighbour.install(used.bed, JOBSET);
});

/** A training job of 64 nodes whose every failure starts all of it anew, as JobSet does by default. */
function train(): object {
  const { spec } = indexedJob('', PODS_OF_A_JOB, { gpus: 8 });
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: 'train', namespace: 'default' },
    spec: {
      failurePolicy: { maxRestarts: 10 },
      replicatedJobs: [
        { name: 'workers', replicas: JOBS, template: { spec: { ...spec, backoffLimit: 0 } } },
      ],
    },
  };
}

test('its pods are prepared, and each has a node', async () => {
  await jobset.apply(train());
  placed = await members.running();
  expectPrepared(placed);
  expect(new Set([...placed.values()].map(nodeOf)).size).toBe(SLOTS);
});

test('one member crashes: all are made anew, and come home', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await used.hand.annotatePod(before.get('3/5') as V1Pod, { [CRASH]: '1' });
  placed = await members.running(before);
  expect(await members.away(before, placed)).toEqual([]);
});

test('a device of one fails: the others come home, and it goes elsewhere', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await used.hand.annotatePod(before.get('2/4') as V1Pod, { [DEVICE_FAULT]: '1' });
  placed = await members.running(before);
  expect(await members.away(before, placed)).toEqual([expect.stringMatching(/^2\/4: /)]);
});

test('its webhooks are called after ours: all is as before', async () => {
  await jobset.goBehindOurs();
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await used.hand.annotatePod(before.get('0/0') as V1Pod, { [CRASH]: '1' });
  placed = await members.running(before);
  expect(await members.away(before, placed)).toEqual([]);
  expectPrepared(placed);
});

test('ours are replaced by their next version: every home is known to it', async () => {
  await sleep(LONG_ENOUGH_MS);
  await used.bed.surefoot.runAsTheImage();
  const before = placed;
  await used.hand.annotatePod(before.get('7/7') as V1Pod, { [CRASH]: '1' });
  placed = await members.running(before);
  expect(await members.away(before, placed)).toEqual([]);
});
