import { describe, expect, test } from 'vitest';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { Group, homecomers, report, untilHomesLast } from './group.ts';

/** The pilot's size: 512 slots on 520 nodes (control-plane measurements, November 2026). */
const SLOTS = 512;
const SPARES = 8;

const used = useBed({ count: SLOTS + SPARES, gpus: 8, mode: 'act' });

describe('the big restart: 512 one-node slots on 520 nodes', () => {
  // First, while no node is broken: the stock scheduler would send pods to one that is, again and again.
  test('without Surefoot a restart scatters the group', async () => {
    await used.bed.plane.startScheduler('stock-scheduler', { extender: false });
    const group = new Group(used, 'stock', SLOTS, { gpus: 8, schedulerName: 'stock-scheduler' });
    await group.create();
    const before = await group.placed();
    await used.hand.clear();
    await group.create();
    const home = homecomers(before, await group.placed());
    console.log(`without Surefoot: ${home} of ${SLOTS} came home`);
    expect(home).toBeLessThan(SLOTS / 10);
  }, 400_000);

  test('all but the broken come home, again and again, and nobody goes to a broken node', async () => {
    const group = new Group(used, 'llm', SLOTS, { gpus: 8 });
    await group.create();
    let before = await group.placed();
    const broken = new Set<string>();
    for (const failing of [['5'], ['9'], ['20', '300']]) {
      await untilHomesLast();
      for (const index of failing) broken.add(nodeOf(before.get(index)) ?? '');
      await group.breakDevices(before, failing);
      const begun = performance.now();
      await used.hand.clear();
      await group.create();
      const after = await group.placed();
      const seconds = Math.round((performance.now() - begun) / 1000);
      const what = `${failing.length} failed, ${seconds} s`;
      const home = await report(used, what, before, after, failing.length);
      const onBroken = [...after.values()].filter((pod) => broken.has(nodeOf(pod) ?? ''));
      expect(onBroken).toEqual([]);
      expect(home).toBe(SLOTS - failing.length);
      before = after;
    }
  }, 900_000);
});
