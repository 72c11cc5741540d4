import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { DEVICE_FAULT } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { indexedJob } from '../workloads.ts';

/** The pilot's size: 512 slots on 520 nodes (control-plane measurements, November 2026). */
const SLOTS = 512;
const SPARES = 8;
const JOB = 'llm-workers-0';
/** A home lives as long as its pod ran: longer than it takes to place all of them again. */
const HOME_GROWS_MS = 75_000;
const RESTART_SECONDS = 240;

const used = useBed({ count: SLOTS + SPARES, gpus: 8, mode: 'act' });

/** A child Job as JobSet makes it: deleted and created anew, under its name, at each restart. */
function childJob(schedulerName?: string): V1Job {
  const job = indexedJob(JOB, SLOTS, {
    gpus: 8,
    ...(schedulerName !== undefined && { schedulerName }),
  });
  Object.assign(job.spec ?? {}, { backoffLimitPerIndex: 10, backoffLimit: undefined });
  Object.assign(job.spec?.template.metadata ?? {}, {
    labels: {
      'jobset.sigs.k8s.io/jobset-name': 'llm',
      'jobset.sigs.k8s.io/replicatedjob-name': 'workers',
      'jobset.sigs.k8s.io/job-index': '0',
    },
  });
  return job;
}

type Placed = ReadonlyMap<string, V1Pod>;

const placed = () => used.hand.runningByIndex(JOB, SLOTS, RESTART_SECONDS);

/** The devices of these slots break, and then the whole group is made anew, all at once. */
async function restart(before: Placed, failing: readonly string[], schedulerName?: string) {
  await Promise.all(
    failing.map(async (index) => {
      const pod = before.get(index);
      if (pod !== undefined) await used.hand.annotatePod(pod, { [DEVICE_FAULT]: '1' });
    }),
  );
  if (failing.length > 0) {
    await eventually('the devices to have failed', async () => {
      const pods = await used.hand.pods(`job-name=${JOB}`);
      return pods.filter(({ status }) => status?.phase === 'Failed').length >= failing.length;
    });
  }
  await used.hand.clear();
  await used.hand.createJob(childJob(schedulerName));
  return placed();
}

function homecomers(before: Placed, after: Placed): number {
  return [...before.keys()].filter(
    (index) => nodeOf(after.get(index)) === nodeOf(before.get(index)),
  ).length;
}

describe('the big restart: 512 one-node slots on 520 nodes', () => {
  // First, while no node is broken: the stock scheduler would send pods to one that is, again and again.
  test('without Surefoot a restart scatters the group', async () => {
    await used.bed.plane.startScheduler('stock-scheduler', { extender: false });
    await used.hand.createJob(childJob('stock-scheduler'));
    const before = await placed();
    const after = await restart(before, [], 'stock-scheduler');
    const home = homecomers(before, after);
    console.log(`without Surefoot: ${home} of ${SLOTS} came home`);
    expect(home).toBeLessThan(SLOTS / 10);
  }, 400_000);

  test('all but the broken come home, again and again, and nobody goes to a broken node', async () => {
    await used.hand.createJob(childJob());
    let before = await placed();
    const broken = new Set<string>();
    for (const failing of [['5'], ['9'], ['20', '300']]) {
      await sleep(HOME_GROWS_MS);
      for (const index of failing) broken.add(nodeOf(before.get(index)) ?? '');
      const begun = performance.now();
      const after = await restart(before, failing);
      const home = homecomers(before, after);
      const seconds = Math.round((performance.now() - begun) / 1000);
      console.log(
        `${failing.length} failed: ${home} of ${SLOTS - failing.length} came home in ${seconds} s`,
      );
      const onBroken = [...after.values()].filter((pod) => broken.has(nodeOf(pod) ?? ''));
      expect(onBroken).toEqual([]);
      expect(home).toBe(SLOTS - failing.length);
      before = after;
    }
  }, 900_000);
});
