import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { homeLabelOf } from '../../webhook/words/home-label.ts';
import { HAZARD, MANAGED } from '../../webhook/words/keys.ts';
import { sample } from '../samples.ts';
import { GPU } from './bed-keys.ts';
import type { Child } from './child.ts';
import { schedulerFile } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { isRunning, nodeOf } from './hand.ts';
import { journey, seesImage } from './journey.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

/** Mode A: a scheduler of our own, beside the cluster's, which knows nothing of us. */
const used = useBed({ count: 20, gpus: 8, mode: 'act', isAsked: false });
const OURS = 'surefoot-scheduler';

/** The scheduler of the manifests, which asks this extender, or nobody. */
async function startOurs(name: string, urlPrefix: string | undefined): Promise<Child> {
  const config = await schedulerFile('own-scheduler');
  if (urlPrefix === undefined) delete config.extenders;
  else if (config.extenders?.[0] !== undefined) config.extenders[0].urlPrefix = urlPrefix;
  return used.bed.plane.runScheduler(name, config, { user: 'extender' });
}

let ours: Child;
beforeAll(async () => {
  await used.bed.surefoot.useComponent('own-scheduler');
  ours = await startOurs('ours', used.bed.plane.extenderUrl);
});

const asked = async () =>
  sample(await used.bed.surefoot.extenderMetrics(), 'surefoot_prioritize_requests_total');

describe('a scheduler of our own', () => {
  journey(used, { broken: 'gpu-7' });

  test('gets the pods that opted in, and no others; those are placed as if nobody were there', async () => {
    const before = await asked();
    for (const [name, gpus] of [
      ['plain', 0],
      ['foreign', 1],
    ] as const) {
      const body = pod(name, { gpus, profile: undefined });
      if (body.spec !== undefined) body.spec.tolerations = [{ key: GPU, operator: 'Exists' }];
      await used.hand.createPod(body);
    }
    for (const name of ['plain', 'foreign']) {
      expect((await used.hand.runningPod(name)).spec?.schedulerName).toBe('default-scheduler');
    }
    expect(await asked()).toBe(before);
    await used.hand.createPod(pod('device'));
    expect((await used.hand.runningPod('device')).spec?.schedulerName).toBe(OURS);
    expect(await asked()).toBe(before + 1);
  });

  test('a pod that fits nowhere shows an autoscaler what the stock scheduler shows', async () => {
    const condition = async (name: string, body: V1Pod) => {
      await used.hand.createPod(body);
      return eventually(`${name} to be unschedulable`, async () => {
        const { status } = await used.hand.pod(name);
        return status?.conditions?.find(
          ({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable',
        );
      });
    };
    const here = await condition('here', pod('here', { gpus: 9 }));
    const stock = pod('stock', { gpus: 9, profile: undefined });
    if (stock.spec !== undefined) stock.spec.tolerations = [{ key: GPU, operator: 'Exists' }];
    const there = await condition('stock', stock);
    expect((await used.hand.pod('here')).spec?.schedulerName).toBe(OURS);
    expect({ status: here.status, message: here.message }).toEqual({
      status: there.status,
      message: there.message,
    });
    expect(here.message).toContain(`Insufficient ${GPU}`);
  });

  test('mixed pods of one and eight GPUs leave as many whole nodes as packing alone', async () => {
    const image = 'registry.example/mixed:1';
    for (let node = 1; node <= 20; node += 2) {
      await used.hand.giveImage(`gpu-${node}`, image, 12_000_000_000);
      await seesImage(used, `gpu-${node}`, image);
    }
    const wholeNodesLeft = async () => {
      for (let index = 0; index < 36; index += 1) {
        const gpus = index % 9 === 0 ? 8 : 1;
        await used.hand.createPod(pod(`mixed-${index}`, { gpus, image }));
      }
      const pods = await eventually(
        'all to run',
        async () => {
          const running = (await used.hand.pods()).filter(isRunning);
          return running.length === 36 && running;
        },
        { timeoutSeconds: 60 },
      );
      await used.hand.clear();
      return 20 - new Set(pods.map(nodeOf)).size;
    };
    const withUs = await wholeNodesLeft();
    await ours.stop();
    const alone = await startOurs('alone', undefined);
    const packed = await wholeNodesLeft();
    await alone.stop();
    ours = await startOurs('ours', used.bed.plane.extenderUrl);
    console.log(`whole nodes left: ${withUs} with the extender, ${packed} by packing alone`);
    expect(withUs).toBeGreaterThanOrEqual(packed);
    expect(packed).toBeGreaterThanOrEqual(10);
  });
});

describe('surefoot leave', () => {
  const leave = (...flags: readonly string[]) =>
    used.bed.surefoot.command('leave', used.bed.surefoot.asAdmin, '--patience=1', ...flags);

  test('says what would be left waiting, and then leaves nothing of ours in the way', async () => {
    // Whoever keeps the history would see the mark and take it away itself.
    await used.bed.surefoot.killExtender();
    await used.hand.patchNode('gpu-4', { metadata: { labels: { [HAZARD]: 'high' } } });
    const home = homeLabelOf('default/Job/away/0');
    await used.hand.patchNode('gpu-5', { metadata: { labels: { [home]: '' } } });
    await used.hand.createPod(pod('too-large', { gpus: 9 }));
    const job = indexedJob('stuck', 1, { gpus: 1 });
    Object.assign(job.spec?.template.spec ?? {}, { schedulerName: OURS });
    await used.hand.createJob(job);
    await used.hand.runningByIndex('stuck', 1);

    const tried = await leave('--dry-run');
    expect(tried.status).toBe(1);
    expect(tried.said).toMatch(/^would delete the registration .*\n/);
    const first = await leave();
    expect(first.status).toBe(1);
    expect(first.said).toMatch(
      /deleted the registration mutatingwebhookconfiguration\/zz-surefoot/,
    );
    expect(first.said).toMatch(
      /pod default\/too-large waits for our scheduler\n {2}-> make room for it, or delete it/,
    );
    expect(first.said).toMatch(
      /job default\/stuck names our scheduler.*\n {2}-> take schedulerName/,
    );
    expect((await used.hand.core.readNode({ name: 'gpu-4' })).metadata?.labels?.[HAZARD]).toBe(
      'high',
    );

    await used.hand.clear();
    const second = await leave();
    expect(second.said).toMatch(/registration .* is gone already\n/);
    expect(second.said).toMatch(/took our marks off gpu-4, gpu-5\n/);
    expect(second.said).toMatch(/Now: kubectl delete -k manifests\/default\n$/);
    expect(second.status).toBe(0);
    const { metadata } = await used.hand.core.readNode({ name: 'gpu-4' });
    expect(metadata?.labels?.[HAZARD]).toBeUndefined();
    const { metadata: other } = await used.hand.core.readNode({ name: 'gpu-5' });
    expect(other?.labels?.[home]).toBeUndefined();
    const after = pod('after', { gpus: 1 });
    if (after.spec !== undefined) after.spec.tolerations = [{ key: GPU, operator: 'Exists' }];
    await used.hand.createPod(after);
    const { metadata: plain, spec } = await used.hand.runningPod('after');
    expect(spec?.schedulerName).toBe('default-scheduler');
    expect(plain?.labels?.[MANAGED]).toBeUndefined();
  });
});
