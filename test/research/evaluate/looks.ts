import type { HazardConstants } from '../../../extender/hazard/fitted.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import type { RecordedGroup } from './records.ts';
import { LivedHost } from './scores.ts';

const DAY = 86_400;
/** How far ahead a look is judged by what came. */
export const HORIZON_DAYS = 7;
const WEEK = HORIZON_DAYS * DAY;

/** One host that is up at a look. */
export interface Looked {
  /** Its place in the group. */
  readonly index: number;
  readonly life: LivedHost;
  /** Faults per day that we expect in the days to come, on average. */
  readonly faultsPerDay: number;
  /** Whether it failed in those days. */
  readonly fails: boolean;
}

export interface Look {
  readonly atSeconds: number;
  readonly hosts: readonly Looked[];
}

export interface LookOptions {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
  readonly constants: HazardConstants;
  /** Looks at every so many weeks; all are lived through. */
  readonly everyWeeks?: number;
}

/** Weekly looks at a group, each with nothing but what had happened by then. */
export function* weeklyLooks(
  { hosts, fromSeconds: beginSeconds }: RecordedGroup,
  { fromSeconds, untilSeconds, constants, everyWeeks = 1 }: LookOptions,
): Iterable<Look> {
  const lives = hosts.map((host) => new LivedHost(host, constants));
  const weeksBefore = Math.floor((fromSeconds - beginSeconds) / WEEK);
  // Lived through week by week, so that a device grows older on the way.
  for (let week = -weeksBefore; ; week += 1) {
    const atSeconds = fromSeconds + week * WEEK;
    if (atSeconds + WEEK > untilSeconds) return;
    for (const life of lives) life.advance(atSeconds);
    if (week < 0 || week % everyWeeks !== 0) continue;
    const rates = fleetRates(
      lives.map((life) => life.life()),
      atSeconds,
      constants,
    );
    yield {
      atSeconds,
      hosts: hosts.flatMap((host, index) => {
        const life = lives[index] as LivedHost;
        const isUp = host.up.some(
          (span) => span.fromSeconds <= atSeconds && atSeconds < span.toSeconds,
        );
        if (!isUp) return [];
        const fails = host.failures.some(
          (one) => one.atSeconds > atSeconds && one.atSeconds <= atSeconds + WEEK,
        );
        return [{ index, life, faultsPerDay: life.hazard(rates, HORIZON_DAYS), fails }];
      }),
    };
  }
}

/** The chance of at least one fault in the days that are judged. */
export function chanceOf(faultsPerDay: number): number {
  return 1 - Math.exp(-faultsPerDay * HORIZON_DAYS);
}
