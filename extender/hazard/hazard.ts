import type { Cohorts } from '../history/cohorts.ts';
import { decayedDays, halved, recencyStep } from './decay.ts';
import { FITTED, type HazardConstants } from './fitted.ts';
import type { UnitRates } from './rates.ts';

/**
 * The hazard of a unit that fails as a whole, a device or a node:
 *
 *   hazard = its like's rate  x  (prior faults + its faults) / (prior faults + faults expected of its like)
 *                             x  how much likelier a unit is to fail so soon after its last fault
 *
 * The middle factor is the mean of a gamma-distributed rate after that experience: with the prior faults
 * divided by its like's rate it reads (prior faults + decayed faults) / (prior time + decayed busy time).
 * It moves in a year, the last one in days: two time scales. Both count busy days only. Its like's rate is
 * the fleet's, times what is known of each of its cohorts (rates.ts).
 */
export function unitHazard(
  { cohorts, busyDays, faults }: Unit,
  rates: UnitRates,
  horizonDays: number,
  constants = FITTED,
): UnitHazard {
  const { ownPriorFaults, halfLifeDays } = constants;
  const likeRate = rates.likeRate(cohorts);
  const faultsSeen = faults.reduce(
    (sum, { weight, ageDays }) => sum + weight * halved(ageDays, halfLifeDays),
    ownPriorFaults,
  );
  const faultsExpected = ownPriorFaults + likeRate * decayedDays(busyDays, halfLifeDays);
  const recency = recencyRatio(faults, rates.recencyRatios, horizonDays, constants);
  const rate = likeRate * (faultsSeen / faultsExpected) * recency;
  const [low, high] = gammaInterval(faultsSeen);
  return { faultsPerDay: rate, low: rate * low, high: rate * high, likeRate };
}

/** A device, or a node with what strikes all of it. */
export interface Unit {
  readonly cohorts: Cohorts;
  /** Busy days that it has been there. */
  readonly busyDays: number;
  readonly faults: readonly Fault[];
}

export interface Fault {
  /** Busy days since it was over; 0 while it stands. */
  readonly ageDays: number;
  /** The chance that it was this unit's, 0 to 1. */
  readonly weight: number;
  /** The part that failed has been replaced: what is left of the fault is the place's. */
  readonly isReplaced: boolean;
}

export interface UnitHazard {
  /** Faults per busy day, on average over the horizon. */
  readonly faultsPerDay: number;
  /** Where 95 % of the units with this experience lie. */
  readonly low: number;
  readonly high: number;
  /** What a unit of its cohorts has on average. */
  readonly likeRate: number;
}

/** How many times as often as later a unit fails in the days after its faults: the worst one's. */
export function recencyRatio(
  faults: readonly Fault[],
  ratios: readonly number[],
  horizonDays: number,
  { recencyDays }: HazardConstants = FITTED,
): number {
  let most = 1;
  for (const { ageDays, weight, isReplaced } of faults) {
    if (isReplaced) continue;
    most = Math.max(most, 1 + weight * (meanRatio(ratios, recencyDays, ageDays, horizonDays) - 1));
  }
  return most;
}

/** The mean of the steps from that age on, over the horizon. */
function meanRatio(
  ratios: readonly number[],
  steps: readonly number[],
  ageDays: number,
  horizonDays: number,
): number {
  if (horizonDays <= 0) return ratios[recencyStep(ageDays, steps)] ?? 1;
  let sum = 0;
  let from = ageDays;
  const end = ageDays + horizonDays;
  for (const [step, until] of steps.entries()) {
    if (until <= from) continue;
    const to = Math.min(until, end);
    sum += (to - from) * (ratios[step] ?? 1);
    from = to;
    if (from >= end) break;
  }
  return (sum + (end - from)) / horizonDays;
}

/** The middle 95 % of a gamma distribution of this shape, as multiples of its mean (Wilson and Hilferty). */
function gammaInterval(shape: number): readonly [number, number] {
  const at = (z: number) => Math.max(0, 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3;
  return [at(-1.96), at(1.96)];
}
