import { describe, expect, test } from 'vitest';
import { rackOutageRates } from '../../../extender/hazard/rack-outages.ts';

describe('outages of racks', () => {
  test('are as seldom as published until any are seen', () => {
    const { fleetPerDay, perDay } = rackOutageRates([]);
    expect(fleetPerDay).toBeCloseTo(3e-4, 5);
    expect(perDay('r1')).toBe(fleetPerDay);
  });

  test('are told by what the fleet has shown, and by what a rack has', () => {
    const racks = Array.from({ length: 125 }, (_none, rack) => ({
      rack: `r${rack}`,
      outages: rack < 10 ? 2 : 0,
      days: 30,
    }));
    const { fleetPerDay, perDay } = rackOutageRates(racks);
    expect(fleetPerDay).toBeCloseTo(20.8 / (2700 + 3750), 6);
    expect(perDay('r0')).toBeGreaterThan(2.5 * perDay('r50'));
    expect(perDay('r50')).toBeLessThan(fleetPerDay);
  });
});
