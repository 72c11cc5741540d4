import { Fleet } from '../fleet/fleet.ts';
import type { FaultScript } from '../fleet/script.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { PolicyName } from './policy-named.ts';
import type { PlacementPolicy } from './rivals/policy.ts';

export interface RunSize {
  readonly nodes: number;
  readonly days: number;
  readonly seed: number;
  /** Called after each hour of the fleet. */
  readonly onHour?: (hour: number) => void;
}

/** Runs of one policy, in the order of the seeds. */
export interface Runs {
  readonly policy: PolicyName;
  readonly outcomes: readonly Outcome[];
}

/** Any will do; a fixed one makes the same run anywhere. */
const START_SECONDS = Date.UTC(2026, 0, 1) / 1000;
const SECONDS_PER_HOUR = 3600;

/** One run of a script on a virtual clock, in which this policy places the pods. */
export async function run(
  script: FaultScript,
  { nodes, days, seed, onHour }: RunSize,
  policy: PlacementPolicy,
): Promise<Outcome> {
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const doors = policy.doors(nowSeconds);
  const fleet: Fleet = new Fleet({ script, nodes, seed, startSeconds: START_SECONDS, doors });
  policy.watch(fleet.api, nowSeconds);
  for (let hour = 1; hour <= days * 24; hour += 1) {
    await fleet.timeline.runUntil(START_SECONDS + hour * SECONDS_PER_HOUR);
    onHour?.(hour);
  }
  return outcomeOf(fleet, days);
}
