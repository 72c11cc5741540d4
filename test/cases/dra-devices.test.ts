import { describe, expect, test } from 'vitest';
import { type ResourceSlice, sliceAsKept } from '../../extender/facts/dra.ts';
import { makeNode, makePodFacts } from '../make/facts.ts';
import { makeIngest } from '../make/ingest.ts';

/** What drivers publish: one event on every device, parts and their wholes, and what is no part at all. */

type Device = NonNullable<NonNullable<ResourceSlice['spec']>['devices']>[number];

const uuid = (index: number) => `GPU-0000000${index}-0000-4000-8000-000000000000`;

function publishing(...slices: readonly (readonly [driver: string, devices: readonly Device[]])[]) {
  const made = makeIngest();
  const { ingest, devices, store } = made;
  let writes = 0;
  store.subscribe({ stored: () => (writes += 1) });
  ingest.nodeChanged(makeNode({ name: 'node-1', devices: new Map() }), 0);
  const publish = (at: number) => {
    for (const [index, [driver, own]] of slices.entries()) {
      devices.setSlice(
        sliceAsKept({
          metadata: { uid: `slice-${index}`, name: `slice-${index}` },
          spec: { driver, nodeName: 'node-1', pool: { name: 'node-1' }, devices: own },
        }),
      );
    }
    ingest.devicesChanged('node-1', at);
  };
  publish(10);
  const history = () => store.get('uuid:node-1');
  return { ...made, publish, history, writes: () => writes };
}

const lost = (timeAdded: string) => [
  { key: 'gpu.nvidia.com/gpu-lost', effect: 'NoSchedule', timeAdded },
];
const gpu = (index: number, taints: Device['taints'] = []): Device => ({
  name: `gpu-${index}`,
  attributes: { uuid: { string: uuid(index) } },
  taints,
});

describe('one event on every device of a node', () => {
  test('is one incident, of which device is not told', () => {
    const { history } = publishing([
      'gpu.nvidia.com',
      [0, 1, 2, 3].map((index) => gpu(index, lost('2026-11-01T10:00:00Z'))),
    ]);
    expect(history().incidents).toMatchObject([{ class: 'fatal' }]);
    expect(history().incidents[0]).not.toHaveProperty('device');
  });

  test('also where each device is published in seven parts', () => {
    const parts = [0, 1].flatMap((index) =>
      Array.from({ length: 7 }, (_none, part) => ({
        name: `gpu-${index}-part-${part}`,
        attributes: {
          uuid: { string: `MIG-${index}${part}` },
          parentUUID: { string: uuid(index) },
        },
        taints: lost('2026-11-01T10:00:00Z'),
      })),
    );
    expect(publishing(['gpu.nvidia.com', parts]).history().incidents).toHaveLength(1);
  });

  test('two devices of four are two incidents, and so are two of two at different times', () => {
    const some = [gpu(0, lost('2026-11-01T10:00:00Z')), gpu(1, lost('2026-11-01T10:00:00Z'))];
    const four = publishing(['gpu.nvidia.com', [...some, gpu(2), gpu(3)]]);
    expect(four.history().incidents.map(({ device }) => device)).toEqual([uuid(0), uuid(1)]);
    const late = [gpu(0, lost('2026-11-01T10:00:00Z')), gpu(1, lost('2026-11-01T14:00:00Z'))];
    expect(publishing(['gpu.nvidia.com', late]).history().incidents).toHaveLength(2);
  });

  test('is one in the status of a pod that has all of them, too', () => {
    const made = makeIngest();
    made.ingest.nodeChanged(makeNode(), 0);
    const deviceHealth = Array.from({ length: 8 }, (_none, index) => ({
      resource: 'nvidia.com/gpu',
      device: `GPU-${index}`,
      health: 'Unhealthy' as const,
    }));
    made.ingest.podChanged({ ...podOn('gpu-1'), deviceHealth }, false, 10);
    expect(made.historyOf('gpu-1').incidents).toHaveLength(1);
  });
});

describe('a partition is its whole', () => {
  const unhealthy = [{ key: 'gpu.example.com/unhealthy', effect: 'NoExecute' }];
  const at = (address: string) => ({ 'resource.kubernetes.io/pciBusID': { string: address } });

  test('by one PCI address', () => {
    const { history } = publishing([
      'gpu.example.com',
      [
        { name: 'card0', attributes: at('0000:3b:00.0'), taints: unhealthy },
        { name: 'card0-part1', attributes: at('0000:3b:00.0'), taints: unhealthy },
        { name: 'card1', attributes: at('0000:3c:00.0') },
      ],
    ]);
    expect(history().incidents).toHaveLength(1);
    expect(history().incidents).toMatchObject([{ pciSlot: '0000:3b:00.0' }]);
    expect(history().devices).toHaveLength(2);
  });

  test.each([
    { name: 'UUID', parent: { parentUUID: { string: uuid(3) } } },
    { name: 'address', parent: { parentPciAddr: { string: '0000:5e:00.0' } } },
  ])("by its parent's $name", ({ parent }) => {
    const part = (index: number, taints: Device['taints'] = []): Device => ({
      name: `gpu-3-mig-${index}`,
      attributes: { uuid: { string: `MIG-3${index}` }, ...parent },
      taints,
    });
    const whole = {
      name: 'gpu-3',
      attributes: { uuid: { string: uuid(3) }, ...at('0000:5e:00.0') },
    };
    const xid = [{ key: 'gpu.nvidia.com/xid', value: '48', effect: 'NoSchedule' }];
    const { history } = publishing(['gpu.nvidia.com', [whole, gpu(0), part(0, xid), part(1)]]);
    expect(history().incidents).toMatchObject([{ device: uuid(3) }]);
    expect(
      history()
        .devices.map(({ id }) => id)
        .sort(),
    ).toEqual([uuid(0), uuid(3)]);
  });
});

describe('of what drivers publish', () => {
  const cpus = Array.from({ length: 100 }, (_none, index) => ({ name: `cpu-${index}` }));
  const functions = Array.from({ length: 128 }, (_none, index) => ({
    name: `vf-${index}`,
    attributes: {
      'resource.kubernetes.io/pciBusID': { string: `0000:${(16 + index).toString(16)}:00.0` },
    },
  }));

  test.each([
    { name: 'CPUs', driver: 'cpu.example.com', others: cpus },
    { name: 'functions of a network card', driver: 'nic.example.com', others: functions },
  ])(
    '$name push no GPU out, and a node on which nothing changes is not written',
    ({ driver, others }) => {
      const { history, publish, writes } = publishing(
        [driver, others],
        ['gpu.nvidia.com', [gpu(0), gpu(1)]],
      );
      const known = history().devices.map(({ id }) => id);
      expect(known).toEqual(expect.arrayContaining([uuid(0), uuid(1)]));
      expect(known.length).toBeLessThanOrEqual(64);
      const before = writes();
      for (let at = 20; at < 120; at += 1) publish(at);
      expect(writes()).toBe(before);
    },
  );

  test('CPUs are no devices that age', () => {
    const { history } = publishing(['cpu.example.com', cpus], ['gpu.nvidia.com', [gpu(0)]]);
    expect(history().devices.map(({ id }) => id)).toEqual([uuid(0)]);
  });
});

function podOn(node: string) {
  return makePodFacts({
    node,
    devices: { resources: [{ resource: 'nvidia.com/gpu', count: 8 }], claims: [] },
  });
}
