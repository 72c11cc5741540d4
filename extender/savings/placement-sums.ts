import type { Mode } from '../../webhook/words/mode.ts';
import { timeOf } from '../facts/timestamp.ts';

/** What the placements of a day came to, where Surefoot acts or where it observes. */
export interface PlacementSums {
  /** Pods that were placed after a forecast. */
  readonly placed: number;
  /** Of them those whose slot had a home among the nodes offered. */
  readonly hadHome: number;
  /** Of these those that went home; observing: that would have. */
  readonly wentHome: number;
  /**
   * What they can expect to lose less, in seconds times devices. Acting: than on the average of the nodes offered.
   * Observing, what would have been: than on the node where their scheduler put them.
   */
  readonly savedDeviceSeconds: number;
  /** The squares of that, added up pod by pod: how far it is chance. */
  readonly savedSquares: number;
}

/** A day by UTC. */
export interface PlacementDay {
  /** Such as `2026-11-30`. */
  readonly day: string;
  readonly act: PlacementSums;
  readonly observe: PlacementSums;
}

/** One pod's, as a sum of one. */
export interface Placement {
  readonly atSeconds: number;
  readonly mode: Mode;
  readonly sums: PlacementSums;
}

export const NO_PLACEMENTS: PlacementSums = {
  placed: 0,
  hadHome: 0,
  wentHome: 0,
  savedDeviceSeconds: 0,
  savedSquares: 0,
};

/** The days with one placement more. */
export function withPlacement(
  days: ReadonlyMap<string, PlacementDay>,
  { atSeconds, mode, sums }: Placement,
): ReadonlyMap<string, PlacementDay> {
  const day = dayOf(atSeconds);
  const known = days.get(day) ?? { day, act: NO_PLACEMENTS, observe: NO_PLACEMENTS };
  return new Map(days).set(day, { ...known, [mode]: together([known[mode], sums]) });
}

/** Both, day by day, the oldest first; at most so many of the latest. */
export function joined(
  one: Iterable<PlacementDay>,
  other: Iterable<PlacementDay>,
  most: number,
): readonly PlacementDay[] {
  const byDay = Map.groupBy([...one, ...other], ({ day }) => day);
  return [...byDay]
    .map(([day, same]) => ({
      day,
      act: together(same.map(({ act }) => act)),
      observe: together(same.map(({ observe }) => observe)),
    }))
    .sort((a, b) => a.day.localeCompare(b.day))
    .slice(-most);
}

/** All of them in one. */
export function together(sums: readonly PlacementSums[]): PlacementSums {
  return sums.reduce(
    (total, one) => ({
      placed: total.placed + one.placed,
      hadHome: total.hadHome + one.hadHome,
      wentHome: total.wentHome + one.wentHome,
      savedDeviceSeconds: total.savedDeviceSeconds + one.savedDeviceSeconds,
      savedSquares: total.savedSquares + one.savedSquares,
    }),
    NO_PLACEMENTS,
  );
}

/** The sum of what was saved and the bounds within which it lies in 95 % of such times, in device-seconds. */
export function savedWithin({ placed, savedDeviceSeconds, savedSquares }: PlacementSums): {
  readonly low: number;
  readonly sum: number;
  readonly high: number;
} {
  const variance = Math.max(0, savedSquares - savedDeviceSeconds ** 2 / Math.max(1, placed));
  const spread = 1.96 * Math.sqrt(variance);
  const sum = savedDeviceSeconds;
  return { low: sum - spread, sum, high: sum + spread };
}

/** The day of a moment, by UTC. */
export function dayOf(atSeconds: number): string {
  return timeOf(atSeconds).slice(0, 10);
}
