import { describe, expect, test } from 'vitest';
import { builtInCatalogue } from '../../../extender/built-in-catalogue.ts';
import type { DeviceHealth } from '../../../extender/history/facts.ts';
import {
  deviceHealthEnds,
  deviceHealthObservations,
  nodeObservations,
  rejectionSignals,
} from '../../../extender/history/signal.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';

const CATALOGUE = builtInCatalogue();
const node = (capacity: number, allocatable: number) =>
  makeNode({ devices: new Map([[GPU, { capacity, allocatable }]]) });
const health = (state: DeviceHealth['health']): Partial<ReturnType<typeof makePodFacts>> => ({
  deviceHealth: [{ resource: GPU, device: 'GPU-0', health: state }],
});

describe('device counts of a node', () => {
  const rows: readonly {
    name: string;
    before?: [number, number];
    now: [number, number];
    says: string;
  }[] = [
    { name: 'all there, as before', before: [8, 8], now: [8, 8], says: '' },
    { name: 'all there, seen for the first time, ends what stood', now: [8, 8], says: '-' },
    { name: 'one withdrawn', before: [8, 8], now: [8, 7], says: '+' },
    { name: 'one withdrawn, found at start', now: [8, 7], says: '+' },
    { name: 'still one withdrawn', before: [8, 7], now: [8, 7], says: '' },
    { name: 'one more withdrawn', before: [8, 7], now: [8, 6], says: '+ further' },
    { name: 'one of two back', before: [8, 6], now: [8, 7], says: '' },
    { name: 'back again', before: [8, 7], now: [8, 8], says: '-' },
    { name: 'back again after a reboot in between', before: [8, 0], now: [8, 8], says: '-' },
    { name: 'withdrawn still after a reboot in between', before: [8, 0], now: [8, 7], says: '+' },
    { name: 'plugin stopped: all gone at once', before: [8, 8], now: [8, 0], says: '' },
    { name: 'plugin gone', before: [8, 0], now: [0, 0], says: '' },
  ];
  test.each(rows)('$name', ({ before, now, says }) => {
    const previous = before === undefined ? undefined : node(...before);
    const { signals, recoveries } = nodeObservations(previous, node(...now), CATALOGUE, 5);
    const further = signals.some(({ isFurther }) => isFurther) ? ' further' : '';
    expect('+'.repeat(signals.length) + further + '-'.repeat(recoveries.length)).toBe(says);
  });

  test('the words carry the numbers', () => {
    expect(nodeObservations(undefined, node(8, 7), CATALOGUE, 5).signals[0]).toEqual({
      row: 'allocatable-below-capacity',
      resource: GPU,
      atSeconds: 5,
      probability: 0.8,
      words: 'the device plugin has withdrawn the device (nvidia.com/gpu: 7 of 8 left)',
      isStanding: true,
      isFurther: false,
    });
  });
});

describe('device health in a pod', () => {
  const says = (before: DeviceHealth['health'] | undefined, now: DeviceHealth['health']) => {
    const previous = before === undefined ? undefined : makePodFacts(health(before));
    const seen = deviceHealthObservations(previous, makePodFacts(health(now)), CATALOGUE, 5);
    return '+'.repeat(seen.signals.length) + '-'.repeat(seen.recoveries.length);
  };
  const rows = [
    ['Healthy', 'Unhealthy', '+'],
    ['Unhealthy', 'Unhealthy', ''],
    ['Unhealthy', 'Healthy', '-'],
    ['Healthy', 'Healthy', ''],
    ['Healthy', 'Unknown', ''],
    ['Unhealthy', 'Unknown', ''],
    [undefined, 'Unhealthy', '+'],
  ] as const;
  test.each(rows)('from %s to %s', (before, now, expected) => {
    expect(says(before, now)).toBe(expected);
  });

  test('a pod that ends can tell no more of its device', () => {
    const { recoveries } = deviceHealthEnds(makePodFacts(health('Unhealthy')), CATALOGUE, 9);
    expect(recoveries).toEqual([
      { row: 'device-unhealthy', resource: GPU, device: 'GPU-0', atSeconds: 9 },
    ]);
  });
});

describe('rejections', () => {
  const rejected = (statusReason: string, statusMessage: string) =>
    rejectionSignals(makePodFacts({ phase: 'Failed', statusReason, statusMessage }), CATALOGUE, 5);

  test.each([
    'Pod was rejected: Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected',
    'Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected',
    'Pod was rejected: Allocate failed due to previously allocated devices are no longer healthy; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected',
    'Pod was rejected: Allocate failed due to cannot allocate unregistered device nvidia.com/gpu, which is unexpected',
  ])('%s', (message) => {
    expect(rejected('UnexpectedAdmissionError', message)).toHaveLength(1);
  });

  test.each([
    ['OutOfcpu', "Node didn't have enough resource: cpu"],
    ['UnexpectedAdmissionError', 'something about memory'],
    ['Evicted', 'Allocate failed due to requested number of devices unavailable'],
    ['', ''],
  ])('%s is no sign of a device fault', (reason, message) => {
    expect(rejected(reason, message)).toEqual([]);
  });
});
