import type { HostId } from '../signals/identity.ts';
import type { CommonCause } from './incident.ts';

/** One host that was affected, and what it shares with others. */
export interface AffectedHost {
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
/** Of a group, so many of its hosts are affected at least. */
const LEAST_SHARE = 0.2;
/** Of the hosts that are affected, so many are in the group at least: else it is something wider. */
const LEAST_CONCENTRATION = 0.8;
/** A driver or model that nearly all hosts have explains nothing. */
const MOST_OF_FLEET = 0.8;

/** In this order: what hosts share is tested before who was on them. */
const KINDS = ['rack', 'driver', 'model'] as const;

/**
 * What affected several hosts at once, the newest among them; `undefined` when each is a fault of its
 * own. `recent` holds what was affected within STORM_SECONDS, the newest too.
 */
export function commonCauseOf(
  newest: AffectedHost,
  recent: readonly AffectedHost[],
  population: Population,
): { readonly cause: CommonCause; readonly members: readonly AffectedHost[] } | undefined {
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

/** Whether so many of a group are affected, and so few outside it, that the group is the reason. */
function isCommon(
  members: readonly AffectedHost[],
  shared: number,
  witnesses: readonly AffectedHost[],
): boolean {
  const affected = hostsOf(members);
  return (
    affected >= FEWEST_HOSTS &&
    affected >= LEAST_SHARE * shared &&
    affected >= LEAST_CONCENTRATION * hostsOf(witnesses)
  );
}

/** What is explained already, and has neither a rack nor a workload in common with the newest, is none. */
function isWitness({ cause, rack, owners }: AffectedHost, newest: AffectedHost): boolean {
  return (
    cause === undefined ||
    (rack !== undefined && rack === newest.rack) ||
    owners.some((owner) => newest.owners.includes(owner))
  );
}

function caused(kind: CommonCause['kind'], name: string, members: readonly AffectedHost[]) {
  return { cause: { kind, name, hosts: hostsOf(members) }, members };
}

function hostsOf(affected: readonly AffectedHost[]): number {
  return new Set(affected.map(({ host }) => host)).size;
}
