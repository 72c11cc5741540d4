import { CoreV1Api, Watch } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import type { Release } from '../../../extender/release/releases.ts';
import { Releasing } from '../releasing.ts';
import { useBed } from '../use-bed.ts';
import { indexedJob } from '../workloads.ts';

const TIMES = 20;
// A node that has had a fault is a worse one to go to: there have to be enough that had none.
const used = useBed({ count: 48, gpus: 8, mode: 'act', audits: true, tainted: false });
const releasing = new Releasing(used);
const RULES = {
  mode: 'act',
  brokenDevice: { after: '10s' },
  budgets: { node: '99/10m', owner: '99/10m', namespace: '99/10m', cluster: '99/10m' },
};

beforeAll(() => used.bed.surefoot.allowReleases('default'));

/** Resolves as soon as the verdict about a pod is stored, and its eviction is not yet said to be done. */
async function stored(uid: string): Promise<void> {
  const path = '/api/v1/namespaces/surefoot-system/configmaps';
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = await new Watch(used.bed.admin).watch(
    path,
    { fieldSelector: 'metadata.name=surefoot-releases' },
    (_type, { data = {} }: { data?: Record<string, string> }) => {
      const releases: readonly Release[] = JSON.parse(data['releases.json'] ?? '[]');
      if (releases.some((one) => one.uid === uid && one.how === 'evicting')) resolve();
    },
    () => {},
  );
  await promise;
  watch.abort();
}

test(`killed between its word and its deed ${TIMES} times, it evicts each pod once`, async () => {
  const { hand, bed } = used;
  const begun: number[] = [];
  for (let time = 1; time <= TIMES; time += 1) {
    const job = `killed-${time}`;
    const release = await bed.surefoot.startRelease(RULES);
    await hand.createJob(indexedJob(job, 1, { gpus: 8 }));
    const [old] = await releasing.running(`job-name=${job}`, 1);
    if (old === undefined) throw new Error('no pod runs');
    await releasing.kubelet.tellHealth(old, 'Unhealthy');
    await stored(old.metadata?.uid ?? '');
    await release.kill();
    begun.push(await releasing.evictionsOf(old));
    const next = await bed.surefoot.startRelease(RULES);
    await releasing.successorOf(old, `job-name=${job}`);
    expect(await releasing.evictionsOf(old)).toBe(1);
    await next.stop();
    await hand.deleteJob(job);
  }
  const core = bed.admin.makeApiClient(CoreV1Api);
  const { data } = await core.readNamespacedConfigMap({
    name: 'surefoot-releases',
    namespace: 'surefoot-system',
  });
  const releases: readonly Release[] = JSON.parse(data?.['releases.json'] ?? '[]');
  expect(releases.filter(({ how }) => how === 'evicted').length).toBeGreaterThanOrEqual(TIMES - 1);
  const before = begun.filter((count) => count === 0).length;
  console.log(`the eviction had not been asked for in ${before} of ${TIMES} kills`);
}, 3_600_000);
