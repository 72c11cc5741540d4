import { beforeAll, describe, expect, test } from 'vitest';
import { HAZARD, HAZARD_REASON } from '../../webhook/words/keys.ts';
import { GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { faultJourney } from './journey.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

/** Mode C: the cluster's own scheduler, which asks nobody. */
const used = useBed({ count: 4, gpus: 8, mode: 'act', isAsked: false });

beforeAll(async () => {
  await used.bed.surefoot.useComponent('hints');
  // One node is 25 % of four.
  await used.bed.surefoot.setExtender('hints', { label: true, taint: true, mostPercent: 50 });
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

/** Whoever minds no mark goes to the only node with its image: the scheduler has seen it. */
const isDrawing = (node: string) => async (image: string) => {
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
  faultJourney(used, 'gpu-4', isDrawing('gpu-4'), async () => void (await isMarked('gpu-4')));
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
  const image = 'registry.example/big:1';
  await used.hand.giveImage('gpu-2', image, 12_000_000_000);
  await isDrawing('gpu-2')(image);
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
