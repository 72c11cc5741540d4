import type { DevicesAsked } from '../../webhook/words/device.ts';
import { type CohortKind, type Cohorts, eachCohort, kindOf } from './cohorts.ts';

const SECONDS_PER_DAY = 86_400;

/**
 * The work that a host's devices have done: the clock by which its faults age. Only work proves health,
 * so a host that is avoided is neither acquitted by idling nor condemned by it.
 */
export interface Exposure {
  /** Busy days of its average device, since the host is known. */
  readonly busyDays: number;
  /** When that was last computed. */
  readonly atSeconds: number;
  /** Work of pods that were there when the Node went is in it up to then. */
  readonly foldedAtSeconds?: number;
  /** Which cohorts the host was in, oldest first, each from that many busy days on. */
  readonly eras: readonly Era[];
}

export interface Era {
  readonly fromBusyDays: number;
  readonly fromSeconds: number;
  readonly cohorts: Cohorts;
}

export const NO_EXPOSURE: Exposure = { busyDays: 0, atSeconds: 0, eras: [] };

/** Half-years of age, and the rollouts of drivers between them. */
const MOST_ERAS = 12;

/** A pod that works on a host. */
export interface Worker {
  readonly devices: DevicesAsked;
  readonly sinceSeconds: number;
}

/** How many devices of each resource a host has, and how many that are claimed. */
export interface HostSize {
  readonly capacity: (resource: string) => number;
  readonly claimable: number;
}

/** The share of the host's devices, 0 to 1, that a pod keeps busy. */
export function busyShare({ resources, claims }: DevicesAsked, size: HostSize): number {
  const shares = resources.map(
    ({ resource, count }) => count / Math.max(size.capacity(resource), count),
  );
  if (claims.length > 0) shares.push(claims.length / Math.max(size.claimable, claims.length));
  return Math.max(0, ...shares);
}

/** The exposure after a share of the devices has worked for so long, until then. */
export function withWork(
  exposure: Exposure,
  share: number,
  seconds: number,
  atSeconds: number,
): Exposure {
  return {
    ...exposure,
    busyDays: exposure.busyDays + (share * seconds) / SECONDS_PER_DAY,
    atSeconds: Math.max(exposure.atSeconds, atSeconds),
  };
}

/** Seconds that a pod has worked since what of it is in the exposure already. */
export function workedSeconds(
  { foldedAtSeconds = Number.NEGATIVE_INFINITY }: Exposure,
  sinceSeconds: number,
  untilSeconds: number,
): number {
  return Math.max(0, untilSeconds - Math.max(sinceSeconds, foldedAtSeconds));
}

/**
 * Busy days of the host's average device at `nowSeconds`, with what is still running. Never more than
 * days have passed since the host is known: pods may share devices, and claims that are none.
 */
export function busyDaysAt(
  exposure: Exposure,
  running: Iterable<Worker>,
  size: HostSize,
  nowSeconds: number,
  hostSinceSeconds: number,
): number {
  let busyDays = exposure.busyDays;
  for (const { devices, sinceSeconds } of running) {
    const seconds = workedSeconds(exposure, sinceSeconds, nowSeconds);
    busyDays += (busyShare(devices, size) * seconds) / SECONDS_PER_DAY;
  }
  const days = (nowSeconds - hostSinceSeconds) / SECONDS_PER_DAY;
  return Math.max(exposure.busyDays, Math.min(busyDays, days));
}

/** The exposure of a host that is in these cohorts from now on; the same one if it has been. */
export function withEra(
  exposure: Exposure,
  cohorts: Cohorts,
  busyDays: number,
  nowSeconds: number,
): Exposure {
  const { eras } = exposure;
  if (eras.at(-1)?.cohorts === cohorts) return exposure;
  // An era without any work has proven nothing. What was done before the first look is of the first.
  const before = eras.filter(({ fromBusyDays }) => fromBusyDays < busyDays);
  const from =
    before.length > 0
      ? { fromBusyDays: busyDays, fromSeconds: nowSeconds }
      : { fromBusyDays: 0, fromSeconds: nowSeconds - busyDays * SECONDS_PER_DAY };
  const all = [...before, { ...from, cohorts }];
  return { ...exposure, eras: all.length > MOST_ERAS ? withoutShortest(all) : all };
}

/** One era less: the shortest goes to the one before it, so that no work is lost. */
function withoutShortest(eras: readonly Era[]): readonly Era[] {
  const lengths = eras
    .slice(1, -1)
    .map(({ fromBusyDays }, index) => (eras[index + 2]?.fromBusyDays ?? 0) - fromBusyDays);
  const shortest = 1 + lengths.indexOf(Math.min(...lengths));
  return eras.toSpliced(shortest, 1);
}

/**
 * The cohorts that the host was in when a fault came at so many busy days: one that came as an era began
 * was the last of the era before, for a broken device is replaced without having worked on.
 */
export function cohortsAt({ eras }: Pick<Exposure, 'eras'>, busyDays: number): Cohorts {
  return (eras.findLast(({ fromBusyDays }) => fromBusyDays < busyDays) ?? eras[0])?.cohorts ?? '';
}

/** The name of the cohort of a kind that the host is in now, such as its rack; absent where no label tells. */
export function cohortNow(exposure: Pick<Exposure, 'eras'>, kind: CohortKind): string | undefined {
  return eachCohort(cohortsNow(exposure))
    .find((cohort) => kindOf(cohort) === kind)
    ?.slice(kind.length + 1);
}

/** The cohorts that the host is in now. */
export function cohortsNow({ eras }: Pick<Exposure, 'eras'>): Cohorts {
  return eras.at(-1)?.cohorts ?? '';
}
