import type { Expectations } from '../../webhook/words/expectations.ts';
import { gangOf } from '../../webhook/words/gang.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { KindForecasts } from './forecast-cache.ts';

/** A member of a gang that is asked about, and where the others are. */

/** What a question about a pod is reckoned from. */
export interface AskedOfPod {
  readonly pod: PodFacts;
  readonly expectations: Expectations;
  readonly snapshot: Snapshot;
  /** How long its job is expected to run: its members come home, so where they are lasts for all of it. */
  readonly runSeconds: number;
  /** Nodes that are asked about. */
  readonly nodeIndexes: Int32Array;
  /** By node index: how many such pods have room. */
  readonly ofKind: Pick<KindForecasts, 'places' | 'unasked'>;
}

export interface Member extends AskedOfPod {
  readonly gang: string;
}

/** Where the other members are and come back to, by node name. */
export interface Siblings {
  readonly bound: ReadonlyMap<string, number>;
  readonly homes: readonly string[];
  /** Members without a place, the one that is asked about included. */
  readonly left: number;
}

/** A job of the same name may have been there long ago: no more is believed of one that says nothing. A judgement. */
const LONGEST_SECONDS = 30 * 86_400;

/** Siblings that are looked at, here and away: a tenant's job may have any number, and each question looks at all. */
export const MOST_SIBLINGS = 1024;

/** The other members, as far as the watches have shown. */
export function siblingsOf({ pod, gang, snapshot }: Member): Siblings {
  const { cluster, homes, owners, nowSeconds } = snapshot;
  const bound = cluster.gangs.nodesOf(gang);
  const ofWorkload = homes.ofWorkload(pod.slot.workload, nowSeconds, MOST_SIBLINGS);
  const isWhole = gang === pod.slot.workload;
  const away = isWhole ? ofWorkload : ofWorkload.filter(({ slot }) => gangOf(slot) === gang);
  let placed = 0;
  for (const count of bound.values()) placed += count;
  // Pods are made one after the other: the owner knows how many there will be.
  const slots = isWhole ? (owners.slotsOf(gang) ?? 0) : 0;
  const left = Math.max(1, cluster.gangs.waitingOf(gang), slots - placed, away.length);
  return { bound, homes: away.map(({ node }) => node), left };
}

/**
 * How long the job is likely to run on: what its owner says, or earlier runs do; else at least as long as it has run already,
 * for the profile's guess is of any pod.
 */
export function runSecondsOf(
  gang: string,
  { expectations, runSeconds, snapshot: { cluster, nowSeconds } }: AskedOfPod,
): number {
  if (expectations.saysDuration) return runSeconds;
  const ranSeconds = nowSeconds - (cluster.gangs.sinceSeconds(gang) ?? nowSeconds);
  return Math.max(runSeconds, Math.min(ranSeconds, LONGEST_SECONDS));
}
