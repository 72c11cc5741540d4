import { describe, expect, test } from 'vitest';
import { eventFacts } from '../../../extender/facts/events.ts';
import type { NodeFacts, PodFacts } from '../../../extender/facts/facts.ts';
import type { HostHistory } from '../../../extender/history/host-history.ts';
import { incidentWeight, isOpen } from '../../../extender/history/incident.ts';
import type { Ingest } from '../../../extender/ingest/ingest.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeCondition, makeIngest, makeMarkedNode } from '../../make/ingest.ts';

/**
 * Whole stories of a fleet, told to the ingest as the watches would tell them. What moves a
 * placement is the weight of incidents: where nothing weighs, nothing moves.
 */

const DAY = 86_400;
const XID_79 = makeCondition(
  'SysLogsXIDError',
  'True',
  'ErrorCode:79 GPU_UUID:GPU-0 fell off the bus;',
);
const NVLINK = makeCondition('GpuNvlinkWatch', 'True', 'ErrorCode:DCGM_FR_NVLINK_DOWN GPU:0;');
const REJECTION = {
  phase: 'Failed',
  statusReason: 'UnexpectedAdmissionError',
  statusMessage: 'Allocate failed due to no healthy devices present for nvidia.com/gpu',
};

function weightOf(history: HostHistory): number {
  return history.incidents.reduce((sum, incident) => sum + incidentWeight(incident), 0);
}

function withCounts(capacity: number, allocatable: number): Pick<NodeFacts, 'devices'> {
  return { devices: new Map([[GPU, { capacity, allocatable }]]) };
}

function unhealthy(...devices: string[]): Pick<PodFacts, 'deviceHealth'> {
  return {
    deviceHealth: devices.map((device) => ({
      resource: GPU,
      device,
      health: 'Unhealthy' as const,
    })),
  };
}

/** One member of a Job, on a node of its own. */
function member(workload: string, index: number, node: string, overrides: Partial<PodFacts> = {}) {
  return makePodFacts({
    uid: `${workload}-${index}`,
    name: `${workload}-${index}`,
    node,
    slot: {
      key: `team-a/Job/${workload}/${index}`,
      workload: `team-a/Job/${workload}`,
      interchangeable: false,
    },
    ...overrides,
  });
}

function nodeEvent(reason: string, component: string, message: string, namespace = 'default') {
  const event = {
    metadata: { namespace },
    involvedObject: { kind: 'Node', name: 'gpu-1' },
    reason,
    message,
    type: 'Warning',
    source: { component },
    lastTimestamp: new Date(1_000_000).toISOString(),
  };
  return eventFacts(event, CATALOGUE);
}

/** Lets time pass, as the extender does: states that wait are looked at every few seconds. */
function pass(ingest: Ingest, fromSeconds: number, toSeconds: number): number {
  for (let at = fromSeconds; at <= toSeconds; at += 5) ingest.tick(at);
  return toSeconds;
}

describe('routine work leaves no incident that weighs', () => {
  test('288 nodes in racks of 18, rebooted by plan, with 214 false alarms', () => {
    const { ingest, historyOf, outcomes } = makeIngest();
    const names = Array.from({ length: 288 }, (_none, index) => `gpu-${index}`);
    const rackOf = (index: number) => `rack-${Math.floor(index / 18)}`;
    for (const [index, name] of names.entries()) {
      ingest.nodeChanged(makeNode({ name, rack: rackOf(index) }), 0);
    }
    let alarms = 0;
    for (let rack = 0; rack < 16; rack += 1) {
      const of = names.map((name, index) => ({ name, index })).slice(rack * 18, rack * 18 + 18);
      const say = (at: number, marks: Parameters<typeof makeMarkedNode>[0], facts = {}) => {
        for (const { name, index } of of) {
          ingest.nodeChanged(makeMarkedNode(marks, { name, rack: rackOf(index), ...facts }), at);
        }
      };
      const begin = 100_000 + rack * 7200;
      say(begin, { isCordoned: true });
      say(
        begin + 60,
        { isCordoned: true, conditions: [makeCondition('Ready', 'Unknown')] },
        { isReady: false },
      );
      pass(ingest, begin + 60, begin + 240);
      say(begin + 240, { isCordoned: true }, { bootId: 'boot-2' });
      say(begin + 260, {}, { bootId: 'boot-2' });
      for (const { name, index } of of) {
        if (alarms >= 214) break;
        alarms += 1;
        const facts = { name, rack: rackOf(index), bootId: 'boot-2' };
        ingest.nodeChanged(makeMarkedNode({ conditions: [NVLINK] }, facts), begin + 300);
      }
      pass(ingest, begin + 300, begin + 330);
      say(begin + 330, {}, { bootId: 'boot-2' });
      pass(ingest, begin + 330, begin + 2000);
    }
    expect(alarms).toBe(214);
    expect(names.filter((name) => weightOf(historyOf(name)) > 0)).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'nvsentinel-link waiting')).toHaveLength(214);
    expect(historyOf('gpu-0').ignored).toContainEqual(
      expect.objectContaining({ row: 'nvsentinel-link', times: 1 }),
    );
  });

  test('the same alarm that still stands ten minutes after the boot is a fault', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    ingest.nodeChanged(makeNode({ bootId: 'boot-2' }), 100_000);
    ingest.nodeChanged(makeMarkedNode({ conditions: [NVLINK] }, { bootId: 'boot-2' }), 100_060);
    pass(ingest, 100_060, 100_595);
    expect(historyOf('gpu-1').incidents.map((one) => one.class)).toEqual(['infrastructure']);
    pass(ingest, 100_595, 100_610);
    expect(historyOf('gpu-1').incidents).toMatchObject([
      { class: 'fatal', lastSeenAtSeconds: 100_060 },
    ]);
  });

  const rollouts: readonly {
    name: string;
    steps: readonly ((at: number) => Partial<NodeFacts>)[];
  }[] = [
    {
      name: 'of the driver, announced by its operator',
      steps: [
        () =>
          makeMarkedNode({
            labels: { 'nvidia.com/gpu-driver-upgrade-state': 'pod-restart-required' },
          }),
        () => ({
          ...makeMarkedNode({
            labels: { 'nvidia.com/gpu-driver-upgrade-state': 'validation-required' },
            conditions: [makeCondition('UnhealthyNvidiaDevicePlugin', 'True')],
          }),
          ...withCounts(8, 0),
        }),
        () => ({
          ...makeMarkedNode({
            labels: { 'nvidia.com/gpu-driver-upgrade-state': 'validation-required' },
          }),
          ...withCounts(8, 5),
        }),
        () => makeMarkedNode({ labels: { 'nvidia.com/gpu-driver-upgrade-state': 'upgrade-done' } }),
      ],
    },
    {
      name: 'of the device plugin, announced by nobody',
      steps: [() => withCounts(8, 0), () => withCounts(0, 0), () => withCounts(8, 8)],
    },
    {
      name: 'of the kubelet',
      steps: [
        () => ({
          ...makeMarkedNode({ conditions: [makeCondition('Ready', 'False')] }),
          isReady: false,
        }),
        () => withCounts(0, 0),
        () => withCounts(8, 8),
      ],
    },
  ];
  test.each(rollouts)('a rollout $name, over 100 nodes one at a time', ({ steps }) => {
    const { ingest, historyOf } = makeIngest();
    const names = Array.from({ length: 100 }, (_none, index) => `gpu-${index}`);
    for (const name of names) ingest.nodeChanged(makeNode({ name }), 0);
    let at = 10_000;
    for (const name of names) {
      for (const step of steps) {
        const node = makeNode({ ...step(at), name, uid: `uid-${name}`, host: `uuid:${name}` });
        ingest.nodeChanged(node, at);
        at = pass(ingest, at, at + 30);
      }
      ingest.nodeChanged(makeNode({ name }), at);
      at = pass(ingest, at, at + 60);
    }
    pass(ingest, at, at + 2000);
    expect(names.filter((name) => weightOf(historyOf(name)) > 0)).toEqual([]);
  });

  test('two schedulers that fill 50 nodes at once', () => {
    const { ingest, historyOf, outcomes } = makeIngest();
    const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    for (let index = 0; index < 50; index += 1) {
      const name = `gpu-${index}`;
      ingest.nodeChanged(makeNode({ name }), 0);
      ingest.podChanged(member('winner', index, name, { devices: whole }), false, 100);
      const loser = member('loser', index, name, { devices: whole, phase: 'Pending' });
      ingest.podChanged(loser, false, 100);
      ingest.podChanged({ ...loser, ...REJECTION }, false, 101);
      expect(weightOf(historyOf(name))).toBe(0);
    }
    expect(outcomes.filter((outcome) => outcome === 'kubelet-rejected-pod race')).toHaveLength(50);
    expect(historyOf('gpu-7').ignored).toMatchObject([{ why: 'race' }]);
  });
});

describe('the device stays the same device', () => {
  function faulty() {
    const made = makeIngest();
    made.ingest.nodeChanged(makeNode(), 0);
    const devices = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    const ids = Array.from({ length: 8 }, (_none, index) => `GPU-${index}`);
    const healthy = ids.map((device) => ({ resource: GPU, device, health: 'Healthy' as const }));
    const pod = member('train', 0, 'gpu-1', { devices, deviceHealth: healthy });
    made.ingest.podChanged(pod, false, 10);
    made.ingest.podChanged(
      {
        ...pod,
        deviceHealth: [
          ...unhealthy('GPU-3').deviceHealth,
          ...healthy.filter(({ device }) => device !== 'GPU-3'),
        ],
      },
      false,
      1000,
    );
    made.ingest.podChanged(
      { ...pod, phase: 'Failed', exitCode: 1, endedAtSeconds: 1001 },
      false,
      1001,
    );
    made.ingest.podRemoved(pod.uid, 1002);
    return { ...made, healthy };
  }
  const held = (made: ReturnType<typeof faulty>, resource: string, ...ids: string[]) =>
    made.ingest.podChanged(
      member('next', 0, 'gpu-1', {
        devices: { resources: [{ resource, count: ids.length }], claims: [] },
        deviceHealth: ids.map((device) => ({ resource, device, health: 'Healthy' as const })),
      }),
      false,
      5000,
    );

  test('MIG repartition: no swap, no incident, no history lost', () => {
    const made = faulty();
    const mig = 'nvidia.com/mig-1g.10gb';
    made.ingest.nodeChanged(makeNode(withCounts(8, 0)), 4000);
    made.ingest.nodeChanged(
      makeNode({
        devices: new Map([
          [GPU, { capacity: 7, allocatable: 7 }],
          [mig, { capacity: 7, allocatable: 7 }],
        ]),
      }),
      4030,
    );
    held(made, mig, 'MIG-a', 'MIG-b');
    held(made, GPU, 'GPU-0', 'GPU-7');
    expect(made.historyOf('gpu-1').incidents).toMatchObject([
      { device: 'GPU-3', probability: 0.9 },
    ]);
    expect(weightOf(made.historyOf('gpu-1'))).toBe(0.9);
  });

  test('time-slicing on: the same', () => {
    const made = faulty();
    made.ingest.nodeChanged(makeNode(withCounts(32, 32)), 4000);
    held(made, GPU, 'GPU-3::0', 'GPU-3::1', 'GPU-4::2');
    expect(made.historyOf('gpu-1').incidents).toMatchObject([{ device: 'GPU-3' }]);
    expect(weightOf(made.historyOf('gpu-1'))).toBe(0.9);
  });

  test('from the device plugin to dynamic resource allocation on the same GPU: the same', () => {
    const made = faulty();
    made.devices.setSlice({
      metadata: { uid: 's' },
      spec: {
        driver: 'gpu.nvidia.com',
        nodeName: 'gpu-1',
        pool: { name: 'gpu-1' },
        devices: Array.from({ length: 8 }, (_none, index) => ({
          name: `gpu-${index}`,
          attributes: { uuid: { string: `GPU-${index}` }, pciBusID: { string: `0000:0${index}` } },
        })),
      },
    });
    made.ingest.nodeChanged(makeNode({ devices: new Map() }), 4000);
    made.ingest.devicesChanged('gpu-1', 4001);
    expect(weightOf(made.historyOf('gpu-1'))).toBe(0.9);
    expect(made.historyOf('gpu-1').devices.find(({ id }) => id === 'GPU-3')).toMatchObject({
      pciSlot: '0000:03',
    });
  });

  test('a device swapped in its slot: its history is cleared, half of it stays with the slot', () => {
    const made = faulty();
    held(made, GPU, 'GPU-0', 'GPU-1', 'GPU-2', 'GPU-4', 'GPU-5', 'GPU-6', 'GPU-7', 'GPU-9');
    expect(made.historyOf('gpu-1').incidents).toMatchObject([
      { device: 'GPU-9', swappedAtSeconds: 5000 },
    ]);
    expect(weightOf(made.historyOf('gpu-1'))).toBeCloseTo(0.45);
  });

  test('a Node deleted and created again on the same host inherits', () => {
    const made = faulty();
    made.ingest.nodeRemoved('uid-gpu-1', 4000);
    made.ingest.nodeChanged(
      makeNode({ name: 'ip-10-0-0-7', host: 'uuid:gpu-1', uid: 'new' }),
      5000,
    );
    expect(weightOf(made.historyOf('ip-10-0-0-7'))).toBe(0.9);
    expect(made.historyOf('ip-10-0-0-7').node).toBe('ip-10-0-0-7');
  });

  test('two Nodes that claim one machine at once are two machines', () => {
    const made = faulty();
    made.ingest.nodeChanged(makeNode({ name: 'clone', host: 'uuid:gpu-1', uid: 'clone' }), 5000);
    expect(made.cluster.node('clone')?.host).toBe('node:clone');
    expect(weightOf(made.historyOf('gpu-1'))).toBe(0.9);
    expect(weightOf(made.historyOf('clone'))).toBe(0);
  });
});

describe('whose fault it is', () => {
  test('one device kills the same 50-pod gang twice: only its node is marked', () => {
    const { ingest, historyOf } = makeIngest();
    const names = Array.from({ length: 50 }, (_none, index) => `gpu-${index}`);
    for (const name of names) ingest.nodeChanged(makeNode({ name }), 0);
    for (const [run, at] of [1000, 50_000].entries()) {
      const pods = names.map((name, index) =>
        member('train', index, name, { uid: `${run}-${index}` }),
      );
      for (const pod of pods) ingest.podChanged(pod, false, at);
      const [struck, ...siblings] = pods;
      if (struck === undefined) throw new Error('no pod');
      ingest.podChanged({ ...struck, ...unhealthy('GPU-0') }, false, at + 500);
      ingest.podChanged(
        { ...struck, ...unhealthy('GPU-0'), phase: 'Failed', exitCode: 1 },
        false,
        at + 501,
      );
      for (const pod of siblings) {
        const containers = [
          {
            container: 'main',
            isWaiting: false,
            exitCode: 1,
            reason: 'Error',
            message: 'NCCL timeout',
          },
        ];
        ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1, containers }, false, at + 530);
      }
    }
    expect(names.filter((name) => weightOf(historyOf(name)) > 0)).toEqual(['gpu-0']);
    expect(historyOf('gpu-0').incidents).toHaveLength(2);
  });

  function fleetOfRacks(racks: number, perRack: number) {
    const made = makeIngest();
    const nodes = Array.from({ length: racks * perRack }, (_none, index) =>
      makeNode({ name: `gpu-${index}`, rack: `rack-${Math.floor(index / perRack)}` }),
    );
    for (const node of nodes) made.ingest.nodeChanged(node, 0);
    return { ...made, nodes };
  }

  test('a bad rack marks the rack: one fault, shared by its nodes', () => {
    const { ingest, historyOf, nodes } = fleetOfRacks(10, 8);
    for (const [index, node] of nodes.entries()) {
      ingest.podChanged(member(`job-${index % 7}`, index, node.name), false, 10);
    }
    for (const node of nodes.slice(16, 24)) {
      const { findings } = makeMarkedNode({
        conditions: [makeCondition('InfiniBandStateCheck', 'True')],
      });
      ingest.nodeChanged({ ...node, findings }, 100_000);
    }
    ingest.tick(100_001);
    for (const { name } of nodes.slice(16, 24)) {
      expect(historyOf(name).incidents).toMatchObject([
        { cause: { kind: 'rack', name: 'rack-2', hosts: 8 } },
      ]);
      expect(weightOf(historyOf(name))).toBeCloseTo(0.6 / 8);
    }
    expect(nodes.filter(({ name }) => weightOf(historyOf(name)) > 0)).toHaveLength(8);
  });

  test('one broken job that fails on 50 nodes of two racks: no node is marked', () => {
    const { ingest, historyOf, nodes } = fleetOfRacks(4, 25);
    for (const [index, { name }] of nodes.slice(0, 50).entries()) {
      ingest.podChanged(member('broken', index, name), false, 10);
    }
    for (const [index, node] of nodes.slice(0, 50).entries()) {
      const xid = makeCondition(
        'SysLogsXIDError',
        'True',
        `ErrorCode:109 GPU_UUID:GPU-${index} timeout;`,
      );
      const { findings } = makeMarkedNode({ conditions: [xid] });
      ingest.nodeChanged({ ...node, findings }, 100_000 + index);
    }
    ingest.tick(100_051);
    expect(nodes.filter(({ name }) => weightOf(historyOf(name)) > 0)).toEqual([]);
    expect(historyOf('gpu-3').incidents).toMatchObject([
      { cause: { kind: 'owner', name: 'team-a/Job/broken', hosts: 50 } },
    ]);
  });

  test('three nodes far apart that fail in the same minute are three faults', () => {
    const { ingest, historyOf, nodes } = fleetOfRacks(10, 8);
    for (const [index, { name }] of nodes.entries()) {
      ingest.podChanged(member('big', index, name), false, 10);
    }
    for (const index of [3, 30, 60]) {
      const node = nodes[index];
      if (node === undefined) continue;
      const { findings } = makeMarkedNode({ conditions: [XID_79] });
      ingest.nodeChanged({ ...node, findings }, 100_000 + index);
    }
    ingest.tick(100_061);
    for (const index of [3, 30, 60]) expect(weightOf(historyOf(`gpu-${index}`))).toBe(0.95);
  });
});

describe('one fault, reported by all that can report it', () => {
  test('XID Event, condition, allocatable drop, pod health, rejection, cordon and reboot: one incident', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    const pod = makePodFacts();
    ingest.podChanged(pod, false, 10);
    const at = 100_000;
    const event = nodeEvent('XIDError', 'nvidia-gpu-device-plugin', 'Caught XID error, XID=79');
    ingest.eventSeen(
      { ...event, signals: event.signals.map((signal) => ({ ...signal, atSeconds: at })) },
      false,
      at,
    );
    expect(historyOf('gpu-1').incidents).toEqual([]);
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), at + 5);
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }, withCounts(8, 7)), at + 10);
    ingest.podChanged({ ...pod, ...unhealthy('GPU-0') }, false, at + 12);
    ingest.podChanged(
      { ...pod, ...unhealthy('GPU-0'), phase: 'Failed', exitCode: 1 },
      false,
      at + 13,
    );
    const next = makePodFacts({ uid: 'next', phase: 'Pending', deviceHealth: [] });
    ingest.podChanged(next, false, at + 60);
    ingest.podChanged({ ...next, ...REJECTION }, false, at + 61);
    ingest.nodeChanged(
      makeMarkedNode({ conditions: [XID_79], isCordoned: true }, withCounts(8, 7)),
      at + 100,
    );
    const down = [makeCondition('Ready', 'Unknown'), XID_79];
    ingest.nodeChanged(
      makeMarkedNode(
        { conditions: down, isCordoned: true },
        { ...withCounts(8, 7), isReady: false },
      ),
      at + 400,
    );
    pass(ingest, at + 400, at + 700);
    ingest.nodeChanged(makeMarkedNode({ isCordoned: true }, { bootId: 'boot-2' }), at + 700);
    pass(ingest, at + 700, at + 1400);
    ingest.nodeChanged(makeNode({ bootId: 'boot-2' }), at + 1400);
    const { incidents, repairs } = historyOf('gpu-1');
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({
      device: 'GPU-0',
      class: 'fatal',
      code: '79',
      standing: [],
    });
    expect(incidents[0]?.evidence.join('; ')).toMatch(
      /kernel log has an XID.*caught an XID.*withdrawn.*unhealthy.*could not give.*not ready.*booted/s,
    );
    expect(repairs).toHaveLength(1);
  });

  test('five reboots in a week are a loop, and say so', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    for (let boot = 1; boot <= 5; boot += 1) {
      ingest.nodeChanged(makeNode({ bootId: `again-${boot}` }), boot * DAY);
    }
    const loop = historyOf('gpu-1').incidents.find(({ standing }) =>
      standing.includes('repair-loop'),
    );
    expect(loop?.evidence).toEqual(
      expect.arrayContaining(['repaired 5 times in 7 days: inspect it, do not reboot it again']),
    );
    ingest.nodeChanged(makeNode({ bootId: 'again-5' }), 14 * DAY);
    expect(historyOf('gpu-1').incidents.some(({ standing }) => standing.length > 0)).toBe(false);
  });

  test('a verified repair lowers what was before it, and only once', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 100_000);
    ingest.nodeChanged(makeNode(), 101_000);
    const passed = { labels: { 'autopilot.ibm.com/dcgm.level.3': 'PASS_1' } };
    ingest.nodeChanged(makeMarkedNode(passed), 102_000);
    expect(weightOf(historyOf('gpu-1'))).toBeCloseTo(0.95 / 4);
    ingest.nodeChanged(makeMarkedNode({ ...passed, conditions: [XID_79] }), 200_000);
    ingest.nodeChanged(makeMarkedNode(passed), 201_000);
    expect(weightOf(historyOf('gpu-1'))).toBeCloseTo(0.95 / 4 + 0.95);
  });
});

describe('what looked like more than it was', () => {
  test('one broken device, and five restarts of its plugin: one fault', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    ingest.nodeChanged(makeNode(withCounts(8, 7)), 100_000);
    for (let restart = 1; restart <= 5; restart += 1) {
      const at = 100_000 + restart * DAY;
      ingest.nodeChanged(makeNode(withCounts(8, 0)), at);
      ingest.nodeChanged(makeNode(withCounts(0, 0)), at + 300);
      ingest.nodeChanged(makeNode(withCounts(8, 7)), at + 600);
    }
    expect(historyOf('gpu-1').incidents.map(isOpen)).toEqual([true]);
    ingest.nodeChanged(makeNode(), 100_000 + 6 * DAY);
    expect(historyOf('gpu-1').incidents).toMatchObject([{ closedAtSeconds: 100_000 + 6 * DAY }]);
  });

  test('a refusal while the plugin restarts is the restart’s, once that is seen', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    const pod = makePodFacts({ phase: 'Pending' });
    ingest.podChanged(pod, false, 100_000);
    ingest.podChanged({ ...pod, ...REJECTION }, false, 100_001);
    expect(weightOf(historyOf('gpu-1'))).toBe(0.7);
    ingest.nodeChanged(makeNode(withCounts(8, 0)), 100_005);
    expect(historyOf('gpu-1')).toMatchObject({ incidents: [], ignored: [{ why: 'rollout' }] });
  });

  test('a fault that is surely one counts during maintenance too', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeMarkedNode({ isCordoned: true }), 0);
    ingest.nodeChanged(makeMarkedNode({ isCordoned: true, conditions: [XID_79] }), 100_000);
    expect(weightOf(historyOf('gpu-1'))).toBe(0.95);
  });

  test('a swap, while the old device’s condition still stands: no new fault of the old one', () => {
    const { ingest, historyOf, devices } = makeIngest();
    const published = (uuid: string) => ({
      metadata: { uid: 's' },
      spec: {
        driver: 'gpu.nvidia.com',
        nodeName: 'gpu-1',
        pool: { name: 'p' },
        devices: [
          { name: 'd', attributes: { uuid: { string: uuid }, pciBusID: { string: '0000:01' } } },
        ],
      },
    });
    devices.setSlice(published('GPU-0'));
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 0);
    devices.setSlice(published('GPU-1'));
    ingest.devicesChanged('gpu-1', 1000);
    ingest.devicesChanged('gpu-1', 2000);
    expect(historyOf('gpu-1').incidents).toMatchObject([
      { device: 'GPU-1', swappedAtSeconds: 1000 },
    ]);
  });

  test('new slices after each repartitioning are no swaps, however many', () => {
    const { ingest, historyOf } = makeIngest();
    const mig = 'nvidia.com/mig-3g.40gb';
    const slices = (generation: number) =>
      [0, 1].map((index) => ({
        resource: mig,
        device: `MIG-${generation}-${index}`,
        health: 'Healthy' as const,
      }));
    ingest.nodeChanged(makeNode({ devices: new Map([[mig, { capacity: 2, allocatable: 2 }]]) }), 0);
    const pod = makePodFacts({ devices: { resources: [{ resource: mig, count: 2 }], claims: [] } });
    ingest.podChanged(
      { ...pod, deviceHealth: slices(0).map((one) => ({ ...one, health: 'Unhealthy' as const })) },
      false,
      10,
    );
    ingest.podRemoved(pod.uid, 20);
    for (let generation = 1; generation < 5; generation += 1) {
      ingest.podChanged(
        { ...pod, uid: `g${generation}`, deviceHealth: slices(generation) },
        false,
        1000 * generation,
      );
    }
    expect(
      historyOf('gpu-1').incidents.every(({ swappedAtSeconds }) => swappedAtSeconds === undefined),
    ).toBe(true);
  });

  test('faults weeks apart, found by the first start, are no storm', () => {
    const { ingest, historyOf } = makeIngest();
    const names = [30, 23, 16, 9].map((day) => ({ name: `gpu-${day}`, day }));
    for (const { name, day } of names) {
      const since = { ...XID_79, sinceSeconds: day * DAY };
      ingest.nodeChanged(
        makeMarkedNode({ conditions: [since] }, { name, rack: 'rack-1' }),
        40 * DAY,
      );
    }
    ingest.tick(40 * DAY + 1);
    for (const { name } of names) expect(weightOf(historyOf(name))).toBe(0.95);
  });

  test('repairs that are still listed are counted once, however many, and attempts close together are one', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    const row = CATALOGUE.rows.find(({ name }) => name === 'nvsentinel-custom-resource');
    if (row === undefined) throw new Error('the row is gone');
    for (let index = 0; index < 40; index += 1) {
      const finding = {
        row,
        worth: row.worth,
        key: `nvsentinel-custom-resource|gpuresets/${index}`,
      };
      ingest.customChanged(`uid-${index}`, 'gpu-1', [finding], 1000 + index);
    }
    for (let at = 2000; at < 20_000; at += 300) ingest.nodeChanged(makeNode(), at);
    expect(historyOf('gpu-1').repairs).toEqual([1000]);
    expect(historyOf('gpu-1').incidents).toEqual([]);
  });

  test('more ended pods than are remembered prove no more at each restart', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    for (let index = 0; index < 200; index += 1) {
      const pod = makePodFacts({ uid: `p${index}`, startedAtSeconds: index * 100 });
      ingest.podChanged(pod, false, index * 100);
      ingest.podChanged(
        { ...pod, phase: 'Succeeded', endedAtSeconds: index * 100 + 60 },
        false,
        index * 100 + 60,
      );
    }
    const { exposure, counted } = historyOf('gpu-1');
    expect(counted).toHaveLength(64);
    for (let restart = 0; restart < 3; restart += 1) {
      ingest.stopLeading();
      ingest.becomeLeader(30_000);
    }
    expect(historyOf('gpu-1').exposure).toEqual(exposure);
  });

  test('a clone stays its own machine when the first one goes', () => {
    const { ingest, historyOf, cluster } = makeIngest();
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 0);
    const clone = makeNode({ name: 'clone', host: 'uuid:gpu-1', uid: 'clone' });
    ingest.nodeChanged(clone, 10);
    ingest.nodeRemoved('uid-gpu-1', 20);
    ingest.nodeChanged(clone, 30);
    expect(cluster.node('clone')?.host).toBe('node:clone');
    expect(weightOf(historyOf('clone'))).toBe(0);
  });
});

describe('a tenant writes what it likes, and nothing changes', () => {
  test('forged Events, exit codes and messages, alone and many', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    for (let at = 1000; at < 2000; at += 10) {
      ingest.eventSeen(nodeEvent('XIDError', 'nvidia-gpu-device-plugin', 'XID=79'), false, at);
      ingest.eventSeen(nodeEvent('NodeRebootStart', 'aks-auto-repair', 'reboot'), false, at);
      const pod = makePodFacts({ uid: `forged-${at}` });
      ingest.podChanged(pod, false, at);
      const containers = [
        {
          container: 'preflight-dcgm-diag',
          isWaiting: false,
          exitCode: 1,
          reason: 'Error',
          message: 'XID 79',
        },
      ];
      ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1, containers }, false, at + 1);
    }
    const { incidents, repairs, ignored } = historyOf('gpu-1');
    expect([incidents, repairs]).toEqual([[], []]);
    expect(ignored).toContainEqual(
      expect.objectContaining({ why: 'untrusted', row: 'nvsentinel-preflight', times: 100 }),
    );
  });

  test('an Event that a list found is old: nothing is made of it', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode(), 0);
    ingest.eventSeen(nodeEvent('XIDError', 'nvidia-gpu-device-plugin', 'XID=79'), true, 1000);
    expect(historyOf('gpu-1').ignored).toEqual([]);
  });

  test('two apps of two namespaces that crash for days are one weak incident a day, and push out nothing', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 0);
    ingest.nodeChanged(makeNode(), 1000);
    for (let at = 10_000; at < 10_000 + 3 * DAY; at += 300) {
      for (const namespace of ['team-a', 'team-b']) {
        const waiting = { container: 'main', isWaiting: true, reason: 'CrashLoopBackOff' };
        const pod = makePodFacts({ uid: namespace, namespace });
        ingest.podChanged(pod, false, at);
        ingest.podChanged({ ...pod, containers: [waiting] }, false, at + 1);
      }
    }
    const { incidents } = historyOf('gpu-1');
    expect(incidents.length).toBeLessThanOrEqual(5);
    expect(incidents[0]).toMatchObject({ code: '79', probability: 0.95 });
    expect(weightOf(historyOf('gpu-1'))).toBeLessThan(0.95 + 4 * 0.15 + 0.01);
  });

  test('two namespaces that agree open a weak incident, on three hosts a day and no more', () => {
    const { ingest, historyOf } = makeIngest();
    const names = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-5'];
    for (const name of names) ingest.nodeChanged(makeNode({ name }), 0);
    for (const [index, node] of names.entries()) {
      for (const namespace of ['team-a', 'team-b']) {
        const containers = [{ container: 'preflight-dcgm-diag', isWaiting: false, exitCode: 1 }];
        const pod = makePodFacts({ uid: `${namespace}-${node}`, namespace, node });
        ingest.podChanged(pod, false, 1000 + index * 2000);
        ingest.podChanged(
          { ...pod, phase: 'Failed', exitCode: 1, containers },
          false,
          1001 + index * 2000,
        );
      }
    }
    expect(names.map((name) => weightOf(historyOf(name)))).toEqual([0.3, 0.3, 0.3, 0, 0]);
  });
});

describe('whoever keeps the history', () => {
  test('a replica that takes over finds all that stands, and what passed within a minute, exactly once', () => {
    const first = makeIngest();
    const second = makeIngest({ store: first.store });
    second.ingest.stopLeading();
    const tellBoth = (tell: (ingest: Ingest) => void) => {
      for (const { ingest } of [first, second]) tell(ingest);
    };
    tellBoth((ingest) => ingest.nodeChanged(makeNode(), 0));
    tellBoth((ingest) => ingest.nodeChanged(makeNode({ name: 'gpu-2' }), 0));
    const pod = makePodFacts({ phase: 'Pending' });
    tellBoth((ingest) => ingest.podChanged(pod, false, 990));
    tellBoth((ingest) => ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 100_000));
    // The first one dies here: what follows only the second one sees, before it keeps the history.
    const { ingest } = second;
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }, { name: 'gpu-2' }), 100_010);
    const rejected = makePodFacts({ uid: 'r', name: 'r', node: 'gpu-2', phase: 'Pending' });
    ingest.podChanged(rejected, false, 100_015);
    ingest.podChanged({ ...rejected, ...REJECTION }, false, 100_016);
    const worked = makePodFacts({
      uid: 'w',
      name: 'w',
      node: 'gpu-2',
      startedAtSeconds: 100_016 - DAY,
    });
    ingest.podChanged(worked, false, 100_016);
    ingest.podChanged({ ...worked, phase: 'Succeeded', endedAtSeconds: 100_017 }, false, 100_017);
    ingest.becomeLeader(100_030);
    expect(second.historyOf('gpu-1').incidents).toHaveLength(1);
    expect(second.historyOf('gpu-2').incidents).toHaveLength(1);
    expect(second.historyOf('gpu-2').incidents[0]?.evidence).toHaveLength(2);
    expect(second.historyOf('gpu-2').exposure.busyDays).toBeCloseTo(1 / 8, 4);
    ingest.stopLeading();
    ingest.becomeLeader(100_040);
    expect(second.historyOf('gpu-2').exposure.busyDays).toBeCloseTo(1 / 8, 4);
    expect(second.historyOf('gpu-2').incidents).toHaveLength(1);
  });

  test('the first start imports what stands, as old as it is', () => {
    const { ingest, store, cluster } = makeIngest();
    ingest.stopLeading();
    const since = { ...makeCondition('GPUMissing', 'True'), sinceSeconds: 5000 };
    ingest.nodeChanged(makeMarkedNode({ conditions: [since] }), 100_000);
    ingest.becomeLeader(100_010);
    expect(store.get(cluster.node('gpu-1')?.host ?? '').incidents).toMatchObject([
      { openedAtSeconds: 5000 },
    ]);
  });

  test('what stood before the last boot, and stands after it, is not the boot’s', () => {
    const { ingest, historyOf } = makeIngest();
    const since = { ...makeCondition('GPUMissing', 'True'), sinceSeconds: 5000 };
    const facts = { readySinceSeconds: 99_900 };
    ingest.nodeChanged(makeMarkedNode({ conditions: [since] }, facts), 100_000);
    expect(historyOf('gpu-1').incidents).toMatchObject([{ openedAtSeconds: 5000 }]);
  });

  test('forgiveness: all of a host, or one device; what comes back counts again', () => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 0);
    ingest.nodeChanged(makeNode(), 1000);
    expect(ingest.forgive('uuid:gpu-1', { device: 'GPU-7', reason: 'x' }, 2000)).toBe(0);
    expect(ingest.forgive('uuid:gpu-1', { device: 'GPU-0', reason: 'cable reseated' }, 2000)).toBe(
      1,
    );
    expect(weightOf(historyOf('gpu-1'))).toBe(0);
    ingest.nodeChanged(makeMarkedNode({ conditions: [XID_79] }), 3000);
    expect(weightOf(historyOf('gpu-1'))).toBe(0.95);
  });
});

test('2,000 nodes replaced daily for 60 days: bounded, and the old ones are gone', () => {
  const { ingest, store } = makeIngest();
  let previous: string[] = [];
  for (let day = 0; day < 60; day += 1) {
    const at = day * DAY;
    for (const uid of previous) ingest.nodeRemoved(uid, at);
    previous = [];
    for (let index = 0; index < 2000; index += 1) {
      const name = `gpu-${day}-${index}`;
      const node = makeNode({ name, readySinceSeconds: at });
      ingest.nodeChanged(node, at);
      // 6.5 faults in 1,000 node-days (Meta RSC-1), rounded up.
      if (index % 143 === 0) {
        const { findings } = makeMarkedNode({ conditions: [XID_79] });
        ingest.nodeChanged({ ...node, findings }, at + 3600);
      }
      previous.push(node.uid);
    }
    ingest.prune(at + DAY - 1);
  }
  const histories = [...store.all()];
  const faulty = histories.filter(({ incidents }) => incidents.length > 0);
  expect(faulty.length).toBeGreaterThan(800);
  expect(histories.length).toBeLessThanOrEqual(2 * 2000 + 14);
});
