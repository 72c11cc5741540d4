import { describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { isRunning, nodeOf } from './hand.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const PODS = 120;
// So many GPUs that a node could take them all: only the choice keeps them apart.
const used = useBed({ count: 300, gpus: 128, mode: 'act' });

describe('equal nodes', () => {
  test('120 equal pods on 300 equal nodes do not pile up', async () => {
    await used.bed.plane.startScheduler('plain-scheduler', { extender: false });
    const plain = await pile('plain', 'plain-scheduler');
    await used.hand.clear();
    const ours = await pile('ours', 'default-scheduler');

    console.log(
      `most pods on one node: ${plain.most} without the extender, ${ours.most} with it; nodes used: ${plain.nodes} and ${ours.nodes}`,
    );
    expect(ours.most).toBeLessThanOrEqual(6);
    expect(ours.nodes).toBeGreaterThanOrEqual(80);
    // Without this the test could pass for a reason that is not ours.
    expect(plain.most).toBeGreaterThan(2 * ours.most);
  });
});

/** Creates the pods one after another; says how they lie. */
async function pile(prefix: string, schedulerName: string) {
  for (let index = 0; index < PODS; index += 1) {
    await used.hand.createPod(pod(`${prefix}-${index}`, { schedulerName }));
  }
  const pods = await eventually(
    `${PODS} running pods`,
    async () => {
      const running = (await used.hand.pods()).filter(isRunning);
      return running.length === PODS && running;
    },
    { timeoutSeconds: 90 },
  );
  const counts = Map.groupBy(pods, nodeOf);
  return {
    nodes: counts.size,
    most: Math.max(...[...counts.values()].map(({ length }) => length)),
  };
}
