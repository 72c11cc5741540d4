import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deviceHazard,
  hazardClass,
  hazardFor,
  NO_EXPOSURE,
  withWork,
} from '../../../extender/history/hazard.ts';
import { GPU, makeIncident } from '../../make/facts.ts';

const DAY = 86_400;
const oneOf8 = { resource: GPU, count: 1, total: 8, busy: new Set<string>() };
const allOf8 = { ...oneOf8, count: 8 };
const single = { ...oneOf8, total: 1 };
const PRIOR = 6.5 / 1000 / 8;
const rate = (...args: Parameters<typeof hazardFor>) => hazardFor(...args).faultsPerDay;

describe('hazardFor', () => {
  test('a host nobody knows has the prior rate for each device asked', () => {
    expect(rate(oneOf8, [], NO_EXPOSURE, 0)).toBeCloseTo(PRIOR, 12);
    expect(rate(allOf8, [], NO_EXPOSURE, 0)).toBeCloseTo(8 * PRIOR, 12);
  });

  test('a device that has just failed fails again within 7 days with 30 %, as on Titan', () => {
    const perDay = rate(single, [makeIncident()], NO_EXPOSURE, 0);
    expect(1 - Math.exp(-7 * perDay)).toBeGreaterThan(0.28);
    expect(1 - Math.exp(-7 * perDay)).toBeLessThan(0.32);
  });

  test('one of eight meets the broken one with one chance in eight, all of eight surely', () => {
    const incident = [makeIncident({ device: 'GPU-0' })];
    const extra = (choice: typeof oneOf8) =>
      rate(choice, incident, NO_EXPOSURE, 0) - rate(choice, [], NO_EXPOSURE, 0);
    expect(extra(oneOf8)).toBeCloseTo(extra(allOf8) / 8, 12);
  });

  test('with the others busy, the broken one is what is left', () => {
    const others = new Set(['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4', 'GPU-5', 'GPU-6', 'GPU-7']);
    const incident = [makeIncident({ device: 'GPU-0' })];
    expect(rate({ ...oneOf8, busy: others }, incident, NO_EXPOSURE, 0)).toBeCloseTo(
      rate(single, incident, NO_EXPOSURE, 0),
      12,
    );
  });

  test('a broken device that somebody holds cannot be drawn', () => {
    const choice = { ...oneOf8, busy: new Set(['GPU-0']) };
    const hazard = hazardFor(choice, [makeIncident({ device: 'GPU-0' })], NO_EXPOSURE, 0);
    expect(hazard.incidents).toEqual([]);
    expect(hazard.faultsPerDay).toBeCloseTo(PRIOR, 12);
  });

  test('an incident of another resource does not count', () => {
    const incident = [makeIncident({ resource: 'amd.com/gpu' })];
    expect(rate(oneOf8, incident, NO_EXPOSURE, 0)).toBeCloseTo(PRIOR, 12);
  });

  test('an open incident does not age, a closed one fades on two scales', () => {
    const { closedAtSeconds: _closed, ...open } = makeIncident();
    const later = 30 * DAY;
    const extra = (incident: typeof open, now: number) =>
      rate(single, [incident], NO_EXPOSURE, now) - rate(single, [], NO_EXPOSURE, now);
    expect(extra(open, later)).toBeCloseTo(extra(open, 0), 12);
    expect(extra(makeIncident(), later) / extra(makeIncident(), 0)).toBeCloseTo(
      (2 ** (-30 / 3) + 2 ** (-30 / 90)) / 2,
      12,
    );
  });

  test('work proves health, idling does not', () => {
    const worked = withWork(NO_EXPOSURE, 8 * 20 * DAY, 20 * DAY);
    const incident = [makeIncident()];
    const proven = rate(oneOf8, incident, worked, 20 * DAY);
    expect(proven).toBeLessThan(rate(oneOf8, incident, NO_EXPOSURE, 20 * DAY));
    expect(rate(oneOf8, [], NO_EXPOSURE, 400 * DAY)).toBeCloseTo(PRIOR, 12);
  });

  test('work counts the same in whatever order its ends are told', () => {
    const early = (held: typeof NO_EXPOSURE) => withWork(held, 10 * DAY, 5 * DAY);
    const late = (held: typeof NO_EXPOSURE) => withWork(held, 20 * DAY, 9 * DAY);
    const inOrder = late(early(NO_EXPOSURE));
    const outOfOrder = early(late(NO_EXPOSURE));
    expect(outOfOrder.atSeconds).toBe(9 * DAY);
    expect(outOfOrder.deviceDays[0]).toBeCloseTo(inOrder.deviceDays[0], 12);
    expect(outOfOrder.deviceDays[1]).toBeCloseTo(inOrder.deviceDays[1], 12);
  });

  test('another incident never lowers the rate, and time never raises it', () => {
    const incidents = fc.array(
      fc
        .record({
          closedAtSeconds: fc.integer({ min: 0, max: 100 * DAY }),
          probability: fc.double({ min: 0, max: 1, noNaN: true }),
        })
        .map(makeIncident),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(incidents, fc.integer({ min: 0, max: 300 * DAY }), (held, wait) => {
        const now = 100 * DAY;
        const before = rate(oneOf8, held, NO_EXPOSURE, now);
        expect(rate(oneOf8, [...held, makeIncident()], NO_EXPOSURE, now)).toBeGreaterThanOrEqual(
          before,
        );
        expect(rate(oneOf8, held, NO_EXPOSURE, now + wait)).toBeLessThanOrEqual(before + 1e-15);
      }),
    );
  });
});

describe('deviceHazard', () => {
  const one = (id?: string) => ({ resource: GPU, total: 8, ...(id !== undefined && { id }) });
  const perDay = (...args: Parameters<typeof deviceHazard>) => deviceHazard(...args).faultsPerDay;

  test("is raised by the device's own incidents, and not by its neighbour's", () => {
    const incidents = [makeIncident({ device: 'GPU-0' })];
    expect(perDay(one('GPU-1'), incidents, NO_EXPOSURE, 0)).toBeCloseTo(PRIOR, 12);
    expect(perDay(one('GPU-0'), incidents, NO_EXPOSURE, 0)).toBeCloseTo(PRIOR + 1 / 20, 12);
  });

  test('shares an incident of an unknown device with its neighbours', () => {
    const incidents = [makeIncident()];
    const devices = ['GPU-0', 'GPU-1', undefined];
    for (const id of devices) {
      expect(perDay(one(id), incidents, NO_EXPOSURE, 0)).toBeCloseTo(PRIOR + 1 / 20 / 8, 12);
    }
  });
});

describe('hazardClass', () => {
  test.each([
    { name: 'normal', times: 1 },
    { name: 'normal', times: 2.9 },
    { name: 'elevated', times: 3.1 },
    { name: 'high', times: 62 },
  ] as const)('$times times the usual rate is $name', ({ name, times }) => {
    expect(hazardClass(times * PRIOR)).toEqual({ name, times: expect.closeTo(times) });
  });

  test('a certain fault is high for two months, and elevated for a year', () => {
    const perDay = (days: number) =>
      deviceHazard({ resource: GPU, total: 1 }, [makeIncident()], NO_EXPOSURE, days * DAY);
    const after = (days: number) => hazardClass(perDay(days).faultsPerDay).name;
    expect([0, 40, 100, 330, 500].map(after)).toEqual([
      'high',
      'high',
      'elevated',
      'elevated',
      'normal',
    ]);
  });
});
