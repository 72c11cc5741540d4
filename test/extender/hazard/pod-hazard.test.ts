import { describe, expect, test } from 'vitest';
import { FITTED } from '../../../extender/hazard/fitted.ts';
import {
  type DeviceHost,
  deviceHazard,
  hazardClass,
  hazardFor,
  ofResource,
} from '../../../extender/hazard/pod-hazard.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import { NO_EXPOSURE } from '../../../extender/history/exposure.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { GPU, makeIncident } from '../../make/facts.ts';

const oneOf8 = { isOf: ofResource(GPU), count: 1, total: 8, busy: new Set<string>() };
const allOf8 = { ...oneOf8, count: 8 };
const RATES = fleetRates([], 0);
const DEVICE = FITTED.priorDeviceFaultsPerDay;
const NODE = FITTED.priorNodeFaultsPerDay;

function host(
  incidents: readonly Incident[] = [],
  overrides: Partial<DeviceHost> = {},
): DeviceHost {
  return {
    incidents,
    exposure: NO_EXPOSURE,
    devices: [],
    busyDays: 0,
    nowSeconds: 0,
    ...overrides,
  };
}
const rate = (choice: typeof oneOf8, on = host()) => hazardFor(choice, on, RATES, 0).faultsPerDay;

describe('hazardFor', () => {
  test('a host nobody knows has the prior rates of the node and of each device asked', () => {
    expect(rate(oneOf8)).toBeCloseTo(NODE + DEVICE, 12);
    expect(rate(allOf8)).toBeCloseTo(NODE + 8 * DEVICE, 12);
  });

  test('one of eight meets the broken one with one chance in eight, all of eight surely', () => {
    const broken = host([makeIncident({ device: 'GPU-0' })]);
    const extra = (choice: typeof oneOf8) => rate(choice, broken) - rate(choice);
    expect(extra(allOf8)).toBeCloseTo(DEVICE * (100 * 1.5 - 1), 9);
    expect(extra(oneOf8)).toBeCloseTo(extra(allOf8) / 8, 12);
  });

  test('with the others busy, the broken one is what is left', () => {
    const busy = new Set(['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4', 'GPU-5', 'GPU-6', 'GPU-7']);
    const broken = host([makeIncident({ device: 'GPU-0' })]);
    expect(rate({ ...oneOf8, busy }, broken)).toBeCloseTo(NODE + DEVICE * 150, 9);
  });

  test('a broken device that somebody holds cannot be drawn', () => {
    const choice = { ...oneOf8, busy: new Set(['GPU-0']) };
    const hazard = hazardFor(choice, host([makeIncident({ device: 'GPU-0' })]), RATES, 0);
    expect(hazard.incidents).toEqual([]);
    expect(hazard.faultsPerDay).toBeCloseTo(NODE + DEVICE, 12);
  });

  test('an incident of another resource does not count', () => {
    const other = host([makeIncident({ resource: 'amd.com/gpu' })]);
    expect(rate(oneOf8, other)).toBeCloseTo(NODE + DEVICE, 12);
  });

  test('what struck the node strikes whoever is there', () => {
    const struck = host([makeIncident({ scope: 'node' })]);
    expect(rate(oneOf8, struck)).toBeCloseTo(NODE * 150 + DEVICE, 9);
    expect(rate(allOf8, struck)).toBeCloseTo(NODE * 150 + 8 * DEVICE, 9);
  });

  test('incidents that weigh nothing, or of more devices than there are, dilute no other', () => {
    const lemon = makeIncident({ device: 'GPU-0' });
    const others = (count: number, overrides: Partial<Incident>) =>
      Array.from({ length: count }, (_none, index) =>
        makeIncident({ id: `o${index}`, device: `MIG-${index}`, ...overrides }),
      );
    const alone = rate(oneOf8, host([lemon]));
    const forgiven = others(59, { forgiven: { atSeconds: 0, reason: 'cable' } });
    expect(rate(oneOf8, host([lemon, ...forgiven]))).toBe(alone);
    const weak = others(59, { probability: 0.01 });
    expect(rate(oneOf8, host([lemon, ...weak]))).toBeGreaterThanOrEqual(alone);
  });

  test('an open incident does not age, and idle time ages none', () => {
    const { closedAtSeconds: _closed, ...open } = makeIncident();
    const now = (busyDays: number, nowSeconds: number) => ({ busyDays, nowSeconds });
    expect(rate(allOf8, host([open], now(100, 0)))).toBeGreaterThan(
      0.9 * rate(allOf8, host([open])),
    );
    const closed = [makeIncident({ endedAtBusyDays: 5 })];
    expect(rate(allOf8, host(closed, now(5, 1e9)))).toBe(rate(allOf8, host(closed, now(5, 0))));
    expect(rate(allOf8, host(closed, now(105, 0)))).toBeLessThan(
      rate(allOf8, host(closed, now(5, 0))),
    );
  });

  test('a device that took the place of another has its own age and its own experience', () => {
    const incidents = [
      makeIncident({
        device: 'GPU-new',
        endedAtBusyDays: 400,
        swappedAtSeconds: 1,
        swappedAtBusyDays: 400,
      }),
    ];
    const device = { id: 'GPU-new', resource: GPU, lastSeenAtSeconds: 0, fromBusyDays: 400 };
    const swapped = host(incidents, { devices: [device], busyDays: 400 });
    const { faultsPerDay } = deviceHazard(
      { resource: GPU, total: 1, id: 'GPU-new' },
      swapped,
      RATES,
    );
    // Half a fault is left to the slot, and no experience; the node has worked for 400 days.
    const nodeExpects = 2 + NODE * ((365 / Math.LN2) * (1 - 2 ** (-400 / 365)));
    expect(faultsPerDay).toBeCloseTo((DEVICE * 2.5) / 2 + (NODE * 2) / nodeExpects, 9);
  });
});

describe('deviceHazard', () => {
  const one = (id?: string) => ({ resource: GPU, total: 8, ...(id !== undefined && { id }) });
  const perDay = (incidents: readonly Incident[], id?: string) =>
    deviceHazard(one(id), host(incidents), RATES).faultsPerDay - NODE;

  test("is raised by the device's own incidents, and not by its neighbour's", () => {
    const incidents = [makeIncident({ device: 'GPU-0' })];
    expect(perDay(incidents, 'GPU-1')).toBeCloseTo(DEVICE, 12);
    expect(perDay(incidents, 'GPU-0')).toBeCloseTo(DEVICE * 150, 9);
  });

  test('shares an incident of an unknown device with its neighbours', () => {
    const shared = DEVICE * ((2 + 1 / 8) / 2) * (1 + 99 / 8);
    for (const id of ['GPU-0', 'GPU-1', undefined]) {
      expect(perDay([makeIncident()], id)).toBeCloseTo(shared, 9);
    }
  });

  test('says how it stands to the fleet, and what raises it, the latest first', () => {
    const incidents = [
      makeIncident({ id: 'old', endedAtBusyDays: 0 }),
      makeIncident({ id: 'new', endedAtBusyDays: 99 }),
    ];
    const hazard = deviceHazard(one(), host(incidents, { busyDays: 100 }), RATES);
    expect(hazard.incidents.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(hazard.times).toBeCloseTo(hazard.faultsPerDay / (NODE + DEVICE), 9);
    expect(hazard.low).toBeLessThan(hazard.faultsPerDay);
    expect(hazard.high).toBeGreaterThan(hazard.faultsPerDay);
  });
});

describe('hazardClass', () => {
  test('of a certain fault: high for a busy month, elevated for two more, then normal', () => {
    const after = (days: number) => {
      const incidents = [makeIncident({ device: 'GPU-0', endedAtBusyDays: 0 })];
      const device = { resource: GPU, total: 8, id: 'GPU-0' };
      return hazardClass(deviceHazard(device, host(incidents, { busyDays: days }), RATES).times);
    };
    expect([0, 5, 29, 31, 89, 91].map(after)).toEqual([
      'high',
      'high',
      'high',
      'elevated',
      'elevated',
      'normal',
    ]);
  });

  test.each([
    { name: 'normal', times: 1 },
    { name: 'normal', times: 2.9 },
    { name: 'elevated', times: 3.1 },
    { name: 'high', times: 62 },
  ] as const)('$times times the usual rate is $name', ({ name, times }) => {
    expect(hazardClass(times)).toBe(name);
  });
});
