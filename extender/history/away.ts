import type { NodeFacts } from '../facts/facts.ts';

/** Nodes of a rack whose switch fails are found to be away within this time of one another (research: 60 s). */
const TOGETHER_SECONDS = 60;
const FEWEST_HOSTS = 2;
/** A node that was created so short a time ago is about to join. A judgement. */
const JOINING_SECONDS = 600;
/** Of the rack's hosts, so many are away at least. */
const LEAST_SHARE = 0.25;
/** More than one in a month is worth more than being remembered here. */
const MOST_KEPT = 16;

/** The moments at which a host went away, after another look at its Node; announced work is none. */
export function withAway(
  away: readonly number[],
  {
    isReady,
    isCordoned,
    readySinceSeconds,
    createdAtSeconds = Number.NEGATIVE_INFINITY,
  }: Pick<NodeFacts, 'isReady' | 'isCordoned' | 'readySinceSeconds' | 'createdAtSeconds'>,
  isAnnounced: boolean,
  nowSeconds: number,
): readonly number[] {
  if (isReady || isCordoned || isAnnounced) return away;
  const atSeconds = Math.min(readySinceSeconds ?? nowSeconds, nowSeconds);
  // Racks join as a whole, too, and their nodes are not ready at first.
  if (atSeconds - createdAtSeconds < JOINING_SECONDS) return away;
  const isKnown = away.some((at) => Math.abs(at - atSeconds) <= TOGETHER_SECONDS);
  return isKnown ? away : [...away, atSeconds].slice(-MOST_KEPT);
}

/** How often a rack of so many hosts was away as a whole; `away`: of each host, when it went. */
export function outagesOf(away: readonly (readonly number[])[], hosts: number): number {
  const moments = away
    .flatMap((times, host) => times.map((atSeconds) => ({ host, atSeconds })))
    .sort((a, b) => a.atSeconds - b.atSeconds);
  let outages = 0;
  for (let first = 0; first < moments.length; ) {
    const until = (moments[first]?.atSeconds ?? 0) + TOGETHER_SECONDS;
    const together = new Set<number>();
    let next = first;
    for (; next < moments.length && (moments[next]?.atSeconds ?? 0) <= until; next += 1) {
      together.add(moments[next]?.host ?? 0);
    }
    if (together.size >= Math.max(FEWEST_HOSTS, LEAST_SHARE * hosts)) outages += 1;
    first = next;
  }
  return outages;
}
