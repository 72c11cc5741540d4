import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { BROKEN, CRASH } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import type { UsedBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

/** The Job controller waits 10 s before it replaces a failed pod, and a home lives as long as the pod ran. */
export const LONGER_THAN_JOB_BACKOFF_MS = 14_000;

export interface JourneyOptions {
  /** The node whose devices break. */
  readonly broken: string;
  /** Whether the scheduler asks the extender, which then says why; default: it does. */
  readonly isAsked?: boolean;
  /** Waits until whoever places pods has seen an image on a node; default: the extender. */
  readonly sees?: (node: string, image: string) => Promise<void>;
  /** Waits until whoever places pods can know of the fault of the broken node. */
  readonly knowsFault?: () => Promise<void>;
}

/** What holds in every mode: a pod goes where its image is, back home, and not to broken devices again. */
export function journey(used: UsedBed, options: JourneyOptions): void {
  const { broken, isAsked = true, knowsFault = async () => {} } = options;
  const sees = options.sees ?? ((node, image) => seesImage(used, node, image));

  test('a pod goes to the one node that has its 12 GB image', async () => {
    const image = 'registry.example/big:1';
    await used.hand.giveImage('gpu-3', image, 12_000_000_000);
    await sees('gpu-3', image);

    for (const name of ['big-1', 'big-2', 'big-3']) {
      await used.hand.createPod(pod(name, { image }));
      expect(nodeOf(await used.hand.runningPod(name))).toBe('gpu-3');
    }
    if (!isAsked) return;
    const decision = await used.bed.surefoot.decisionFor('big-1');
    const words = decision?.forecasts.map((forecast) => forecast.words).join('\n');
    expect(words).toContain('286 s pulling 11.2 GiB');
  });

  test('a Job index whose container crashed comes back to the same node', async () => {
    await used.hand.createJob(indexedJob('crash', 2));
    const before = await used.hand.runningByIndex('crash', 2);
    await sleep(LONGER_THAN_JOB_BACKOFF_MS);

    await used.hand.annotatePod(podOf(before, '0'), { [CRASH]: '139' });
    const after = await successor(used, 'crash', podOf(before, '0'));

    const decision = isAsked
      ? await used.bed.surefoot.decisionFor(after.metadata?.name ?? '')
      : undefined;
    const why = JSON.stringify([decision?.answer, decision?.forecasts.map(({ words }) => words)]);
    expect(nodeOf(after), why).toBe(nodeOf(before.get('0')));
    if (!isAsked) return;
    expect(decision?.forecasts[0]?.words).toMatch(/home: the same slot ran here until \d+ s ago/);
  });

  test('a pod that the kubelet rejected for a broken device goes elsewhere next time', async () => {
    const image = 'registry.example/rejected:1';
    await used.hand.giveImage(broken, image, 1_000_000_000);
    await sees(broken, image);
    await used.hand.annotateNode(broken, { [BROKEN]: '1' });
    try {
      await used.hand.createPod(pod('first', { gpus: 8, image }));
      const rejected = await eventually('the rejection', async () => {
        const found = await used.hand.pod('first');
        return found.status?.phase === 'Failed' && found;
      });
      expect(nodeOf(rejected)).toBe(broken);
      await eventually('the incident', async () => {
        return (await used.bed.surefoot.node(broken))?.incidents.length === 1;
      });
      await knowsFault();

      await used.hand.createPod(pod('second', { gpus: 8, image }));
      expect(nodeOf(await used.hand.runningPod('second'))).not.toBe(broken);
    } finally {
      await used.hand.annotateNode(broken, { [BROKEN]: null });
    }
  });
}

export function podOf(pods: ReadonlyMap<string, V1Pod>, index: string): V1Pod {
  const found = pods.get(index);
  if (found === undefined) throw new Error(`the Job has no running pod of index ${index}`);
  return found;
}

/** The running pod that the Job made in the place of another. */
export async function successor({ hand }: UsedBed, job: string, of: V1Pod): Promise<V1Pod> {
  const all = await eventually(`${job} to run again`, async () => {
    const failed = (await hand.pod(of.metadata?.name ?? '')).status?.phase === 'Failed';
    return failed && hand.runningByIndex(job, 2, 1);
  });
  const index = of.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '';
  return podOf(all, index);
}

export async function seesImage({ bed }: UsedBed, node: string, image: string): Promise<void> {
  await eventually(`the extender to see ${image} on ${node}`, async () => {
    const known = await bed.surefoot.node(node);
    return known?.images.some(({ name }) => name === image);
  });
}
