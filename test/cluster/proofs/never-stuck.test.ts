import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { sample } from '../../samples.ts';
import { eventually } from '../eventually.ts';
import { useBed } from '../use-bed.ts';
import { Group, homecomers, type Placed, untilHomesLast } from './group.ts';

/** Pods at our gate, while whoever lifts it comes and goes. */
const SLOTS = 512;
const SPARES = 8;
const KILLS = 20;
/** From when there is somebody again who lifts until all run. */
const MOST_SECONDS = 60;

const used = useBed({
  count: SLOTS + SPARES,
  gpus: 8,
  mode: 'act',
  isAsked: false,
  tainted: false,
  keepsPods: true,
});
const group = new Group(used, 'held', SLOTS, { gpus: 8 });
let placed: Placed = new Map();

beforeAll(async () => {
  await used.bed.surefoot.waitForHome('3m');
  await group.create();
  placed = await group.placed();
  await untilHomesLast();
}, 600_000);

/** Until gates can be lifted and the webhook, which asks every 2 s, has heard it. */
async function untilGated(): Promise<void> {
  await eventually(
    'gates to be lifted',
    async () => {
      const metrics = await used.bed.surefoot.extenderMetrics();
      return sample(metrics, 'surefoot_can_lift_gates') === 1;
    },
    { timeoutSeconds: 60 },
  );
  await sleep(3000);
}

/** The group restarts as a whole, and something happens so many seconds into it; tells how long all took from then on. */
async function restartsWhile(afterSeconds: number, happens: () => Promise<void>): Promise<string> {
  await untilGated();
  await used.hand.deleteJob(group.job, 120);
  const created = group.create();
  await sleep(afterSeconds * 1000);
  const pods = await used.hand.pods(`job-name=${group.job}`);
  const gated = pods.filter(({ spec }) => (spec?.schedulingGates ?? []).length > 0).length;
  await happens();
  const begun = performance.now();
  await created;
  const now = await group.placed();
  const seconds = (performance.now() - begun) / 1000;
  const home = homecomers(placed, now);
  placed = now;
  expect(seconds).toBeLessThan(MOST_SECONDS);
  return `${pods.length} pods were there, ${gated} at the gate; all ran ${seconds.toFixed(1)} s after, ${home} at home`;
}

describe(`${SLOTS} pods, in the middle of their restart`, () => {
  test(`every extender is killed, ${KILLS} times`, async () => {
    const { surefoot } = used.bed;
    for (let turn = 1; turn <= KILLS; turn += 1) {
      const said = await restartsWhile((turn % 7) + 0.5, async () => {
        await surefoot.killExtender();
        await sleep(3000);
        await surefoot.startExtender(...surefoot.gatesFlags());
      });
      console.log(`kill ${turn}: ${said}`);
    }
  }, 2_400_000);

  test('another replica takes the lead', async () => {
    const { surefoot } = used.bed;
    const replica = await surefoot.startReplica();
    const said = await restartsWhile(3, () => surefoot.killExtender());
    console.log(`the leader was killed: ${said}`);
    // The webhook asks the first one, which is to lead again.
    await replica.kill();
    await surefoot.startExtender(...surefoot.gatesFlags());
  }, 600_000);

  test('the API server is away for 30 s', async () => {
    const said = await restartsWhile(3, async () => {
      const bringBack = await used.bed.plane.takeApiAway();
      await sleep(30_000);
      await bringBack();
    });
    console.log(`the API server was away: ${said}`);
  }, 600_000);
});
