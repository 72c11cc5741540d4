import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sample } from '../../samples.ts';
import { SLOW_END } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { Group, homecomers, type Placed, report, untilHomesLast } from './group.ts';

/** The size of the big restart; here the cluster's own scheduler asks nobody. */
const SLOTS = 512;
const SPARES = 8;
const MOST_GRACE_SECONDS = 120;
/** Nobody can hold a node for a pod that is not there yet: deleting and creating so many takes about 8 s here. */
const LEAST_GRACE_SECONDS = 15;
const SLOWLY = { [SLOW_END]: '1' };

const used = useBed({
  count: SLOTS + SPARES,
  gpus: 8,
  mode: 'act',
  isAsked: false,
  // Pods that Surefoot has not prepared are to find room, too.
  tainted: false,
});
let stockSeconds = Number.POSITIVE_INFINITY;

beforeAll(() => used.bed.surefoot.waitForHome('3m'));

afterAll(async () => {
  const metrics = await used.bed.surefoot.extenderMetrics();
  const held = Math.round(sample(metrics, 'surefoot_held_device_seconds'));
  console.log(`held for others' predecessors: ${held} device-seconds`);
});

/** Deletes all pods with graces spread over two minutes, and creates the groups anew at once. */
async function restartSlowly(groups: readonly Group[], before: readonly Placed[]): Promise<void> {
  const pods = before.flatMap((placed) => [...placed.values()]);
  await Promise.all(
    pods.map((one, index) => used.hand.deletePod(one.metadata?.name ?? '', graceOf(index))),
  );
  await Promise.all(groups.map(({ job }) => used.hand.deleteJobOnly(job)));
  await Promise.all(groups.map((group) => group.create()));
}

function graceOf(index: number): number {
  return LEAST_GRACE_SECONDS + ((index * 37) % (MOST_GRACE_SECONDS - LEAST_GRACE_SECONDS + 1));
}

/** As JobSet does; resolves with the seconds from when all old pods are gone until all new ones run. */
async function restartAtOnce(group: Group): Promise<number> {
  await used.hand.deleteJob(group.job);
  const begun = performance.now();
  await group.create();
  await group.placed();
  return (performance.now() - begun) / 1000;
}

describe('512 slots on 520 nodes wait for their own, and no extender is asked', () => {
  test('what a restart takes without Surefoot', async () => {
    const annotations = { 'surefoot.dev/inject': 'false' };
    const group = new Group(used, 'stock', SLOTS, { gpus: 8, annotations });
    await group.create();
    const before = await group.placed();
    stockSeconds = await restartAtOnce(group);
    const home = homecomers(before, await group.placed());
    console.log(`stock: ${home} of ${SLOTS} came home in ${stockSeconds.toFixed(1)} s`);
    expect(home).toBeLessThan(SLOTS / 10);
  }, 400_000);

  test('a burst, one device broken: all others come home, and how much longer that takes is told', async () => {
    const group = new Group(used, 'burst', SLOTS, { gpus: 8 });
    await group.create();
    const before = await group.placed();
    await untilHomesLast();
    await group.breakDevices(before, ['5']);
    const seconds = await restartAtOnce(group);
    const after = await group.placed();
    const times = (seconds / stockSeconds).toFixed(2);
    const took = `burst, ${seconds.toFixed(1)} s, ${times} times stock`;
    const home = await report(used, took, before, after, 1);
    expect(home).toBe(SLOTS - 1);
    expect(nodeOf(after.get('5'))).not.toBe(nodeOf(before.get('5')));
    // Whole again for the other tests: here nobody keeps their first pods away from it.
    await used.hand.annotateNode(nodeOf(before.get('5')) ?? '', { 'bed.surefoot.dev/mended': '1' });
    // Two more writes a pod, where one API server shares two cores with everything else.
    expect(seconds).toBeLessThan(1.6 * stockSeconds);
  }, 900_000);

  test('ends staggered over 120 s', async () => {
    const group = new Group(used, 'slow', SLOTS, { gpus: 8, annotations: SLOWLY });
    await group.create();
    const before = await group.placed();
    await untilHomesLast();
    await restartSlowly([group], [before]);
    const after = await group.placed();
    expect(await report(used, 'staggered', before, after)).toBeGreaterThanOrEqual(505);
  }, 900_000);

  test('ends staggered, and as many older pods of equal priority want the same nodes', async () => {
    const group = new Group(used, 'wanted', SLOTS, { gpus: 8, annotations: SLOWLY });
    await group.create();
    const before = await group.placed();
    await untilHomesLast();
    const inject = { 'surefoot.dev/inject': 'false' };
    const others = Array.from({ length: SLOTS }, (_none, index) => `older-${index}`);
    for (const name of others) {
      await used.hand.createPod(pod(name, { gpus: 8, annotations: inject }));
    }
    await eventually('the spare nodes to be taken', async () => {
      const running = (await used.hand.pods()).filter(({ metadata, status }) => {
        return metadata?.name?.startsWith('older-') && status?.phase === 'Running';
      });
      return running.length === SPARES;
    });
    await restartSlowly([group], [before]);
    const after = await group.placed();
    expect(await report(used, 'staggered and wanted', before, after)).toBeGreaterThanOrEqual(505);
  }, 900_000);

  test('two groups, ends interleaved over 120 s', async () => {
    const half = { gpus: 8, annotations: SLOWLY };
    const groups = ['llm', 'vision'].map((job) => new Group(used, job, SLOTS / 2, half));
    await Promise.all(groups.map((group) => group.create()));
    const before = await Promise.all(groups.map((group) => group.placed()));
    await untilHomesLast();
    await restartSlowly(groups, before);
    const after = await Promise.all(groups.map((group) => group.placed()));
    const home = await Promise.all(
      groups.map(({ job }, index) => {
        const [was, is] = [before[index] ?? new Map(), after[index] ?? new Map()];
        return report(used, `interleaved, ${job}`, was, is);
      }),
    );
    expect(home.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(505);
  }, 900_000);
});
