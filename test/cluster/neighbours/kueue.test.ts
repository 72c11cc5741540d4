import { setTimeout as sleep } from 'node:timers/promises';
import {
  CustomObjectsApi,
  PatchStrategy,
  setHeaderOptions,
  type V1Job,
} from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { INJECTED } from '../../../webhook/words/keys.ts';
import { GPU } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { indexedJob } from '../workloads.ts';
import { KUEUE } from './controllers.ts';
import { byLabels, expectPrepared, Members, type Placed } from './members.ts';
import { Neighbour } from './neighbour.ts';

const SLOTS = 8;
const SPARES = 4;
const PINNED = 4;
/** A home lives as long as its pod ran. */
const LONG_ENOUGH_MS = 40_000;
const QUEUE_NAME = 'kueue.x-k8s.io/queue-name';
const WORKLOADS = {
  group: 'kueue.x-k8s.io',
  version: 'v1beta2',
  namespace: 'default',
  plural: 'workloads',
};

const used = useBed({
  count: SLOTS + SPARES,
  gpus: 8,
  mode: 'act',
  keepsPods: true,
  tainted: false,
});
const members = new Members(used, {
  selector: 'job-name=gang',
  count: SLOTS,
  slotOf: byLabels('batch.kubernetes.io/job-completion-index'),
});
const pinned = new Members(used, {
  selector: 'job-name=pinned',
  count: PINNED,
  slotOf: byLabels('batch.kubernetes.io/job-completion-index'),
});
let kueue: Neighbour;
let placed: Placed;

beforeAll(async () => {
  kueue = await Neighbour.install(used.bed, KUEUE);
  await kueue.apply(...queues());
});

/** A queue with room for the gang and no more, and one that chooses the node of each pod. */
function queues(): readonly object[] {
  const of = (kind: string, metadata: object, spec: object) => ({
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind,
    metadata,
    spec,
  });
  const queue = (name: string, flavor: string, nodes: number) => {
    const flavors = [{ name: flavor, resources: [{ name: GPU, nominalQuota: nodes * 8 }] }];
    const resourceGroups = [{ coveredResources: [GPU], flavors }];
    return [
      of('ClusterQueue', { name }, { namespaceSelector: {}, resourceGroups }),
      of('LocalQueue', { name, namespace: 'default' }, { clusterQueue: name }),
    ];
  };
  const levels = [{ nodeLabel: 'kubernetes.io/hostname' }];
  const nodeLabels = { 'bed.surefoot.dev/gpu': 'true' };
  return [
    of('ResourceFlavor', { name: 'gpus' }, {}),
    ...queue('team', 'gpus', SLOTS),
    of('Topology', { name: 'hosts' }, { levels }),
    of('ResourceFlavor', { name: 'hosts' }, { nodeLabels, topologyName: 'hosts' }),
    ...queue('chosen', 'hosts', PINNED),
  ];
}

/** A Job for a queue. */
function queued(name: string, slots: number, queue: string): V1Job {
  const job = indexedJob(name, slots, { gpus: 8 });
  job.metadata = { ...job.metadata, labels: { [QUEUE_NAME]: queue } };
  return job;
}

/** Whether Kueue lets the gang run; it evicts it where not. */
async function letRun(active: boolean): Promise<void> {
  const workloads = used.bed.admin.makeApiClient(CustomObjectsApi);
  const { items } = (await workloads.listNamespacedCustomObject(WORKLOADS)) as {
    items: { metadata: { name: string } }[];
  };
  await workloads.patchNamespacedCustomObject(
    { ...WORKLOADS, name: items[0]?.metadata.name ?? '', body: { spec: { active } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
}

test('a Job that its queue admits is prepared, and runs', async () => {
  await used.hand.createJob(queued('gang', SLOTS, 'team'));
  placed = await members.running();
  expectPrepared(placed);
});

test('a gang that Kueue evicts and admits again comes home', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await letRun(false);
  await eventually('its pods to be gone', async () => (await members.pods()).length === 0, {
    timeoutSeconds: 60,
  });
  await letRun(true);
  placed = await members.running(before);
  expect(await members.away(before, placed)).toEqual([]);
});

test('where Kueue chooses the node of each pod (topology-aware scheduling), its word goes, and ours says so', async () => {
  const job = queued('pinned', PINNED, 'chosen');
  const spread = { 'kueue.x-k8s.io/podset-unconstrained-topology': 'true' };
  Object.assign(job.spec?.template.metadata?.annotations ?? {}, spread);
  await used.hand.createJob(job);
  const running = await pinned.running();
  for (const { spec, metadata } of running.values()) {
    expect(metadata?.annotations).toHaveProperty([INJECTED]);
    expect(spec?.nodeSelector?.['kubernetes.io/hostname']).toBe(spec?.nodeName);
  }
  const [first] = running.values();
  const name = first?.metadata?.name ?? '';
  const decision = await eventually('the placement to be seen', () =>
    used.bed.surefoot.decisionFor(name),
  );
  expect(decision.unasked?.words).toBe(`pinned to ${nodeOf(first)} by Kueue: there was no choice`);
});
