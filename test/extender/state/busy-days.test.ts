import { describe, expect, test } from 'vitest';
import { FITTED } from '../../../extender/hazard/fitted.ts';
import { busyDaysOf, busyDaysOn } from '../../../extender/state/busy-days.ts';
import { RatesOfFleet } from '../../../extender/state/fleet-rates.ts';
import { MemoryStore } from '../../../extender/storage/memory.ts';
import { GPU, makeIncident, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

const DAY = 86_400;
const NODE = makeNode({ createdAtSeconds: 0 });
const whole = { devices: { resources: [{ resource: GPU, count: 8 }], claims: [] } };
const offering = (count: number) => ({
  ...NODE,
  devices: new Map([[GPU, { capacity: count, allocatable: count }]]),
});

function fleet() {
  const made = makeIngest();
  made.ingest.nodeChanged(NODE, 0);
  const clock = (nowSeconds: number, node = NODE) =>
    busyDaysOn(node, made.store.draft(node.host), made.cluster, nowSeconds);
  return { ...made, clock };
}

describe("a host's clock", () => {
  test('goes on while a pod runs, and shows the same once it has ended', () => {
    const { ingest, clock } = fleet();
    const pod = makePodFacts(whole);
    ingest.podChanged(pod, false, 0);
    expect(clock(10 * DAY)).toBeCloseTo(10);
    ingest.podChanged({ ...pod, phase: 'Succeeded', endedAtSeconds: 10 * DAY }, false, 10 * DAY);
    expect(clock(10 * DAY)).toBeCloseTo(10);
    expect(clock(20 * DAY)).toBeCloseTo(10);
  });

  test('counts a pod once that takes its time to end', () => {
    const { ingest, clock } = fleet();
    const pod = makePodFacts(whole);
    ingest.podChanged(pod, false, 0);
    const ending = { ...pod, isTerminating: true, endedAtSeconds: 10 * DAY };
    ingest.podChanged(ending, false, 10 * DAY);
    expect(clock(10 * DAY + 600)).toBeCloseTo(10);
    ingest.podChanged({ ...ending, phase: 'Failed' }, false, 10 * DAY + 900);
    expect(clock(20 * DAY)).toBeCloseTo(10);
  });

  test('does not run back when the Node goes before its pods, nor count twice when it is back', () => {
    const { ingest, clock, store } = fleet();
    const pod = makePodFacts(whole);
    ingest.podChanged(pod, false, 0);
    ingest.nodeRemoved(NODE.uid, 10 * DAY);
    expect(store.draft(NODE.host).exposure.busyDays).toBeCloseTo(10);
    ingest.nodeChanged({ ...NODE, uid: 'again' }, 11 * DAY);
    expect(clock(12 * DAY)).toBeCloseTo(12);
    ingest.podChanged({ ...pod, phase: 'Failed', endedAtSeconds: 15 * DAY }, false, 15 * DAY);
    expect(clock(20 * DAY)).toBeCloseTo(15);
  });

  test('is on the faults that end as the Node goes', () => {
    const { ingest, store } = fleet();
    ingest.nodeChanged({ ...NODE, devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }, 0);
    ingest.podChanged(makePodFacts(whole), false, 0);
    ingest.nodeRemoved(NODE.uid, 50 * DAY);
    expect(store.draft(NODE.host).incidents).toMatchObject([
      { endedAtBusyDays: expect.closeTo(50) },
    ]);
  });

  test('knows how many devices there are while the kubelet offers none', () => {
    const { ingest, clock } = fleet();
    for (let index = 0; index < 8; index += 1) {
      ingest.podChanged(makePodFacts({ name: `p${index}` }), false, 0);
    }
    const booting = offering(0);
    ingest.nodeChanged(booting, 30 * DAY);
    expect(clock(30 * DAY, booting)).toBeCloseTo(30);
    for (let index = 0; index < 8; index += 1) {
      const pod = makePodFacts({ name: `p${index}`, phase: 'Failed', endedAtSeconds: 30 * DAY });
      ingest.podChanged(pod, false, 30 * DAY);
    }
    ingest.nodeChanged(NODE, 30 * DAY);
    expect(clock(30 * DAY)).toBeCloseTo(30);
  });

  test('knows the work of before we came, as far back as the Node was made', () => {
    const { ingest, cluster, store } = makeIngest();
    const node = makeNode({ createdAtSeconds: -10 * DAY });
    ingest.nodeChanged(node, 0);
    ingest.podChanged(makePodFacts({ ...whole, startedAtSeconds: -20 * DAY }), true, 0);
    expect(busyDaysOf(store.draft(node.host), cluster, 0)).toBeCloseTo(10);
  });

  test('stands still while its Node is gone', () => {
    const { ingest, cluster, store } = fleet();
    ingest.podChanged(makePodFacts(whole), false, 0);
    ingest.nodeRemoved(NODE.uid, 10 * DAY);
    expect(busyDaysOf(store.draft(NODE.host), cluster, 20 * DAY)).toBeCloseTo(10);
  });

  test('never runs faster than time, whatever pods claim', () => {
    const { ingest, clock } = fleet();
    const claiming = { devices: { resources: [], claims: ['shared'] } };
    for (let index = 0; index < 110; index += 1) {
      ingest.podChanged(makePodFacts({ name: `p${index}`, ...claiming }), false, 0);
    }
    expect(clock(DAY)).toBeCloseTo(1);
    for (let index = 0; index < 110; index += 1) {
      const pod = makePodFacts({ name: `p${index}`, ...claiming, phase: 'Succeeded' });
      ingest.podChanged({ ...pod, endedAtSeconds: DAY }, false, DAY);
    }
    expect(clock(DAY)).toBeCloseTo(1);
  });
});

describe('when a device was first seen', () => {
  const held = (device: string) => [{ resource: GPU, device, health: 'Healthy' as const }];
  const firstSeen = (device: string) => {
    const { ingest, historyOf } = makeIngest();
    for (const [name, at] of [
      ['old', 0],
      ['new', 500 * DAY],
    ] as const) {
      ingest.nodeChanged(makeNode({ name, createdAtSeconds: at }), at);
      const pod = makePodFacts({ name: `p-${name}`, node: name, deviceHealth: held(device) });
      ingest.podChanged(pod, false, at + 1);
    }
    return historyOf('new').devices[0]?.firstSeenAtSeconds;
  };

  test('is when any host had it, where its id is its own', () => {
    expect(firstSeen('GPU-8f0e2c1a-1b2c-3d4e-5f60-718293a4b5c6')).toBe(0);
  });

  test('is this host’s, where every host has a device of that name', () => {
    expect(firstSeen('card0-0')).toBe(500 * DAY);
  });
});

/** A store that counts how many hosts it is asked about. */
class CountingStore extends MemoryStore {
  asked = 0;

  override draft(host: string) {
    this.asked += 1;
    return super.draft(host);
  }
}

describe('what the fleet teaches', () => {
  test('stays sane while half of it is gone, its pods with it', () => {
    const { ingest, cluster, store } = makeIngest();
    const nodes = Array.from({ length: 8 }, (_none, index) =>
      makeNode({ name: `gpu-${index}`, createdAtSeconds: 0 }),
    );
    for (const node of nodes) {
      ingest.nodeChanged(node, 0);
      const name = `p-${node.name}`;
      ingest.podChanged(makePodFacts({ name, node: node.name, ...whole }), false, 0);
    }
    // Half a year later each is in another cohort of age.
    for (const node of nodes) ingest.nodeChanged({ ...node }, 95 * DAY);
    for (const { uid, name } of nodes.slice(0, 6)) {
      ingest.nodeRemoved(uid, 100 * DAY);
      ingest.podRemoved(`uid-p-${name}`, 100 * DAY);
    }
    const rates = new RatesOfFleet(cluster, store);
    rates.reckon(100 * DAY);
    const { fleetRate, ratios } = rates.current.device;
    expect(fleetRate).toBeGreaterThan(FITTED.priorDeviceFaultsPerDay / 10);
    for (const ratio of ratios.values()) expect(ratio).toBeGreaterThan(0.1);
  });

  test('is told by every host', () => {
    const { ingest, cluster, store } = makeIngest();
    ingest.nodeChanged(NODE, 0);
    const rates = new RatesOfFleet(cluster, store);
    rates.reckon(DAY);
    const { fleetRate } = rates.current.device;
    const history = store.draft(NODE.host);
    store.put({ ...history, incidents: [makeIncident({ device: 'GPU-1' })] });
    rates.reckon(DAY);
    expect(rates.current.device.fleetRate).toBeGreaterThan(1.5 * fleetRate);
  });

  test('is gone through a few hosts at a time, and comes to the same as all at once', () => {
    const store = new CountingStore();
    const { ingest, cluster } = makeIngest({ store });
    for (let index = 0; index < 1200; index += 1) {
      ingest.nodeChanged(makeNode({ name: `gpu-${index}`, host: `uuid:${index}` }), 0);
    }
    const slow = new RatesOfFleet(cluster, store);
    const before = slow.current;
    store.asked = 0;
    slow.tick(100);
    expect(slow.current).toBe(before);
    expect(store.asked).toBeLessThan(1200 / 4);
    for (let more = 0; more < 40 && slow.current === before; more += 1) slow.tick(101 + more);
    const fast = new RatesOfFleet(cluster, store);
    fast.reckon(100);
    expect(slow.current.device.fleetRate).toBeCloseTo(fast.current.device.fleetRate, 12);
    expect(slow.current).not.toBe(before);
  });
});
