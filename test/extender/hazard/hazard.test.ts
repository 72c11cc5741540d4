import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fault, type Unit, unitHazard } from '../../../extender/hazard/hazard.ts';
import type { UnitRates } from '../../../extender/hazard/rates.ts';

const RATE = 0.001;
/** A fleet that has taught nothing but its rate. */
const RATES: UnitRates = {
  fleetRate: RATE,
  ratios: new Map(),
  recencyRatios: [100, 30, 30, 20, 1],
  likeRate: () => RATE,
};
const unit = (overrides: Partial<Unit> = {}): Unit => ({
  cohorts: 'age=0',
  busyDays: 0,
  faults: [],
  ...overrides,
});
const fault = (overrides: Partial<Fault> = {}): Fault => ({
  ageDays: 0,
  weight: 1,
  isReplaced: false,
  ...overrides,
});
const perDay = (one: Partial<Unit>, horizonDays = 0) =>
  unitHazard(unit(one), RATES, horizonDays).faultsPerDay;

const anyFault = fc
  .record({
    ageDays: fc.double({ min: 0, max: 1000, noNaN: true }),
    weight: fc.double({ min: 0, max: 1, noNaN: true }),
    isReplaced: fc.boolean(),
  })
  .map(fault);
const anyFaults = fc.array(anyFault, { maxLength: 12 });
const anyDays = fc.double({ min: 0, max: 3000, noNaN: true });

describe('unitHazard', () => {
  test("of a unit that has shown nothing is its like's rate", () => {
    expect(perDay({})).toBe(RATE);
  });

  test.each([
    { name: 'on the first day', ageDays: 0.5, times: 100 * 1.5 },
    { name: 'in the first week', ageDays: 3, times: 30 * 1.5 },
    { name: 'in the first quarter', ageDays: 60, times: 20 * 1.45 },
    { name: 'a year later', ageDays: 365, times: 1.25 },
  ])('$name after a fault: $times times as often', ({ ageDays, times }) => {
    expect(perDay({ faults: [fault({ ageDays })] }) / RATE).toBeCloseTo(times, 0);
  });

  test('looks ahead: a pod that stays for long outlives the first bad days', () => {
    const faults = [fault()];
    expect(perDay({ faults }, 2)).toBeCloseTo((RATE * 1.5 * (100 + 30)) / 2, 9);
    expect(perDay({ faults }, 900)).toBeLessThan(perDay({ faults }, 90));
    expect(perDay({ faults }, 1e9)).toBeCloseTo(RATE * 1.5, 6);
  });

  test('more faults never lower it', () => {
    fc.assert(
      fc.property(anyFaults, anyFault, anyDays, anyDays, (faults, one, busyDays, horizonDays) => {
        expect(perDay({ faults: [...faults, one], busyDays }, horizonDays)).toBeGreaterThanOrEqual(
          perDay({ faults, busyDays }, horizonDays),
        );
      }),
    );
  });

  test('the order of faults is irrelevant', () => {
    fc.assert(
      fc.property(anyFaults, anyDays, (faults, busyDays) => {
        const turned = perDay({ faults: faults.toReversed(), busyDays });
        expect(turned).toBeCloseTo(perDay({ faults, busyDays }), 12);
      }),
    );
  });

  test('busy time without a fault lowers it', () => {
    const older = (faults: readonly Fault[], days: number) =>
      faults.map((one) => ({ ...one, ageDays: one.ageDays + days }));
    fc.assert(
      fc.property(
        anyFaults,
        anyDays,
        fc.double({ min: 1, max: 500, noNaN: true }),
        (faults, busyDays, days) => {
          const before = perDay({ faults, busyDays });
          expect(perDay({ faults: older(faults, days), busyDays: busyDays + days })).toBeLessThan(
            before,
          );
        },
      ),
    );
  });

  test('a swap clears what the device did, and leaves the slot half of the lasting part', () => {
    const swapped = perDay({ faults: [fault({ weight: 0.5, isReplaced: true })] });
    expect(swapped).toBeCloseTo(RATE * 1.25, 12);
  });

  test('a young unit with one fault lies within the interval of its like, but for the days after it', () => {
    const { high } = unitHazard(unit(), RATES, 0);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 30, noNaN: true }), (busyDays) => {
        const faults = [fault({ ageDays: 91 })];
        expect(perDay({ faults, busyDays: busyDays + 91 })).toBeLessThan(high);
      }),
    );
  });

  test('the interval holds the rate, and narrows with experience', () => {
    const width = ({ faultsPerDay, low, high }: ReturnType<typeof unitHazard>) => {
      expect(low).toBeLessThan(faultsPerDay);
      expect(high).toBeGreaterThan(faultsPerDay);
      return (high - low) / faultsPerDay;
    };
    const many = Array.from({ length: 20 }, () => fault({ ageDays: 100 }));
    expect(width(unitHazard(unit({ faults: many }), RATES, 0))).toBeLessThan(
      width(unitHazard(unit(), RATES, 0)),
    );
  });
});
