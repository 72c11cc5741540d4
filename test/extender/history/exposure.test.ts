import { describe, expect, test } from 'vitest';
import {
  cohortsAt,
  type Exposure,
  NO_EXPOSURE,
  withEra,
} from '../../../extender/history/exposure.ts';

const at = (busyDays: number, exposure: Exposure): Exposure => ({ ...exposure, busyDays });

describe('eras', () => {
  test('the first one holds all work that was done before the first look', () => {
    const { eras } = withEra(at(30, NO_EXPOSURE), 'age=0', 30, 100 * 86_400);
    expect(eras).toEqual([{ fromBusyDays: 0, fromSeconds: 70 * 86_400, cohorts: 'age=0' }]);
  });

  test('one without any work is replaced', () => {
    const first = withEra(NO_EXPOSURE, 'age=0', 0, 0);
    expect(withEra(first, 'age=0', 5, 10)).toBe(first);
    const second = withEra(first, 'age=1', 5, 10);
    expect(withEra(second, 'age=2', 5, 20).eras.map(({ cohorts }) => cohorts)).toEqual([
      'age=0',
      'age=2',
    ]);
  });

  test('a label that flaps pushes no work out', () => {
    let exposure = withEra(NO_EXPOSURE, 'driver=1', 0, 0);
    for (let flap = 0; flap < 50; flap += 1) {
      const busyDays = 80 + flap / 1000;
      exposure = withEra(exposure, flap % 2 === 0 ? 'driver=2' : 'driver=1', busyDays, flap);
    }
    expect(exposure.eras.length).toBeLessThanOrEqual(12);
    expect(exposure.eras[0]).toMatchObject({ fromBusyDays: 0, cohorts: 'driver=1' });
    expect(exposure.eras[1]?.fromBusyDays).toBeGreaterThanOrEqual(80);
  });

  test('a fault that came as an era began was the last of the one before', () => {
    const first = withEra(NO_EXPOSURE, 'age=9', 0, 0);
    const exposure = withEra(first, 'age=0', 40, 10);
    expect(cohortsAt(exposure, 40)).toBe('age=9');
    expect(cohortsAt(exposure, 40.1)).toBe('age=0');
    expect(cohortsAt(exposure, 0)).toBe('age=9');
    expect(cohortsAt(NO_EXPOSURE, 3)).toBe('');
  });
});
