import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { homeLabelsIn } from '../../webhook/words/home-label.ts';
import { HAZARD, HAZARD_REASON } from '../../webhook/words/keys.ts';
import { CRASH, GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { journey, LONGER_THAN_JOB_BACKOFF_MS, podOf } from './journey.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

/** Mode C: the cluster's own scheduler, which asks nobody. */
const used = useBed({ count: 4, gpus: 8, mode: 'act', isAsked: false });

beforeAll(async () => {
  await used.bed.surefoot.useComponent('hints');
  // One node is 25 % of four.
  await used.bed.surefoot.setExtender('hints', {
    label: true,
    homes: true,
    taint: true,
    mostPercent: 50,
  });
});

const marksOf = async (node: string) => {
  const { metadata, spec } = await used.hand.core.readNode({ name: node });
  const taints = spec?.taints?.map(({ key, effect }) => `${key}:${effect}`);
  return { label: metadata?.labels?.[HAZARD], why: metadata?.annotations?.[HAZARD_REASON], taints };
};

const isMarked = (node: string) =>
  eventually(
    `${node} to be marked`,
    async () => {
      const found = await marksOf(node);
      return found.label !== undefined && found;
    },
    { timeoutSeconds: 30 },
  );

/** Labels of homes, on all nodes. */
const homes = async () => {
  const { items } = await used.hand.core.listNode();
  return items.flatMap(({ metadata }) => homeLabelsIn(metadata?.labels ?? {}));
};

/** Whoever minds no mark goes to the only node with its image: the scheduler has seen it. */
const isDrawing = async (node: string, image: string) => {
  await eventually('the scheduler to see the image', async () => {
    const careless = pod('careless', { image, profile: undefined });
    if (careless.spec !== undefined) careless.spec.tolerations = [{ operator: 'Exists' }];
    await used.hand.createPod(careless);
    const at = nodeOf(await used.hand.runningPod('careless'));
    await used.hand.clear();
    return at === node;
  });
};

describe('a scheduler that asks nobody', () => {
  journey(used, {
    broken: 'gpu-4',
    isAsked: false,
    sees: isDrawing,
    knowsFault: async () => void (await isMarked('gpu-4')),
  });

  test('a job comes home, each index to its own node, though another has its image; no node stays marked', async () => {
    const image = 'registry.example/home:1';
    const job = indexedJob('home', 3, { image });
    // Each index waits for itself then: three failures of one job would be waited for longer than they have run.
    if (job.spec !== undefined) job.spec.backoffLimitPerIndex = 5;
    await used.hand.createJob(job);
    const before = await used.hand.runningByIndex('home', 3);
    await sleep(LONGER_THAN_JOB_BACKOFF_MS);
    const lure = ['gpu-1', 'gpu-2'].find((node) => node !== nodeOf(before.get('0'))) ?? '';
    // Half of ImageLocality's points: a quarter of the nodes has 2 GB.
    await used.hand.giveImage(lure, image, 2_000_000_000);

    for (const index of ['0', '1', '2']) {
      await used.hand.annotatePod(podOf(before, index), { [CRASH]: '139' });
    }
    await eventually('three nodes to be marked as homes', async () => (await homes()).length === 3);
    const after = await eventually('the job to run again', async () => {
      const pods = await used.hand.runningByIndex('home', 3);
      const isNew = ({ metadata }: V1Pod) =>
        ![...before.values()].some((old) => old.metadata?.uid === metadata?.uid);
      return [...pods.values()].every(isNew) && pods;
    });

    for (const index of ['0', '1', '2']) {
      expect(nodeOf(podOf(after, index))).toBe(nodeOf(podOf(before, index)));
    }
    await eventually('the marks to be gone', async () => (await homes()).length === 0);
    // Whoever has no home goes there.
    await used.hand.clear();
    await isDrawing(lure, image);
  });
});

test('a node whose devices fail is marked, prepared pods go elsewhere, and the mark goes when it is not wanted', async () => {
  await used.hand.setConditions('gpu-2', [
    {
      type: 'SysLogsXIDError',
      status: 'True',
      reason: 'X',
      message: 'ErrorCode:79 GPU_UUID:GPU-aa ?;',
    },
  ]);
  const marks = await isMarked('gpu-2');
  expect(marks.label).toBe('high');
  expect(marks.why).toMatch(/times the fleet's rate/);
  // The node's own taint stays beside ours.
  const own = `${GPU}:NoSchedule`;
  expect(marks.taints).toEqual([own, `${HAZARD}:PreferNoSchedule`]);
  expect(await marksOf('gpu-1')).toEqual({ label: undefined, why: undefined, taints: [own] });

  // The only node with their image: whoever does not mind the mark goes there.
  const image = 'registry.example/hinted:1';
  await used.hand.giveImage('gpu-2', image, 12_000_000_000);
  await isDrawing('gpu-2', image);
  for (let index = 0; index < 12; index += 1) {
    await used.hand.createPod(pod(`wary-${index}`, { image }));
  }
  const nodes = await Promise.all(
    Array.from({ length: 12 }, async (_none, index) =>
      nodeOf(await used.hand.runningPod(`wary-${index}`)),
    ),
  );
  expect(new Set(nodes).has('gpu-2')).toBe(false);
  // A preference only: where nothing else is left, it is taken.
  for (let index = 0; index < 2; index += 1)
    await used.hand.createPod(pod(`whole-${index}`, { gpus: 8 }));
  await used.hand.clear();
  const pending = pod('too-large', { gpus: 9 });
  await used.hand.createPod(pending);
  const condition = await eventually('it to be unschedulable', async () => {
    const { status } = await used.hand.pod('too-large');
    return status?.conditions?.find(({ reason }) => reason === 'Unschedulable');
  });
  expect(condition.message).toContain(`Insufficient ${GPU}`);

  await used.bed.surefoot.setExtender('hints', { label: false });
  await eventually(
    'the mark to be gone',
    async () => (await marksOf('gpu-2')).label === undefined,
    {
      timeoutSeconds: 30,
    },
  );
  expect(await marksOf('gpu-2')).toEqual({ label: undefined, why: undefined, taints: [own] });
});
