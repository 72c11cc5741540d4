import { beforeAll, describe, expect, test } from 'vitest';
import type { Child } from '../child.ts';
import { schedulerFile } from '../control-plane.ts';
import { eventually } from '../eventually.ts';
import { isRunning } from '../hand.ts';
import type { Replica } from '../install.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { Group, homecomers, untilHomesLast } from './group.ts';

/** Mode A, highly available: two pairs of a scheduler and its extender. */
const used = useBed({ count: 200, gpus: 8, mode: 'act', isAsked: false });
const PODS = 1000;
const SLOTS = 64;

/** A scheduler of the manifests that asks this extender; of several one leads. */
async function startScheduler(name: string, urlPrefix: string): Promise<Child> {
  const file = await schedulerFile('own-scheduler');
  if (file.extenders?.[0] !== undefined) file.extenders[0].urlPrefix = urlPrefix;
  return used.bed.plane.runScheduler(name, file, { user: 'extender' });
}

let leading: Child;
let replica: Replica;
beforeAll(async () => {
  const { plane, surefoot } = used.bed;
  await surefoot.useComponent('own-scheduler');
  leading = await startScheduler('first', plane.extenderUrl);
  await used.hand.createPod(pod('warm-up'));
  await used.hand.runningPod('warm-up');
  replica = await surefoot.startReplica();
  await startScheduler('second', replica.askUrl);
});

describe('two pairs', () => {
  test('the leading scheduler is killed, and then the extender that the other one asks, while 1,000 pods come: none is lost, and a group goes home', async () => {
    const group = new Group(used, 'kept', SLOTS, { gpus: 8 });
    await group.create();
    const before = await group.placed();
    await untilHomesLast();

    let created = 0;
    const create = async (until: number) => {
      for (; created < until; created += 1) await used.hand.createPod(pod(`one-${created}`));
    };
    await create(300);
    await leading.stop('SIGKILL');
    await create(700);
    // It leads once the lease of the other one has expired.
    await eventually('the second scheduler to lead', async () => (await running()) > 400, {
      timeoutSeconds: 60,
    });
    await replica.kill();
    await create(PODS);
    replica = await used.bed.surefoot.startReplica(replica.ports);
    await eventually(`${PODS} pods to run`, async () => (await running()) === PODS, {
      timeoutSeconds: 180,
    });

    await used.hand.deleteJob(group.job);
    await group.create();
    const home = homecomers(before, await group.placed());
    console.log(`${home} of ${SLOTS} slots came home`);
    expect(home).toBe(SLOTS);
  });
});

async function running(): Promise<number> {
  const pods = await used.hand.pods();
  return pods.filter((one) => one.metadata?.name?.startsWith('one-') && isRunning(one)).length;
}
