import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../extender/history/incident.ts';
import { brokenDevicesOf } from '../../../extender/release/broken-device.ts';
import { GPU, makeIncident, makeNode, makePodFacts } from '../../make/facts.ts';

function open(overrides: Partial<Incident>): Incident {
  const { closedAtSeconds: _closed, ...incident } = makeIncident(overrides);
  return incident;
}

const health = (device: string, word: 'Healthy' | 'Unhealthy') => ({
  deviceHealth: [{ resource: GPU, device, health: word }],
});
const ALL = { devices: { resources: [{ resource: GPU, count: 8 }], claims: [] } };
const FATAL = open({ device: 'GPU-1', resource: GPU, probability: 0.9 });

describe('brokenDevicesOf', () => {
  test.each([
    ['the kubelet calls it unhealthy', health('GPU-1', 'Unhealthy'), [], 'GPU-1'],
    ['an incident on a device that it holds by name', health('GPU-1', 'Healthy'), [FATAL], 'GPU-1'],
    ['an incident on a node of which it holds all', ALL, [FATAL], 'GPU-1'],
    [
      'its share of the device is a share of the parent',
      health('GPU-1::3', 'Unhealthy'),
      [],
      'GPU-1',
    ],
  ])('%s', (_name, pod, incidents, device) => {
    expect(brokenDevicesOf(makePodFacts(pod), makeNode(), incidents)[0]?.device).toBe(device);
  });

  test.each([
    ['another device of its node is broken', health('GPU-2', 'Healthy'), [FATAL]],
    ['it holds one of eight, and nobody names which', {}, [FATAL]],
    ['it is over', ALL, [makeIncident({ device: 'GPU-1', resource: GPU })]],
    ['only tenants say so', ALL, [{ ...FATAL, byTenants: true }]],
    ['it is not likely', ALL, [{ ...FATAL, probability: 0.3 }]],
    ['it is the node, not a device', ALL, [{ ...FATAL, scope: 'node' as const }]],
    ['it was forgiven', ALL, [{ ...FATAL, forgiven: { atSeconds: 1, reason: 'replaced' } }]],
  ])('nothing where %s', (_name, pod, incidents) => {
    expect(brokenDevicesOf(makePodFacts(pod), makeNode(), incidents)).toEqual([]);
  });

  test('says how likely it is, by the incident where there is one', () => {
    const pod = makePodFacts(health('GPU-1', 'Unhealthy'));
    expect(brokenDevicesOf(pod, makeNode(), [])[0]?.probability).toBe(0.5);
    expect(brokenDevicesOf(pod, makeNode(), [FATAL])[0]?.probability).toBe(0.9);
  });

  test('each broken device is told once, and keeps its key in whatever order it comes', () => {
    const both = (...names: string[]) =>
      makePodFacts({
        deviceHealth: names.map((device) => ({ resource: GPU, device, health: 'Unhealthy' })),
      });
    const keysOf = (pod: ReturnType<typeof both>) =>
      brokenDevicesOf(pod, makeNode(), [FATAL]).map(({ key }) => key);
    expect(keysOf(both('GPU-1', 'GPU-2')).sort()).toEqual(keysOf(both('GPU-2', 'GPU-1')).sort());
    expect(keysOf(both('GPU-1', 'GPU-2'))).toHaveLength(2);
  });

  test('who holds all of another resource does not hold the device that nobody gives a resource', () => {
    const { resource: _none, ...unsaid } = FATAL;
    const node = makeNode({
      devices: new Map([
        [GPU, { capacity: 8, allocatable: 8 }],
        ['rdma/hca', { capacity: 1, allocatable: 1 }],
      ]),
    });
    const ask = (gpus: number) =>
      makePodFacts({
        devices: {
          resources: [
            { resource: GPU, count: gpus },
            { resource: 'rdma/hca', count: 1 },
          ],
          claims: [],
        },
      });
    expect(brokenDevicesOf(ask(1), node, [unsaid])).toEqual([]);
    expect(brokenDevicesOf(ask(8), node, [unsaid])).toHaveLength(1);
  });

  test('where the kubelet names the devices of a pod, only its word tells which it has', () => {
    const pod = makePodFacts({ ...ALL, ...health('GPU-2', 'Healthy') });
    expect(brokenDevicesOf(pod, makeNode(), [FATAL])).toEqual([]);
  });
});
