import type { HostId } from '../signals/identity.ts';
import type { CommonCause } from './incident.ts';

/** One host that was struck, and what it shares with others. */
export interface Struck {
  readonly host: HostId;
  /** Id of its incident. */
  readonly incident: string;
  readonly atSeconds: number;
  readonly rack?: string;
  readonly driver?: string;
  readonly model?: string;
  /** Workloads that were there. */
  readonly owners: readonly string[];
  /** What explains it already: it is no witness for another cause. */
  readonly cause?: CommonCause;
}

/** How many hosts share something. */
export interface Population {
  readonly hosts: number;
  sharing(kind: CommonCause['kind'], name: string): number;
}

/** Faults within this time have a common cause, if any. A judgement, as are the numbers below. */
export const STORM_SECONDS = 600;
const FEWEST_HOSTS = 3;
/** Of a group, so many of its hosts are struck at least. */
const LEAST_SHARE = 0.2;
/** Of the hosts that are struck, so many are in the group at least: else it is something wider. */
const LEAST_CONCENTRATION = 0.8;
/** A driver or model that nearly all hosts have tells nothing. */
const MOST_OF_FLEET = 0.8;

/** In this order: what hosts share is tested before who was on them. */
const KINDS = ['rack', 'driver', 'model'] as const;

/**
 * What struck several hosts at once, the newest among them; `undefined` when each is a fault of its
 * own. `recent` holds what was struck within STORM_SECONDS, the newest too.
 */
export function commonCauseOf(
  newest: Struck,
  recent: readonly Struck[],
  population: Population,
): { readonly cause: CommonCause; readonly members: readonly Struck[] } | undefined {
  const witnesses = recent.filter((one) => isWitness(one, newest));
  for (const kind of KINDS) {
    const name = newest[kind];
    if (name === undefined) continue;
    const shared = population.sharing(kind, name);
    if (kind !== 'rack' && shared > MOST_OF_FLEET * population.hosts) continue;
    const members = witnesses.filter((one) => one[kind] === name);
    if (isCommon(members, shared, witnesses)) return caused(kind, name, members);
  }
  for (const name of newest.owners) {
    const members = witnesses.filter(({ owners }) => owners.includes(name));
    // Pods of an owner that fails may be gone by now.
    const shared = Math.max(population.sharing('owner', name), hostsOf(members));
    if (isCommon(members, shared, witnesses)) return caused('owner', name, members);
  }
  return undefined;
}

/** Whether so many of a group are struck, and so few outside it, that the group is the reason. */
function isCommon(
  members: readonly Struck[],
  shared: number,
  witnesses: readonly Struck[],
): boolean {
  const struck = hostsOf(members);
  return (
    struck >= FEWEST_HOSTS &&
    struck >= LEAST_SHARE * shared &&
    struck >= LEAST_CONCENTRATION * hostsOf(witnesses)
  );
}

/** What is explained already, and has neither a rack nor a workload in common with the newest, is none. */
function isWitness({ cause, rack, owners }: Struck, newest: Struck): boolean {
  return (
    cause === undefined ||
    (rack !== undefined && rack === newest.rack) ||
    owners.some((owner) => newest.owners.includes(owner))
  );
}

function caused(kind: CommonCause['kind'], name: string, members: readonly Struck[]) {
  return { cause: { kind, name, hosts: hostsOf(members) }, members };
}

function hostsOf(struck: readonly Struck[]): number {
  return new Set(struck.map(({ host }) => host)).size;
}
