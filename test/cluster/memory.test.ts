import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ShownNode } from '../../extender/page/shapes.ts';
import { BROKEN, CRASH, DEVICE_FAULT, GPU, REBOOT } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

const NODES = 288;
const PER_RACK = 18;
const used = useBed({
  count: NODES,
  gpus: 8,
  mode: 'act',
  labels: (name) => ({ 'topology.kubernetes.io/rack': rackOf(name) }),
});

function rackOf(name: string): string {
  return `rack-${Math.floor((Number(name.slice('gpu-'.length)) - 1) / PER_RACK)}`;
}

/** Names of the nodes from one number to another, both included. */
function nodesOf(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_none, index) => `gpu-${first + index}`);
}

/** A label that keeps pods of a test on nodes of their own. */
function pool(name: string) {
  return { metadata: { labels: { 'surefoot.test/pool': name } } };
}

function weightOf({ incidents }: ShownNode): number {
  return incidents.reduce((sum, { weight }) => sum + weight, 0);
}

/** Nodes of which the history holds anything against them, of these. */
async function marked(names: readonly string[]): Promise<readonly string[]> {
  const wanted = new Set(names);
  const nodes = await used.bed.surefoot.nodes();
  return nodes.filter((one) => wanted.has(one.node) && weightOf(one) > 0).map(({ node }) => node);
}

const XID_79 = {
  type: 'SysLogsXIDError',
  status: 'True',
  reason: 'SysLogsXIDErrorIsNotHealthy',
  message: 'ErrorCode:79 PCI:0000:3b:00 GPU has fallen off the bus Recommended Action=RESTART_BM;',
};
const healthy = (type: string) => ({ type, status: 'False', reason: 'IsHealthy', message: '' });

beforeAll(async () => {
  await eventually('the extender to keep the history', async () => {
    return (await used.bed.surefoot.signals()).keepsHistory;
  });
});

describe('one fault is one incident', () => {
  test('Event, condition, allocatable, pod health, rejection, cordon and reboot: one', async () => {
    const name = 'gpu-260';
    await used.hand.patchNode(name, { metadata: { labels: { 'surefoot.test/pool': 'one' } } });
    const on = (podName: string) => {
      const body = pod(podName);
      return {
        ...body,
        spec: { ...body.spec, containers: body.spec?.containers ?? [], nodeName: name },
      };
    };
    await used.hand.createPod(on('victim'));
    const victim = await used.hand.runningPod('victim');
    await used.hand.tellEvent(name, {
      component: 'nvidia-gpu-device-plugin',
      reason: 'XIDError',
      type: 'Warning',
      message: 'Caught XID error, XID=79',
    });
    await used.hand.setConditions(name, [XID_79]);
    await used.hand.withdrawDevices(name, 7);
    await used.hand.annotatePod(victim, { [DEVICE_FAULT]: '1' });
    await eventually(
      'the device fault',
      async () => (await used.hand.pod('victim')).status?.phase === 'Failed',
    );
    await used.hand.annotateNode(name, { [BROKEN]: '8' });
    await sleep(500);
    await used.hand.createPod(on('next'));
    await eventually(
      'the rejection',
      async () => (await used.hand.pod('next')).status?.phase === 'Failed',
    );
    await used.hand.patchNode(name, { spec: { unschedulable: true } });
    await used.hand.annotateNode(name, { [BROKEN]: null, [REBOOT]: 'repair' });
    await used.hand.setConditions(name, [healthy('SysLogsXIDError')]);
    await used.hand.withdrawDevices(name, 8);
    await used.hand.patchNode(name, { spec: { unschedulable: null } });
    // The Event, the condition, the count, the pod, the refusal and the boot.
    const closed = await eventually('all of it to be told, and over', async () => {
      const incidents = (await used.bed.surefoot.node(name))?.incidents ?? [];
      const isOver = incidents.every(({ closedAt }) => closedAt !== undefined);
      const told = incidents.flatMap(({ evidence }) => evidence);
      return isOver && told.length >= 6 && incidents;
    });
    expect(closed).toHaveLength(1);
    expect(closed[0]).toMatchObject({ class: 'fatal', weight: 0.95, device: `GPU-${name}-0` });
  }, 60_000);

  test('one device kills the same 50-pod gang twice: only its node is marked', async () => {
    const before = new Set(await marked(nodesOf(1, NODES)));
    const fresh = async () => (await marked(nodesOf(1, NODES))).filter((name) => !before.has(name));
    // The gang has its own 50 nodes, so that it meets the broken one again.
    for (const name of nodesOf(1, 50)) await used.hand.patchNode(name, pool('gang'));
    const job = indexedJob('gang', 50, { gpus: 8 });
    const template = job.spec?.template.spec;
    if (template !== undefined) template.nodeSelector = pool('gang').metadata.labels;
    await used.hand.createJob(job);
    const first = await used.hand.runningByIndex('gang', 50, 90);
    const struck = nodeOf(first.get('7'));
    await killGang(first, struck);
    await eventually('the node to be marked', async () => (await fresh()).length > 0);
    // As group controllers do: the Job is made anew, under its name.
    await used.hand.deleteJob('gang');
    await used.hand.createJob(job);
    const second = await used.hand.runningByIndex('gang', 50, 90);
    await killGang(second, struck);
    await sleep(2000);
    expect(await fresh()).toEqual([struck]);
  }, 240_000);

  /** The device of the pod on that node breaks; all the others lose it and end. */
  async function killGang(members: ReadonlyMap<string, V1Pod>, node: string): Promise<void> {
    const victim = [...members.values()].find((one) => nodeOf(one) === node);
    if (victim !== undefined) await used.hand.annotatePod(victim, { [DEVICE_FAULT]: '1' });
    const others = [...members.values()].filter((one) => one !== victim);
    await Promise.all(others.map((one) => used.hand.annotatePod(one, { [CRASH]: '1' })));
    // The plugin withdraws the device, and offers it again after a reset.
    await used.hand.withdrawDevices(node, 7);
    await sleep(1000);
    await used.hand.withdrawDevices(node, 8);
  }
});

describe('whose fault it is', () => {
  const xid = (code: string) => ({ ...XID_79, message: `ErrorCode:${code} PCI:0000:3b:00 ?;` });

  test('one broken job that fails on all its nodes, in two racks: no node is marked', async () => {
    const nodes = nodesOf(55, 90);
    for (const name of nodes) await used.hand.patchNode(name, pool('broken'));
    const job = indexedJob('broken', 36, { gpus: 8 });
    const template = job.spec?.template.spec;
    if (template !== undefined) template.nodeSelector = pool('broken').metadata.labels;
    await used.hand.createJob(job);
    await used.hand.runningByIndex('broken', 36, 90);
    for (const name of nodes) await used.hand.setConditions(name, [xid('46')]);
    await eventually('the job to be blamed', async () => {
      const shown = (await used.bed.surefoot.nodes()).filter(({ node }) => nodes.includes(node));
      return shown.every(({ incidents }) =>
        incidents.some(({ discounts }) =>
          discounts.join().startsWith('default/Job/broken failed on 36'),
        ),
      );
    });
    expect(await marked(nodes)).toEqual([]);
    for (const name of nodes) await used.hand.setConditions(name, [healthy(XID_79.type)]);
  }, 120_000);

  test('a bad rack marks the rack: one fault, shared by its nodes', async () => {
    const rack = nodesOf(127, 144);
    await Promise.all(rack.map((name) => used.hand.setConditions(name, [xid('79')])));
    const ofRack = async () =>
      (await used.bed.surefoot.nodes()).filter(({ node }) => rack.includes(node));
    await eventually('the rack to be blamed', async () => {
      return (await ofRack()).every(({ incidents }) =>
        incidents.some(({ discounts }) => discounts.join() === '18 nodes of rack-7 had it at once'),
      );
    });
    const weights = (await ofRack()).map(weightOf);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(0.95, 1);
    expect(
      (await marked(nodesOf(1, NODES))).filter((name) => rackOf(name) === 'rack-7'),
    ).toHaveLength(18);
    await Promise.all(rack.map((name) => used.hand.setConditions(name, [healthy(XID_79.type)])));
  }, 60_000);
});

describe('tenants', () => {
  test('one with the right to edit forges Events, exit codes and messages: nothing changes', async () => {
    const raw = await RawClient.for(used.bed);
    const role = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind });
    await raw.send('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'tenant' },
      roleRef: { ...role('ClusterRole'), name: 'edit' },
      subjects: [{ ...role('User'), name: 'tenant' }],
    });
    const asTenant = (path: string, body: object) =>
      raw.send('POST', `/api/v1/namespaces/default/${path}`, body, undefined, 'tenant');
    const node = 'gpu-270';
    const event = (component: string, reason: string, message: string) => ({
      metadata: { generateName: `${node}.` },
      involvedObject: { kind: 'Node', name: node },
      source: { component },
      lastTimestamp: new Date().toISOString(),
      type: 'Warning',
      reason,
      message,
    });
    await eventually('the tenant to be known', async () => {
      const { status } = await asTenant('events', event('mine', 'Hello', 'hello'));
      return status === 201;
    });
    for (let index = 0; index < 20; index += 1) {
      const xidEvent = event('nvidia-gpu-device-plugin', 'XIDError', 'Caught XID error, XID=79');
      expect((await asTenant('events', xidEvent)).status).toBe(201);
      await asTenant('events', event('aks-auto-repair', 'NodeRebootStart', 'reboot'));
    }
    for (let index = 0; index < 5; index += 1) {
      const body = pod(`forged-${index}`, { annotations: { [CRASH]: '1' } });
      await asTenant('pods', { ...body, spec: { ...body.spec, nodeName: node } });
      await eventually('the crash', async () => {
        return (await used.hand.pod(`forged-${index}`)).status?.phase === 'Failed';
      });
    }
    await eventually('the forged Events to be seen', async () => {
      const { rows } = await used.bed.surefoot.signals();
      return (rows.find(({ name }) => name === 'gke-xid-event')?.times ?? 0) >= 20;
    });
    const shown = await used.bed.surefoot.node(node);
    expect(shown?.incidents.filter(({ weight }) => weight > 0)).toEqual([]);
    expect(shown?.ignored).toContainEqual(expect.objectContaining({ why: 'untrusted', times: 20 }));
  }, 60_000);
});

describe('the device stays the same device', () => {
  test('MIG repartition, time-slicing and dynamic resource allocation: no incident, no history lost', async () => {
    const name = 'gpu-280';
    const counts = (resources: Readonly<Record<string, string | null>>) =>
      used.hand.patchNodeStatus(name, { capacity: resources, allocatable: resources });
    const device = { ...XID_79, message: 'ErrorCode:79 GPU_UUID:GPU-280a fell off the bus;' };
    await used.hand.setConditions(name, [device]);
    await used.hand.setConditions(name, [healthy(XID_79.type)]);
    const remembered = async () =>
      ((await used.bed.surefoot.node(name))?.incidents ?? []).map(({ weight, device: id }) => [
        weight,
        id,
      ]);
    await eventually('the incident', async () => (await remembered()).length === 1);
    const before = await remembered();
    expect(before).toEqual([[0.95, 'GPU-280a']]);
    const mig = 'nvidia.com/mig-1g.10gb';
    for (const step of [
      { [GPU]: '0' },
      { [GPU]: '7', [mig]: '7' },
      { [GPU]: '8', [mig]: null },
      { [GPU]: '32' },
      { [GPU]: null },
    ]) {
      await counts(step);
    }
    const raw = await RawClient.for(used.bed);
    const slice = await raw.send('POST', '/apis/resource.k8s.io/v1/resourceslices', {
      metadata: { name: `${name}-gpu.nvidia.com` },
      spec: {
        driver: 'gpu.nvidia.com',
        nodeName: name,
        pool: { name, generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'gpu-0', attributes: { uuid: { string: 'GPU-280a' } } }],
      },
    });
    expect(slice.status).toBe(201);
    await sleep(1500);
    expect(await remembered()).toEqual(before);
    await counts({ [GPU]: '8' });
  }, 60_000);
});

// Last, because for a while after routine work the nodes are judged mildly.
describe('routine work marks no node', () => {
  test('288 nodes in racks of 18, rebooted by plan, with 214 false alarms', async () => {
    const alarm = {
      type: 'GpuNvlinkWatch',
      status: 'True',
      reason: 'GpuNvlinkWatchIsNotHealthy',
      message: 'ErrorCode:DCGM_FR_NVLINK_DOWN GPU:0;',
    };
    const before = await marked(nodesOf(1, NODES));
    let alarms = 0;
    for (let first = 1; first <= NODES; first += PER_RACK) {
      const rack = nodesOf(first, first + PER_RACK - 1);
      await Promise.all(
        rack.map((name) => used.hand.patchNode(name, { spec: { unschedulable: true } })),
      );
      await Promise.all(
        rack.map((name) => used.hand.annotateNode(name, { [REBOOT]: `planned-${name}` })),
      );
      const alarmed = rack.slice(0, Math.min(PER_RACK, 214 - alarms));
      alarms += alarmed.length;
      await Promise.all(alarmed.map((name) => used.hand.setConditions(name, [alarm])));
      await Promise.all(
        alarmed.map((name) => used.hand.setConditions(name, [healthy('GpuNvlinkWatch')])),
      );
      await Promise.all(
        rack.map((name) => used.hand.patchNode(name, { spec: { unschedulable: null } })),
      );
    }
    expect(alarms).toBe(214);
    await eventually('all nodes to be back', async () => {
      const nodes = await used.bed.surefoot.nodes();
      return nodes.every(({ state }) => state === 'ready');
    });
    // The alarms were there: each was waited with, and let go.
    const ignoredOn = async () =>
      (await used.bed.surefoot.nodes())
        .filter(({ ignored }) => ignored.some(({ words }) => words.includes('a link')))
        .map(({ node }) => node);
    await eventually('the alarms to be let go', async () => {
      const names = new Set(await ignoredOn());
      expect(nodesOf(1, 214).filter((name) => !names.has(name))).toEqual([]);
      return true;
    });
    expect(await marked(nodesOf(1, NODES))).toEqual(before);
  }, 120_000);

  test('a driver and device-plugin rollout over 100 nodes, one at a time; and restarted kubelets', async () => {
    const before = await marked(nodesOf(1, 120));
    const state = (value: string) => ({
      metadata: { labels: { 'nvidia.com/gpu-driver-upgrade-state': value } },
    });
    for (const name of nodesOf(1, 100)) {
      await used.hand.patchNode(name, state('pod-restart-required'));
      await used.hand.setConditions(name, [
        { type: 'UnhealthyNvidiaDevicePlugin', status: 'True' },
      ]);
      await used.hand.withdrawDevices(name, 0);
      await used.hand.withdrawDevices(name, 5);
      await used.hand.withdrawDevices(name, 8);
      await used.hand.setConditions(name, [
        { type: 'UnhealthyNvidiaDevicePlugin', status: 'False' },
      ]);
      await used.hand.patchNode(name, state('upgrade-done'));
    }
    for (const name of nodesOf(101, 120)) {
      await used.hand.patchNodeStatus(name, {
        capacity: { [GPU]: '0' },
        allocatable: { [GPU]: '0' },
      });
      await used.hand.patchNodeStatus(name, {
        capacity: { [GPU]: '8' },
        allocatable: { [GPU]: '8' },
      });
    }
    await sleep(2000);
    expect(await marked(nodesOf(1, 120))).toEqual(before);
  }, 120_000);

  test('two schedulers that fill 50 nodes at once', async () => {
    const nodes = nodesOf(201, 250);
    const selector = { 'surefoot.test/pool': 'race' };
    for (const name of nodes) await used.hand.patchNode(name, { metadata: { labels: selector } });
    await used.bed.plane.startScheduler('rival-scheduler', { extender: false });
    const whole = (name: string, schedulerName?: string) => {
      const body = pod(name, { gpus: 8, ...(schedulerName !== undefined && { schedulerName }) });
      return {
        ...body,
        spec: { ...body.spec, containers: body.spec?.containers ?? [], nodeSelector: selector },
      };
    };
    await Promise.all(
      nodes.flatMap((_name, index) => [
        used.hand.createPod(whole(`ours-${index}`)),
        used.hand.createPod(whole(`theirs-${index}`, 'rival-scheduler')),
      ]),
    );
    await eventually('50 pods to run', async () => {
      const pods = await used.hand.pods();
      return pods.filter(({ status }) => status?.phase === 'Running').length === 50;
    });
    await sleep(1000);
    const rejected = (await used.hand.pods()).filter(({ status }) => status?.phase === 'Failed');
    console.log(`${rejected.length} of 100 pods lost the race`);
    expect(await marked(nodes)).toEqual([]);
  }, 90_000);
});
