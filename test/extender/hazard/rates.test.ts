import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostLife, LifeFault } from '../../../extender/hazard/experience.ts';
import { FITTED } from '../../../extender/hazard/fitted.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';

const DAY = 86_400;
const NOW = 1000 * DAY;

function life(cohorts: string, overrides: Partial<HostLife> = {}): HostLife {
  return {
    busyDays: 100,
    workedUntilSeconds: NOW,
    eras: [{ fromBusyDays: 0, fromSeconds: NOW - 100 * DAY, cohorts }],
    devices: 8,
    faults: [],
    ...overrides,
  };
}

function fault(overrides: Partial<LifeFault> = {}): LifeFault {
  const atBusyDays = overrides.atBusyDays ?? 50;
  return {
    unit: 'GPU-0',
    isNameless: false,
    atBusyDays,
    atSeconds: NOW - (100 - atBusyDays) * DAY,
    weight: 1,
    unitFromBusyDays: 0,
    ...overrides,
  };
}

const many = (count: number, of: (index: number) => HostLife) =>
  Array.from({ length: count }, (_none, index) => of(index));
const like = (lives: readonly HostLife[], cohorts: string) =>
  fleetRates(lives, NOW).device.likeRate(cohorts);

describe('fleetRates', () => {
  test('of a fleet of which nothing is known are the prior ones', () => {
    const { device, node } = fleetRates([], NOW);
    expect(device.fleetRate).toBeCloseTo(FITTED.priorDeviceFaultsPerDay, 12);
    expect(node.fleetRate).toBeCloseTo(FITTED.priorNodeFaultsPerDay, 12);
    expect(device.recencyRatios).toEqual([100, 30, 30, 20, 1]);
    expect(device.likeRate('rack=r1|age=3')).toBe(device.fleetRate);
  });

  test('come to what a large fleet shows: its rate, and that of nothing else', () => {
    const lives = many(1000, (index) =>
      life('model=a|age=0', { faults: index % 10 === 0 ? [fault({ atBusyDays: 99 })] : [] }),
    );
    const { device, node } = fleetRates(lives, NOW);
    // A hundred faults; of 800,000 device-days those of the last 45 count most.
    expect(device.fleetRate).toBeGreaterThan(100 / 800_000);
    expect(device.fleetRate).toBeLessThan(3 * (100 / 800_000));
    expect(device.likeRate('model=a|age=0')).toBeCloseTo(device.fleetRate, 9);
    expect(node.fleetRate).toBeLessThan(FITTED.priorNodeFaultsPerDay / 10);
  });

  test('a rack that fails more is worse than the others, all else being equal', () => {
    const lives = many(400, (index) =>
      life(`model=a|rack=r${index % 10}|age=0`, {
        faults: index % 10 === 3 ? [fault()] : index % 40 === 0 ? [fault()] : [],
      }),
    );
    const { ratios } = fleetRates(lives, NOW).device;
    expect(ratios.get('rack=r3')).toBeGreaterThan(3);
    expect(ratios.get('rack=r5')).toBeLessThan(1);
    expect(ratios.has('model=a')).toBe(false);
  });

  test('a cohort whose devices are of a bad model is not blamed for it', () => {
    // Every device of model b fails; rack r1 has only such, the others one in ten.
    const lives = many(1000, (index) => {
      const inR1 = index % 10 === 1;
      const isB = inR1 || index % 100 < 10;
      return life(`model=${isB ? 'b' : 'a'}|rack=${inR1 ? 'r1' : `r${index % 10}`}|age=0`, {
        faults: isB ? [fault()] : [],
      });
    });
    const { ratios } = fleetRates(lives, NOW).device;
    const model = (ratios.get('model=b') ?? 0) / (ratios.get('model=a') ?? 1);
    const rack = (ratios.get('rack=r1') ?? 0) / (ratios.get('rack=r5') ?? 1);
    expect(model).toBeGreaterThan(10);
    expect(rack).toBeLessThan(1.6);
  });

  test('one lemon that fails twenty times blackens neither its rack nor its fleet', () => {
    const faults = Array.from({ length: 20 }, (_none, index) => fault({ atBusyDays: 80 + index }));
    const clean = many(200, (index) => life(`rack=r${index % 10}|age=0`));
    const withOne = [life('rack=r1|age=0', { faults: [fault({ atBusyDays: 80 })] }), ...clean];
    const withLemon = [life('rack=r1|age=0', { faults }), ...clean];
    expect(like(withLemon, 'rack=r1|age=0')).toBeLessThan(1.5 * like(withOne, 'rack=r1|age=0'));
    expect(like(withLemon, 'rack=r2|age=0')).toBeLessThan(1.5 * like(withOne, 'rack=r2|age=0'));
  });

  test.each([
    { faults: 1, most: 2.5 },
    { faults: 3, most: 5 },
  ])('$faults faults of a new batch are as many, not five times as many', ({ faults, most }) => {
    const old = many(256, (index) =>
      life(`model=a|driver=1|block=b${index % 8}|rack=r${index % 32}|age=5`),
    );
    const cohorts = 'model=b|driver=2|block=new|rack=new|age=0';
    const fresh = life(cohorts, {
      busyDays: 0.1,
      eras: [{ fromBusyDays: 0, fromSeconds: NOW - 0.1 * DAY, cohorts }],
      faults: Array.from({ length: faults }, (_none, index) =>
        fault({ unit: `GPU-${index}`, atBusyDays: 0.05, atSeconds: NOW }),
      ),
    });
    const { device } = fleetRates([...old, fresh], NOW);
    const times = device.likeRate(cohorts) / device.fleetRate;
    expect(times).toBeGreaterThan(1.2);
    expect(times).toBeLessThan(most);
  });

  test('faults of which nobody knows the device are no repeats of one', () => {
    const nameless = many(100, (index) =>
      life('age=0', {
        faults: [20, 22, 25].map((atBusyDays, fault) => ({
          unit: `${index}-${fault}`,
          isNameless: true,
          atBusyDays,
          atSeconds: NOW - (100 - atBusyDays) * DAY,
          weight: 1,
          unitFromBusyDays: 0,
        })),
      }),
    );
    const { recencyRatios, fleetRate } = fleetRates(nameless, NOW).device;
    expect(recencyRatios).toEqual([100, 30, 30, 20, 1]);
    expect(fleetRate).toBeGreaterThan(300 / 80_000 / 2);
  });

  test('of a new cluster with a few faults no product of cohorts runs away', () => {
    const fresh = (faults: readonly LifeFault[]) =>
      life('model=a|driver=1|block=b|rack=r|age=0', {
        busyDays: 0,
        eras: [
          { fromBusyDays: 0, fromSeconds: NOW, cohorts: 'model=a|driver=1|block=b|rack=r|age=0' },
        ],
        faults,
      });
    const struck = fresh([fault({ atBusyDays: 0, atSeconds: NOW })]);
    const rate = like([struck, struck, struck, fresh([])], 'model=a|driver=1|block=b|rack=r|age=0');
    expect(rate / FITTED.priorDeviceFaultsPerDay).toBeLessThan(5);
  });

  test('a fleet whose devices fail again soon teaches so, one whose do not unteaches the prior', () => {
    const again = many(50, () =>
      life('age=0', { faults: [fault({ atBusyDays: 90 }), fault({ atBusyDays: 93 })] }),
    );
    const never = many(50, () => life('age=0', { faults: [fault({ atBusyDays: 1 })] }));
    const quiet = many(500, () => life('age=0'));
    const week = (lives: readonly HostLife[]) =>
      fleetRates([...lives, ...quiet], NOW).device.recencyRatios[1] ?? 0;
    expect(week(again)).toBeGreaterThan(100);
    expect(week(never)).toBeLessThan(20);
  });

  test('a day without a second fault says nothing against the week that had them', () => {
    const weekly = many(50, () =>
      life('age=0', { faults: [fault({ atBusyDays: 90 }), fault({ atBusyDays: 93 })] }),
    );
    const quiet = many(500, () => life('age=0'));
    const [day = 0, week = 0] = fleetRates([...weekly, ...quiet], NOW).device.recencyRatios;
    expect(week).toBeGreaterThan(100);
    expect(day).toBe(week);
  });

  test('a device that was replaced at once proves nothing about the days after a fault', () => {
    const replaced = many(50, () => life('age=0', { faults: [fault({ replacedAtBusyDays: 50 })] }));
    const { recencyRatios } = fleetRates(replaced, NOW).device;
    expect(recencyRatios).toEqual([100, 30, 30, 20, 1]);
  });

  test('recency never rises with time, and what is last is 1', () => {
    const anyLife = fc
      .array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 6 })
      .map((days) => life('age=0', { faults: days.map((atBusyDays) => fault({ atBusyDays })) }));
    fc.assert(
      fc.property(fc.array(anyLife, { maxLength: 8 }), (lives) => {
        const { recencyRatios, fleetRate } = fleetRates(lives, NOW).device;
        expect(recencyRatios.at(-1)).toBe(1);
        for (const [index, ratio] of recencyRatios.entries()) {
          expect(ratio).toBeGreaterThanOrEqual(recencyRatios[index + 1] ?? 1);
          expect(ratio).toBeLessThanOrEqual(FITTED.mostRecencyRatio);
        }
        expect(fleetRate).toBeGreaterThan(0);
        const turned = fleetRates(lives.toReversed(), NOW).device;
        expect(turned.fleetRate).toBeCloseTo(fleetRate, 12);
      }),
    );
  });
});
