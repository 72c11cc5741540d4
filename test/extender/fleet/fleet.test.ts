import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../extender/fleet/fleet.ts';
import { gpusAskedBy } from '../../../extender/fleet/kubelet.ts';
import { isOver } from '../../../extender/fleet/pod-status.ts';
import { admitTolerating, FLEET_START_SECONDS, makeFleet } from '../../make/fleet.ts';

const HOUR = 3600;
const TRAIN = 'workloads: [{ name: train, kind: group, pods: 2, gpus: 8, imageSize: 4Gi }]\n';
const LONE = 'workloads: [{ name: lone, kind: notebooks, pods: 1, gpus: 1, imageSize: 4Gi }]\n';

function reach(fleet: Fleet, seconds: number): Promise<void> {
  return fleet.timeline.runUntil(FLEET_START_SECONDS + seconds);
}

function podOf(fleet: Fleet, workload: string, index = 0) {
  return fleet.api.pods.get(fleet.workloads.get(workload)?.podAt(index) ?? '');
}

describe('the fleet', () => {
  test('does the same for the same seed, byte for byte, and something else for another', async () => {
    const tour = await readFile('extender/fleet/tour.yaml', 'utf8');
    const run = async (seed: number) => {
      const { fleet, log } = makeFleet(tour, { nodes: 24, seed });
      await reach(fleet, 3 * 24 * HOUR);
      return JSON.stringify([log, [...fleet.api.pods.all()], [...fleet.api.nodes.all()]]);
    };
    const first = await run(7);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
  });

  test('faults strike at moments that do not depend on who is placed where', async () => {
    const moments = async (pods: number) => {
      const script = `${TRAIN.replace('pods: 2', `pods: ${pods}`)}faultsPerThousandNodeDays: 2000\n`;
      const { fleet, log } = makeFleet(script);
      await reach(fleet, 5 * 24 * HOUR);
      return log
        .filter(({ kind }) => kind === 'device fault' || kind === 'rack outage')
        .map(({ atSeconds, node, words }) => `${atSeconds} ${node} ${words}`);
    };
    const few = await moments(1);
    expect(few.length).toBeGreaterThan(10);
    expect(await moments(3)).toEqual(few);
  });

  test('the tour shows each kind of trouble within its first hour', async () => {
    const { fleet, log } = makeFleet(await readFile('extender/fleet/tour.yaml', 'utf8'), {
      nodes: 24,
    });
    await reach(fleet, HOUR);
    const kinds = new Set(log.map(({ kind }) => kind));
    for (const kind of ['device fault', 'crash', 'planned reboot', 'group restart'] as const) {
      expect(kinds, kind).toContain(kind);
    }
    expect(kinds).not.toContain('refused');
  });

  test('no node ever has more devices bound than it has', async () => {
    const script = `${TRAIN}faultsPerThousandNodeDays: 3000\n`;
    const { fleet, log } = makeFleet(script);
    for (let hours = 1; hours <= 48; hours += 1) {
      await reach(fleet, hours * HOUR);
      for (const node of fleet.api.nodes.all()) {
        const bound = [...fleet.api.pods.all()]
          .filter((pod) => pod.spec.nodeName === node.metadata.name && !isOver(pod))
          .reduce((sum, pod) => sum + gpusAskedBy(pod), 0);
        expect(bound).toBeLessThanOrEqual(8);
      }
    }
    expect(log.some(({ kind }) => kind === 'group restart')).toBe(true);
  });

  test('a pod is pulled for at 40 MiB a second, once on each node', async () => {
    const { fleet } = makeFleet(LONE);
    await reach(fleet, 100);
    expect(podOf(fleet, 'lone')?.status?.phase).toBeUndefined();
    await reach(fleet, 104);
    expect(podOf(fleet, 'lone')?.status?.phase).toBe('Running');
    const node = fleet.api.nodes.get(podOf(fleet, 'lone')?.spec.nodeName ?? '');
    expect(node?.status.images).toEqual([
      { names: ['registry.example/train:1'], sizeBytes: 4 * 2 ** 30 },
    ]);
  });

  test('a broken device is withdrawn, its pod told and ended, and it is repaired', async () => {
    const fault =
      'faults: [{ at: 10m, breakDevice: { workload: train, index: 1, repairedAfter: 1h } }]\n';
    const { fleet, log } = makeFleet(TRAIN + fault);
    await reach(fleet, 599);
    const struck = podOf(fleet, 'train', 1);
    const node = struck?.spec.nodeName ?? '';
    const key = `default/${struck?.metadata.name}`;
    await reach(fleet, 602);

    expect(fleet.api.nodes.get(node)?.status).toMatchObject({
      capacity: { 'nvidia.com/gpu': '8' },
      allocatable: { 'nvidia.com/gpu': '7' },
    });
    const { phase, containerStatuses = [] } = fleet.api.pods.get(key)?.status ?? {};
    expect(phase).toBe('Failed');
    const health = containerStatuses[0]?.allocatedResourcesStatus?.[0]?.resources ?? [];
    expect(health.filter(({ health }) => health === 'Unhealthy')).toHaveLength(1);
    expect(health).toHaveLength(8);

    await reach(fleet, 700);
    expect(log.filter(({ kind }) => kind === 'group restart')).toHaveLength(1);
    expect(podOf(fleet, 'train', 0)?.metadata.uid).not.toBe(struck?.metadata.uid);
    expect(podOf(fleet, 'train', 1)?.spec.nodeName).not.toBe(node);
    await reach(fleet, 2 * HOUR);
    expect(fleet.api.nodes.get(node)?.status.allocatable['nvidia.com/gpu']).toBe('8');
  });

  test('a planned reboot drains, takes the devices away for a while, and changes the boot id', async () => {
    const { fleet } = makeFleet(`${LONE}faults: [{ at: 10m, reboot: { workload: lone } }]\n`);
    await reach(fleet, 599);
    const node = podOf(fleet, 'lone')?.spec.nodeName ?? '';
    const before = fleet.api.nodes.get(node)?.status.nodeInfo.bootID;
    await reach(fleet, 601);
    expect(podOf(fleet, 'lone')?.status?.conditions).toMatchObject([
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
    ]);
    await reach(fleet, 640);
    const down = fleet.api.nodes.get(node);
    expect(down?.status.conditions[0]?.status).toBe('False');
    expect(down?.status.allocatable['nvidia.com/gpu']).toBe('0');
    await reach(fleet, 1000);
    const back = fleet.api.nodes.get(node);
    expect(back?.status.allocatable['nvidia.com/gpu']).toBe('8');
    expect(back?.spec.unschedulable).toBeUndefined();
    expect(back?.status.nodeInfo.bootID).not.toBe(before);
    expect(podOf(fleet, 'lone')?.status?.phase).toBe('Running');
  });

  test('a pod that nobody tolerates stays pending, and a scheduler asks nobody about one node', async () => {
    const asked: number[] = [];
    const { fleet } = makeFleet(LONE, {
      doors: {
        admit: async (pod) => pod,
        prioritize: async ({ NodeNames }) => {
          asked.push(NodeNames.length);
          return [];
        },
      },
    });
    await reach(fleet, HOUR);
    expect(podOf(fleet, 'lone')?.spec.nodeName).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('without an extender lots are drawn among equal nodes; an extender without an opinion gets always the same', async () => {
    const chosen = async (prioritize?: () => Promise<[]>) => {
      const nodes = new Set<string>();
      for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
        const doors = { admit: admitTolerating, ...(prioritize !== undefined && { prioritize }) };
        const { fleet } = makeFleet(LONE, { seed, nodes: 8, doors });
        await reach(fleet, 1);
        nodes.add(podOf(fleet, 'lone')?.spec.nodeName ?? '');
      }
      return nodes;
    };
    expect((await chosen()).size).toBeGreaterThan(2);
    expect((await chosen(async () => [])).size).toBe(1);
  });

  test('an answer of the extender steers', async () => {
    const { fleet } = makeFleet(LONE, {
      doors: {
        admit: (pod) =>
          Promise.resolve({
            ...pod,
            spec: { ...pod.spec, tolerations: [{ operator: 'Exists' }] },
          }),
        prioritize: async ({ NodeNames }) =>
          NodeNames.map((Host) => ({ Host, Score: Host === 'gpu-3' ? 0 : -10 })),
      },
    });
    await reach(fleet, 1);
    expect(podOf(fleet, 'lone')?.spec.nodeName).toBe('gpu-3');
  });
});
