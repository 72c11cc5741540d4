import { type HazardClass, hazardClass } from '../hazard/pod-hazard.ts';

/** What a node is to be marked with for schedulers that do not ask us. */

/** A node as it is marked, and as its history says. */
export interface HintedNode {
  readonly name: string;
  /** What its devices have, as a multiple of the fleet's rate. */
  readonly times: number;
  readonly marked: HazardClass;
}

export interface HintChange {
  readonly name: string;
  readonly hazard: HazardClass;
}

export interface HintPlan {
  /** Worst first, and what is better again after that. */
  readonly changes: readonly HintChange[];
  /** Nodes that are bad, and stay unmarked because enough are marked. */
  readonly unmarked: number;
}

/** A node keeps a mark until it is this much below what the mark needs: it must not come and go. */
const RELEASE = 2 / 3;

/**
 * Which marks to change so that at most `mostNodes` have one. The worst ones come first; a node that is marked
 * stays so before another one that is as bad.
 */
export function planHints(nodes: readonly HintedNode[], mostNodes: number): HintPlan {
  const wanted = nodes
    .map((node) => ({ ...node, hazard: steadied(node) }))
    .filter(({ hazard }) => hazard !== 'normal')
    .toSorted((a, b) => weightOf(b) - weightOf(a));
  const kept = new Map(wanted.slice(0, mostNodes).map(({ name, hazard }) => [name, hazard]));
  const changes = nodes
    .map(({ name, marked, times }) => ({ name, marked, times, hazard: kept.get(name) ?? 'normal' }))
    .filter(({ marked, hazard }) => marked !== hazard)
    .toSorted((a, b) => b.times - a.times)
    .map(({ name, hazard }): HintChange => ({ name, hazard }));
  return { changes, unmarked: wanted.length - kept.size };
}

/** Its class, but no lower than its mark while it is near that. */
function steadied({ times, marked }: HintedNode): HazardClass {
  const now = hazardClass(times);
  if (RANK[now] >= RANK[marked]) return now;
  const near = hazardClass(times / RELEASE);
  return RANK[near] < RANK[marked] ? near : marked;
}

const RANK: Readonly<Record<HazardClass, number>> = { normal: 0, elevated: 1, high: 2 };

function weightOf({ times, marked }: HintedNode): number {
  return marked === 'normal' ? times : times / RELEASE;
}
