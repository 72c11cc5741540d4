import { sharedTexts } from '../bounds/shared-values.ts';
import type { NodeFacts } from '../facts/facts.ts';
import { groupName } from './group-name.ts';

/** What a device has in common with others of its fleet. */
export type CohortKind = 'model' | 'driver' | 'block' | 'rack' | 'age';

/**
 * The cohorts of a device as one key, such as `model=H100|driver=580.95|rack=r12|age=2`: values are those
 * of labels, which hold neither `|` nor `=`.
 */
export type Cohorts = string;

const SECONDS_PER_DAY = 86_400;
/** Ages at which a device comes into the next cohort: half-years, as finely as Titan's record bears. */
const AGE_STEPS_DAYS = [91, 182, 365, 547, 730, 912, 1095, 1277, 1460, 1642, 1825] as const;

/** The cohorts of a device that was first seen then, on a node. */
export function cohortsOf(
  { model, driver, block, rack }: Pick<NodeFacts, 'model' | 'driver' | 'block' | 'rack'>,
  ageSeconds: number,
): Cohorts {
  const topology = Object.entries({ model, driver, block, rack }).filter(
    ([, name]) => name !== undefined,
  );
  return shared(
    [...topology, ['age', ageStep(ageSeconds)]].map(([kind, name]) => `${kind}=${name}`).join('|'),
  );
}

/** Nodes of a rack have the same: kept once. */
const shared = sharedTexts(4 * 2 ** 20);

/** The same cohorts for a device of another age. */
export function withAge(cohorts: Cohorts, ageSeconds: number): Cohorts {
  return cohorts.replace(/age=\d+$/, `age=${ageStep(ageSeconds)}`);
}

/** Each cohort of a key, such as `rack=r12`. */
export function eachCohort(cohorts: Cohorts): readonly string[] {
  return cohorts === '' ? [] : cohorts.split('|');
}

/** The kind of a cohort, such as `rack`. */
export function kindOf(cohort: string): string {
  return cohort.slice(0, cohort.indexOf('='));
}

/** `rack r12`, or `devices of 6 to 12 months`. */
export function cohortInWords(cohort: string): string {
  const [kind = '', name = ''] = cohort.split('=');
  if (kind !== 'age') return groupName(kind, name);
  const step = Number(name);
  const [from, to] = [AGE_STEPS_DAYS[step - 1], AGE_STEPS_DAYS[step]].map((days) =>
    days === undefined ? undefined : Math.round((days / 365) * 12),
  );
  if (from === undefined) return `devices younger than ${to} months`;
  return to === undefined
    ? `devices older than ${from} months`
    : `devices of ${from} to ${to} months`;
}

function ageStep(ageSeconds: number): number {
  const days = ageSeconds / SECONDS_PER_DAY;
  return AGE_STEPS_DAYS.filter((step) => days >= step).length;
}
