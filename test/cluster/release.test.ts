import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AppsV1Api,
  CoordinationV1Api,
  PolicyV1Api,
  type V1Deployment,
  V1MicroTime,
  type V1Pod,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { HOLD, PROFILE, RELEASE } from '../../webhook/words/keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import type { RunningRelease } from './install.ts';
import { useAlerts } from './prometheus.ts';
import { Releasing } from './releasing.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

const used = useBed({ count: 24, gpus: 8, mode: 'act', audits: true, tainted: false });

/** As short as release.yaml lets it be. */
const RULES = {
  mode: 'act',
  brokenDevice: { after: '10s' },
  crashLoop: { restarts: '3/20s', others: 2 },
  storm: '99/10m',
  budgets: { node: '5/10m', owner: '5/10m', namespace: '50/10m', cluster: '50/10m' },
};
const RELEASED = { timeoutSeconds: 60 };
const releasing = new Releasing(used);
const alerts = useAlerts(used);
const LEASES = 'medik8s-leases';

let release: RunningRelease;

beforeAll(async () => {
  await used.bed.surefoot.allowReleases('default');
  release = await used.bed.surefoot.startRelease(RULES);
  await alerts.alsoScrape(new URL(release.adminUrl).host);
});

/** profiles.yaml with something in each profile. */
async function profilesWith(change: object): Promise<string> {
  const path = join(used.bed.surefoot.configDirectory, 'profiles.yaml');
  const profiles = parse(await readFile(path, 'utf8'));
  for (const profile of profiles.profiles) Object.assign(profile, change);
  return stringify(profiles);
}

function deployment(name: string, replicas: number): V1Deployment {
  const labels = { app: name };
  const { spec } = pod(name, { gpus: 8 });
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { [PROFILE]: 'nvidia' } },
        spec: { containers: [], ...spec, restartPolicy: 'Always' },
      },
    },
  };
}

async function onePod(job: string): Promise<V1Pod> {
  await used.hand.createJob(indexedJob(job, 1, { gpus: 8 }));
  const [only] = await releasing.running(`job-name=${job}`, 1);
  return only as V1Pod;
}

describe('a pod on a broken device', () => {
  test('is only observed, then evicted once, runs elsewhere, and is not released again so soon', async () => {
    await release.setRules({ ...RULES, mode: 'observe' });
    const old = await onePod('broken');
    await releasing.kubelet.tellHealth(old, 'Unhealthy');
    const how = async () => (await releasing.releaseOf(old))?.how;
    await eventually('it to be kept', async () => (await how()) === 'observed', RELEASED);
    expect(await releasing.isThere(old)).toBe(true);
    // What was only observed is done once it may be.
    await release.setRules(RULES);
    const next = await releasing.successorOf(old, 'job-name=broken');
    expect(nodeOf(next)).not.toBe(nodeOf(old));
    await eventually('it to be kept', async () => (await how()) === 'evicted');
    expect(await releasing.releaseOf(old)).toMatchObject({
      kind: 'brokenDevice',
      node: nodeOf(old),
      words: expect.stringMatching(
        /^the kubelet calls GPU-.* unhealthy; on gpu-\d+ it can expect to lose .* less$/,
      ),
    });
    expect(await releasing.evictionsOf(old)).toBe(1);
    const { items } = await used.hand.core.listNamespacedEvent({ namespace: 'default' });
    const told = items.filter(({ involvedObject }) => involvedObject.uid === old.metadata?.uid);
    expect(told.map(({ reason }) => reason)).toContain('Released');
    const ofNode = items.filter(({ involvedObject }) => involvedObject.name === nodeOf(old));
    expect(ofNode.map(({ reason }) => reason)).toContain('HazardHigh');
    expect(await release.metrics()).toMatch(
      /surefoot_release_verdicts_total\{kind="brokenDevice",how="evicted".*\} 1/,
    );
    const { said } = await used.bed.surefoot.command('report', used.bed.surefoot.asAdmin);
    expect(said).toContain('1 pod was evicted from a broken device or out of a crash loop');
    // Within the life of a home a slot is released once.
    await releasing.kubelet.tellHealth(next, 'Unhealthy');
    await releasing.staysBy(next, 'budget');
    expect(await releasing.isThere(next)).toBe(true);
  });

  test('stays where it is while anything speaks for that', async () => {
    const policy = used.bed.admin.makeApiClient(PolicyV1Api);
    await used.hand.createPod(pod('bare', { gpus: 8 }));
    const { core } = used.hand;
    await core.createNamespace({ body: { metadata: { name: 'unbound' } } });
    const jobs = ['held', 'opted-out', 'budgeted', 'maintained', 'node-held', 'flapping'];
    const pods = new Map<string, V1Pod>();
    for (const job of jobs) pods.set(job, await onePod(job));
    pods.set('bare', await used.hand.runningPod('bare'));
    const of = (name: string) => pods.get(name) as V1Pod;

    await used.hand.annotatePod(of('held'), { [HOLD]: 'somebody looks at it' });
    await used.hand.annotatePod(of('opted-out'), { [RELEASE]: 'false' });
    await used.hand.annotateNode(nodeOf(of('node-held')), { [HOLD]: '' });
    await policy.createNamespacedPodDisruptionBudget({
      namespace: 'default',
      body: {
        metadata: { name: 'budgeted' },
        spec: { maxUnavailable: 0, selector: { matchLabels: { 'job-name': 'budgeted' } } },
      },
    });
    await core.createNamespace({ body: { metadata: { name: LEASES } } });
    await used.bed.surefoot.allowLeases(LEASES);
    await release.setRules({ ...RULES, maintenanceLeases: LEASES });
    const leases = used.bed.admin.makeApiClient(CoordinationV1Api);
    await leases.createNamespacedLease({
      namespace: LEASES,
      body: {
        metadata: { name: `node-${nodeOf(of('maintained'))}` },
        spec: {
          holderIdentity: 'node-healthcheck',
          leaseDurationSeconds: 3600,
          renewTime: new V1MicroTime(),
        },
      },
    });

    const flaps = setInterval(() => {
      isHealthy = !isHealthy;
      void releasing.kubelet.tellHealth(of('flapping'), isHealthy ? 'Healthy' : 'Unhealthy');
    }, 6000);
    let isHealthy = false;
    for (const one of pods.values()) await releasing.kubelet.tellHealth(one, 'Unhealthy');
    await Promise.all([
      releasing.staysBy(of('bare'), 'owner'),
      releasing.staysBy(of('held'), 'hold'),
      releasing.staysBy(of('node-held'), 'hold'),
      releasing.staysBy(of('opted-out'), 'optedOut'),
      releasing.staysBy(of('budgeted'), 'disruptionBudget'),
      releasing.staysBy(of('maintained'), 'maintenance'),
    ]);
    // The budget of the cluster's is asked again, and the device that flaps has had its time thrice.
    await sleep(25_000);
    clearInterval(flaps);
    for (const [name, one] of pods)
      expect([name, await releasing.isThere(one)]).toEqual([name, true]);

    await used.hand.annotateNode(nodeOf(of('node-held')), { [HOLD]: null });
    await releasing.successorOf(of('node-held'), 'job-name=node-held');
    await leases.deleteNamespacedLease({
      namespace: LEASES,
      name: `node-${nodeOf(of('maintained'))}`,
    });
    await releasing.successorOf(of('maintained'), 'job-name=maintained');
    const lease = await eventually('the Lease to be given back', async () => {
      const { items } = await leases.listNamespacedLease({ namespace: LEASES });
      return items.find(({ spec }) => spec?.holderIdentity === '');
    });
    expect(lease.metadata?.name).toMatch(/^node-gpu-/);
    await release.setRules(RULES);
  });

  test('stays where no other node would take it', async () => {
    const { items } = await used.hand.core.listNode();
    const old = await onePod('alone');
    const others = items
      .map(({ metadata }) => metadata?.name ?? '')
      .filter((name) => name !== nodeOf(old));
    for (const name of others) await used.hand.patchNode(name, { spec: { unschedulable: true } });
    await releasing.kubelet.tellHealth(old, 'Unhealthy');
    await releasing.staysBy(old, 'better');
    for (const name of others) await used.hand.patchNode(name, { spec: { unschedulable: null } });
    await releasing.successorOf(old, 'job-name=alone');
  });
});

describe('a pod that crashes again and again', () => {
  test('is released where its fellows run elsewhere, and stays where nothing tells it from its program', async () => {
    await used.bed.surefoot.setProfiles(await profilesWith({ release: 'both' }));
    const apps = used.bed.admin.makeApiClient(AppsV1Api);
    for (const [name, replicas] of [
      ['many', 3],
      ['lonely', 1],
    ] as const) {
      await apps.createNamespacedDeployment({
        namespace: 'default',
        body: deployment(name, replicas),
      });
    }
    const [struck] = (await releasing.running('app=many', 3)) as [V1Pod];
    const [lonely] = (await releasing.running('app=lonely', 1)) as [V1Pod];
    // Its fellows have to have run steadily for as long as a loop is counted.
    await sleep(25_000);
    for (const one of [struck, lonely]) await releasing.kubelet.tellRestarts(one, 4);
    await releasing.staysBy(lonely, 'program');
    await eventually(
      'it to be released',
      async () => (await releasing.releaseOf(struck))?.how === 'evicted',
      RELEASED,
    );
    expect(await releasing.releaseOf(struck)).toMatchObject({
      kind: 'crashLoop',
      words: expect.stringContaining(
        '2 other pods of default/Deployment/many from the same template run steadily on other nodes',
      ),
    });
    expect(await releasing.isThere(lonely)).toBe(true);
    for (const name of ['many', 'lonely']) {
      await apps.deleteNamespacedDeployment({ namespace: 'default', name });
    }
  });
});

test('where devices break on many nodes at once, nothing is released', async () => {
  await release.setRules({ ...RULES, storm: '5/10m' });
  await used.hand.createJob(indexedJob('many-nodes', 8, { gpus: 8 }));
  const pods = await releasing.running('job-name=many-nodes', 8);
  for (const one of pods) await releasing.kubelet.tellHealth(one, 'Unhealthy');
  await releasing.staysBy(pods[0] as V1Pod, 'storm');
  // It fires once this has stood for ten minutes, of a second each here.
  expect(await alerts.fires('SurefootReleaseSuspended')).toMatch(/^No pod is released, because/);
  await sleep(5000);
  for (const one of pods) expect(await releasing.isThere(one)).toBe(true);
  expect(await release.metrics()).toMatch(/surefoot_release_suspended\{.*\} 1/);
  await release.setRules({ ...RULES, mode: 'observe' });
  await alerts.clears('SurefootReleaseSuspended');
});

test('the account deletes nothing, and asks for nothing that it may not', async () => {
  const asked = await releasing.asked();
  const verbs = new Set(asked.map(({ verb }) => verb));
  expect([...verbs].sort()).toEqual(['create', 'get', 'update', 'watch']);
  const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
  expect(refused.map(({ verb, objectRef }) => ({ verb, objectRef }))).toEqual([]);
});
