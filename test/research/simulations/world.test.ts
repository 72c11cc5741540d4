import { describe, expect, test } from 'vitest';
import { MODERN } from './fleets.ts';
import { oracle } from './policies/oracle.ts';
import { packed } from './policies/stock.ts';
import { surefoot } from './policies/surefoot.ts';
import { type Outcome, type Policy, World } from './world.ts';

async function live(
  make: (world: World, seed: number) => Policy | Promise<Policy>,
): Promise<Outcome> {
  const world = new World({ fleet: MODERN, utilisation: 0.9, seed: 1, days: 2, warmUpDays: 1 });
  return world.live(await make(world, 1));
}

const lost = ({ lostHours: { start, faults } }: Outcome) => start + faults;

describe('a simulated fleet', () => {
  test('is as full as it is told to be, and loses nothing of what is asked to run', async () => {
    const outcome = await live(packed);
    expect(outcome.usedShare).toBeCloseTo(0.9, 1);
    expect(outcome.unschedulable).toBe(0);
    expect(outcome.wholeFreeNodes).toBeGreaterThan(80);
    expect(outcome.crashes).toBeGreaterThan(10);
  }, 60_000);

  test('has the same fate for the same policy', async () => {
    expect(await live(packed)).toEqual(await live(packed));
  }, 60_000);

  test('rewards who knows: the oracle loses least, and Surefoot less than packing alone', async () => {
    const [best, ours, worst] = [await live(oracle), await live(surefoot), await live(packed)];
    expect(lost(best)).toBeLessThan(lost(ours));
    expect(lost(ours)).toBeLessThan(lost(worst));
    expect(ours.unschedulable).toBe(0);
    expect(ours.home / ours.back).toBeGreaterThan(0.9);
  }, 60_000);
});
