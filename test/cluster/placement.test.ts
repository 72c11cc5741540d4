import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { sample } from '../samples.ts';
import { DEVICE_FAULT, GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { journey, LONGER_THAN_JOB_BACKOFF_MS, podOf, seesImage, successor } from './journey.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

const used = useBed({ count: 20, gpus: 8, mode: 'act' });

describe('placement', () => {
  journey(used, { broken: 'gpu-7' });

  test('a node whose plugin withdrew a device is avoided, and its incident closes but stays', async () => {
    const image = 'registry.example/withdrawn:1';
    await used.hand.giveImage('gpu-4', image, 1_000_000_000);
    await seesImage(used, 'gpu-4', image);
    await used.hand.withdrawDevices('gpu-4', 7);
    await eventually('the incident', async () => {
      return (await used.bed.surefoot.node('gpu-4'))?.incidents.length === 1;
    });

    await used.hand.createPod(pod('wary', { image }));
    expect(nodeOf(await used.hand.runningPod('wary'))).not.toBe('gpu-4');
    const decision = await used.bed.surefoot.decisionFor('wary');
    expect(decision?.forecasts.find(({ node }) => node === 'gpu-4')?.words).toContain(
      "times the fleet's rate: the device plugin has withdrawn the device (nvidia.com/gpu: 7 of 8 left), ",
    );

    await used.hand.withdrawDevices('gpu-4', 8);
    await eventually('the incident to close', async () => {
      const incidents = (await used.bed.surefoot.node('gpu-4'))?.incidents ?? [];
      return incidents.length === 1 && incidents[0]?.words.endsWith('ago');
    });
  });

  test('a pod rejected because two schedulers raced does not blame the node', async () => {
    await used.bed.plane.startScheduler('rival-scheduler', { extender: false });
    const image = 'registry.example/raced:1';
    await used.hand.giveImage('gpu-2', image, 4_000_000_000);
    await seesImage(used, 'gpu-2', image);

    const rejected = await raceFor('gpu-2', image);

    expect(rejected.status?.message).toContain(
      `requested number of devices unavailable for ${GPU}`,
    );
    const signals = { row: 'kubelet-rejected-pod', outcome: 'race' };
    await eventually('the race to be counted', async () => {
      const metrics = await used.bed.surefoot.extenderMetrics();
      return sample(metrics, 'surefoot_signals_total', signals) > 0;
    });
    expect((await used.bed.surefoot.node('gpu-2'))?.incidents).toEqual([]);
    const next = await placedWhenOffered('gpu-2', image);
    expect(next.node, next.words).toBe('gpu-2');
  });

  test('with the extender killed pods still bind, and it recovers alone', async () => {
    await used.bed.surefoot.killExtender();
    await used.hand.createPod(pod('while-away'));
    await used.hand.runningPod('while-away');
    await used.bed.surefoot.startExtender();
    await used.hand.createPod(pod('after'));
    await used.hand.runningPod('after');

    const metrics = await used.bed.surefoot.extenderMetrics();
    expect(sample(metrics, 'surefoot_prioritize_requests_total', { result: 'answered' })).toBe(1);
    // It answers at once, and keeps the history once the lease of the one that was killed has expired.
    await eventually(
      'it to keep the history',
      async () => (await used.bed.surefoot.signals()).keepsHistory,
      { timeoutSeconds: 40 },
    );
  }, 60_000);

  // Last, because it is up to the scheduler which node it marks.
  test('a Job index whose device failed comes back to another node', async () => {
    await used.hand.createJob(indexedJob('fault', 2));
    const before = await used.hand.runningByIndex('fault', 2);
    await sleep(LONGER_THAN_JOB_BACKOFF_MS);

    await used.hand.annotatePod(podOf(before, '1'), { [DEVICE_FAULT]: '1' });
    const after = await successor(used, 'fault', podOf(before, '1'));

    const broken = nodeOf(before.get('1'));
    expect(nodeOf(after)).not.toBe(broken);
    const decision = await used.bed.surefoot.decisionFor(after.metadata?.name ?? '');
    const reason = decision?.forecasts.find(({ node }) => node === broken)?.words;
    // Both indexes may have been on one node, so it is not always the node's first.
    const [device] =
      podOf(before, '1').status?.containerStatuses?.[0]?.allocatedResourcesStatus?.[0]?.resources ??
      [];
    expect(reason).toContain(
      ` times the fleet's rate: the kubelet reports the device as unhealthy, on ${device?.resourceID}, `,
    );
    expect((await used.bed.surefoot.node(broken))?.incidents).toHaveLength(1);
  });
});

/** Lets two schedulers choose the same whole node at once until the kubelet has to refuse one. */
async function raceFor(node: string, image: string): Promise<V1Pod> {
  for (let attempt = 1; attempt <= 60; attempt += 1) {
    const names = [`ours-${attempt}`, `theirs-${attempt}`];
    const bodies = [
      pod(names[0] as string, { gpus: 8, image }),
      pod(names[1] as string, { gpus: 8, image, schedulerName: 'rival-scheduler' }),
    ];
    for (const body of bodies) {
      if (body.spec !== undefined) body.spec.nodeSelector = { 'kubernetes.io/hostname': node };
    }
    await Promise.all(bodies.map((body) => used.hand.createPod(body)));
    const outcome = await eventually('both pods to be dealt with', async () => {
      const pods = await Promise.all(names.map((name) => used.hand.pod(name)));
      const rejected = pods.find(({ status }) => status?.phase === 'Failed');
      const pending = pods.find(({ spec }) => !spec?.nodeName);
      const running = pods.some(({ status }) => status?.phase === 'Running');
      return rejected ?? (running && pending);
    });
    if (outcome.status?.phase === 'Failed') return outcome;
    await used.hand.clear();
  }
  throw new Error('two schedulers chose the same node in none of 60 attempts');
}

/**
 * Where a pod of the whole node goes once the scheduler offers that node, and what Surefoot said of
 * it. A scheduler that has not yet heard that the pods of the race are gone does not offer it.
 */
async function placedWhenOffered(
  node: string,
  image: string,
): Promise<{ readonly node: string | undefined; readonly words: string }> {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    await used.hand.clear();
    const name = `next-${attempt}`;
    await used.hand.createPod(pod(name, { gpus: 8, image }));
    const placed = nodeOf(await used.hand.runningPod(name));
    const decision = await used.bed.surefoot.decisionFor(name);
    const forecast = decision?.forecasts.find((each) => each.node === node);
    if (forecast !== undefined) return { node: placed, words: forecast.words };
  }
  throw new Error(`the scheduler offered ${node} in none of 10 attempts`);
}
