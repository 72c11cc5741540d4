import { type HazardClass, hazardClass } from '../hazard/pod-hazard.ts';

/** Which hazard label a node is to have, for schedulers that do not ask us. */

/** A node as it is labelled, and as its history says. */
export interface LabelledNode {
  readonly name: string;
  /** What its devices have, as a multiple of the fleet's rate. */
  readonly times: number;
  readonly labelled: HazardClass;
}

export interface HazardChange {
  readonly name: string;
  readonly hazard: HazardClass;
}

export interface HazardPlan {
  /** Worst first, and what is better again after that. */
  readonly changes: readonly HazardChange[];
  /** Nodes that are bad, without a label because enough others have one. */
  readonly unlabelled: number;
}

/** A node keeps its label until its hazard is this much below what the label needs, so that labels do not come and go. */
const RELEASE = 2 / 3;

/**
 * Which labels to change so that at most `mostNodes` have one. The worst ones come first; a node that has a label
 * keeps it before another one that is as bad.
 */
export function planHazardLabels(nodes: readonly LabelledNode[], mostNodes: number): HazardPlan {
  const wanted = nodes
    .map((node) => ({ ...node, hazard: steadied(node) }))
    .filter(({ hazard }) => hazard !== 'normal')
    .toSorted((a, b) => weightOf(b) - weightOf(a));
  const kept = new Map(wanted.slice(0, mostNodes).map(({ name, hazard }) => [name, hazard]));
  const changes = nodes
    .map(({ name, labelled, times }) => ({
      name,
      labelled,
      times,
      hazard: kept.get(name) ?? 'normal',
    }))
    .filter(({ labelled, hazard }) => labelled !== hazard)
    .toSorted((a, b) => b.times - a.times)
    .map(({ name, hazard }): HazardChange => ({ name, hazard }));
  return { changes, unlabelled: wanted.length - kept.size };
}

/** Its class, but no lower than its label while it is near that. */
function steadied({ times, labelled }: LabelledNode): HazardClass {
  const now = hazardClass(times);
  if (RANK[now] >= RANK[labelled]) return now;
  const near = hazardClass(times / RELEASE);
  return RANK[near] < RANK[labelled] ? near : labelled;
}

const RANK: Readonly<Record<HazardClass, number>> = { normal: 0, elevated: 1, high: 2 };

function weightOf({ times, labelled }: LabelledNode): number {
  return labelled === 'normal' ? times : times / RELEASE;
}
