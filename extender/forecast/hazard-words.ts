import { spanInWords } from '../../webhook/words/duration.ts';
import type { Hazard } from '../hazard/pod-hazard.ts';
import { cohortInWords } from '../history/cohorts.ts';

/** What of a hazard is told. */
export type ToldHazard = Pick<Hazard, 'times' | 'badCohort'>;

/** `6 times the fleet's rate`, or `the fleet's rate`. */
export function timesInWords(times: number): string {
  const rounded = Number(times.toPrecision(2));
  if (rounded >= 1.2) return `${rounded} times the fleet's rate`;
  return rounded >= 0.8 ? "the fleet's rate" : `${Math.round(rounded * 100)} % of the fleet's rate`;
}

/**
 * `6 times the fleet's rate (0.003 faults a busy day, 0.001 to 0.007): 2 faults in 40 h of work; rack r12
 * fails 2.1 times as often as the fleet`.
 */
export function hazardInWords(hazard: Hazard): string {
  const { times, faultsPerDay, low, high, incidents, busyDays } = hazard;
  const [rate, least, most] = [faultsPerDay, low, high].map((value) =>
    Number(value.toPrecision(2)),
  );
  const faults = incidents.length === 1 ? '1 fault' : `${incidents.length || 'no'} faults`;
  const work = `${faults} in ${spanInWords(busyDays * 86_400)} of work`;
  const cohort = badCohortInWords(hazard);
  return `${timesInWords(times)} (${rate} faults a busy day, ${least} to ${most}): ${work}${cohort === undefined ? '' : `; ${cohort}`}`;
}

/** `rack r12 fails 2.1 times as often as the fleet`; absent where no cohort stands out. */
export function badCohortInWords({ badCohort }: Pick<ToldHazard, 'badCohort'>): string | undefined {
  if (badCohort === undefined) return undefined;
  const { name, ratio } = badCohort;
  const verb = name.startsWith('age=') ? 'fail' : 'fails';
  return `${cohortInWords(name)} ${verb} ${Number(ratio.toPrecision(2))} times as often as the fleet`;
}
