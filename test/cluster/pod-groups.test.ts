import { CustomObjectsApi, type V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { sample } from '../samples.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { useBed } from './use-bed.ts';
import { DEFAULT_MINOR } from './versions.ts';
import { pod } from './workloads.ts';

const MINOR = process.env.SUREFOOT_KUBERNETES ?? DEFAULT_MINOR;
/** Pod groups are an API of their own from 1.37 on, beta and off. */
const HAS_GROUPS = !['1.35', '1.36'].includes(MINOR);

const used = useBed({
  count: 4,
  gpus: 8,
  mode: 'act',
  ...(HAS_GROUPS && {
    gates: 'GenericWorkload=true',
    runtimeConfig: 'scheduling.k8s.io/v1beta1=true',
  }),
});

async function createGroup(name: string, minCount: number): Promise<void> {
  const api = used.bed.admin.makeApiClient(CustomObjectsApi);
  await api.createNamespacedCustomObject({
    group: 'scheduling.k8s.io',
    version: 'v1beta1',
    namespace: 'default',
    plural: 'podgroups',
    body: {
      apiVersion: 'scheduling.k8s.io/v1beta1',
      kind: 'PodGroup',
      metadata: { name },
      spec: { schedulingPolicy: { gang: { minCount } } },
    },
  });
}

function member(group: string, index: number): V1Pod {
  const one = pod(`${group}-${index}`, { gpus: 8 });
  Object.assign(one.spec ?? {}, { schedulingGroup: { podGroupName: group } });
  return one;
}

async function askedTimes(): Promise<number> {
  const metrics = await used.bed.surefoot.extenderMetrics();
  return sample(metrics, 'surefoot_prioritize_requests_total', { result: 'answered' });
}

describe.runIf(HAS_GROUPS)('a pod group', () => {
  test('that is asked about and does not fit leaves no trace', async () => {
    const before = await askedTimes();
    await createGroup('five', 5);
    for (const index of [0, 1, 2, 3, 4]) await used.hand.createPod(member('five', index));
    await eventually('the scheduler to have asked about its members', async () => {
      return (await askedTimes()) > before;
    });
    await eventually('the group to be found too large', async () => {
      const pods = await used.hand.pods();
      return pods.every(({ status }) =>
        status?.conditions?.some(
          ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
        ),
      );
    });
    for (const one of await used.hand.pods()) expect(nodeOf(one)).toBe('');
    const nodes = await used.bed.surefoot.nodes();
    expect(
      nodes.flatMap(({ homeOf, incidents, pods }) => [...homeOf, ...incidents, ...pods]),
    ).toEqual([]);
    for (const decision of await used.bed.surefoot.decisions()) {
      expect(decision).not.toHaveProperty('boundTo');
      expect(decision).not.toHaveProperty('unasked');
    }
  });

  test('that fits is placed, and its decisions are joined with where', async () => {
    await createGroup('three', 3);
    for (const index of [0, 1, 2]) await used.hand.createPod(member('three', index));
    const nodes = new Set<string>();
    for (const index of [0, 1, 2]) {
      const node = nodeOf(await used.hand.runningPod(`three-${index}`));
      nodes.add(node);
      const decision = await eventually('the decision to be joined', async () => {
        const found = await used.bed.surefoot.decisionFor(`three-${index}`);
        return found?.boundTo !== undefined && found;
      });
      expect(decision.boundTo).toBe(node);
    }
    expect(nodes.size).toBe(3);
  });
});
