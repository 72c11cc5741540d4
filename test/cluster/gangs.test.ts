import { AppsV1Api, type V1Pod } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { DEVICE_FAULT } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { podOf, seesImage } from './journey.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

const BLOCK = 'topology.kubernetes.io/block';
const BLOCKS = 4;
const PER_BLOCK = 18;
const MEMBERS = 16;
const used = useBed({
  count: BLOCKS * PER_BLOCK,
  gpus: 8,
  mode: 'act',
  labels: (name) => ({ [BLOCK]: blockOf(name) }),
});

function blockOf(node = ''): string {
  return `block-${Math.floor((Number(node.slice('gpu-'.length)) - 1) / PER_BLOCK)}`;
}

function blocksOf(pods: ReadonlyMap<string, V1Pod>): readonly string[] {
  return [...new Set([...pods.values()].map((one) => blockOf(nodeOf(one))))];
}

const WHOLE = { gpus: 8, annotations: { 'surefoot.dev/checkpoint': '1h' } };

/** The Job's pods once the device of one member has broken and its successor runs. */
async function afterFaultOf(
  job: string,
  members: number,
  member: V1Pod,
): Promise<ReadonlyMap<string, V1Pod>> {
  await used.hand.annotatePod(member, { [DEVICE_FAULT]: '1' });
  return eventually(
    `${job} to run again`,
    async () => {
      const failed = (await used.hand.pod(member.metadata?.name ?? '')).status?.phase === 'Failed';
      return failed && used.hand.runningByIndex(job, members, 1);
    },
    { timeoutSeconds: 60 },
  );
}

beforeAll(async () => {
  await used.bed.surefoot.setExtender('topology', [{ labels: [BLOCK], slowdown: '5%' }]);
  // With another topology all nodes are read anew.
  await eventually('the extender to know the blocks', async () => {
    const nodes = await used.bed.surefoot.nodes();
    return nodes.every(({ node, domains }) => domains?.[0] === blockOf(node));
  });
});

test('jobs of 16 end up in one block each while there is room', async () => {
  const blocks: string[] = [];
  for (const job of ['first', 'second', 'third', 'fourth']) {
    await used.hand.createJob(indexedJob(job, MEMBERS, WHOLE));
    const own = blocksOf(await used.hand.runningByIndex(job, MEMBERS));
    expect(own, job).toHaveLength(1);
    blocks.push(...own);
  }
  expect(new Set(blocks).size).toBe(BLOCKS);
}, 180_000);

test('a spare inside comes before a better node outside', async () => {
  await used.hand.createJob(indexedJob('train', MEMBERS, WHOLE));
  const before = await used.hand.runningByIndex('train', MEMBERS);
  const [block = ''] = blocksOf(before);
  const better = `gpu-${block === 'block-0' ? PER_BLOCK + 1 : 1}`;
  const [{ image = '' } = {}] = before.get('0')?.spec?.containers ?? [];
  await used.hand.giveImage(better, image, 12_000_000_000);
  await seesImage(used, better, image);

  const successor = podOf(await afterFaultOf('train', MEMBERS, podOf(before, '3')), '3');
  expect(blockOf(nodeOf(successor))).toBe(block);
  expect(nodeOf(successor)).not.toBe(nodeOf(before.get('3')));
  const decision = await used.bed.surefoot.decisionFor(successor.metadata?.name ?? '');
  const words = decision?.forecasts.map((forecast) => forecast.words).join('\n');
  expect(words).toContain(`72 min slower outside ${block}, where its job is`);
}, 120_000);

test('where no spare is left inside it goes outside, and that is said', async () => {
  await used.hand.createJob(indexedJob('whole', PER_BLOCK, WHOLE));
  const before = await used.hand.runningByIndex('whole', PER_BLOCK);
  const [block = '', ...others] = blocksOf(before);
  expect(others).toEqual([]);

  const successor = podOf(await afterFaultOf('whole', PER_BLOCK, podOf(before, '5')), '5');
  expect(blockOf(nodeOf(successor))).not.toBe(block);
  const decision = await used.bed.surefoot.decisionFor(successor.metadata?.name ?? '');
  expect(decision?.remarks.map(({ words }) => words)).toContain(
    `no candidate has room in ${block}, where its job is, so it has to go elsewhere`,
  );
}, 120_000);

test('notebooks are not gathered: where the others are costs them nothing', async () => {
  const apps = used.bed.admin.makeApiClient(AppsV1Api);
  const { metadata, spec } = pod('nb', WHOLE);
  const labels = { app: 'nb' };
  await apps.createNamespacedStatefulSet({
    namespace: 'default',
    body: {
      metadata: { name: 'nb' },
      spec: {
        replicas: 4,
        serviceName: 'nb',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template: {
          metadata: { annotations: { ...metadata?.annotations }, labels },
          spec: { containers: [], ...spec, restartPolicy: 'Always' },
        },
      },
    },
  });
  for (let index = 0; index < 4; index += 1) await used.hand.runningPod(`nb-${index}`);
  const decision = await used.bed.surefoot.decisionFor('nb-3');
  expect(decision?.forecasts.length).toBeGreaterThan(1);
  for (const { seconds } of decision?.forecasts ?? []) {
    expect([seconds.leavesDomain, seconds.sharedDomain]).toEqual([0, 0]);
  }
  await apps.deleteNamespacedStatefulSet({ name: 'nb', namespace: 'default' });
});
