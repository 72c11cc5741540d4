import { mixedBits, nameHash } from '../../webhook/words/name-hash.ts';
import { DomainLosses } from '../forecast/domains.ts';
import { lossPerFaultSeconds } from '../forecast/risk.ts';
import { type Domains, NO_DOMAIN } from '../state/domains.ts';
import { type Member, MOST_SIBLINGS, type Siblings } from './gang-member.ts';

const SECONDS_PER_DAY = 86_400;

/** A kind of domain that counts. */
export interface Kind {
  readonly domains: Domains;
  readonly label?: string;
  readonly slowdown: number;
}

/** One level of domains at one question. */
export interface Level {
  readonly domains: Domains;
  /** The first of its labels: what people call it. Absent for racks. */
  readonly label?: string;
  /** Whether the nodes asked about are in different domains: else there is nothing to choose. */
  readonly differ: boolean;
  readonly isUsed: Uint8Array;
  readonly used: number;
  /** No member has been seen anywhere yet: the domain that counts as used is where all of them go. */
  readonly isPlanned: boolean;
  readonly losses: DomainLosses;
  /** Seconds that the average domain more costs the job. */
  readonly averageSeconds: number;
  /** Seconds that the job loses while it is in more domains than it has to be. */
  readonly slowdownSeconds: number;
}

/**
 * Members that have room, by domain, and whether the domains of the nodes asked about differ. The scheduler knows of
 * siblings that it has placed before we have seen them: their nodes are not asked about any more, and they are still among
 * those that are left, so their places count, too.
 */
export function placesByDomain(
  domains: Domains,
  { left }: Siblings,
  { nodeIndexes, ofKind, snapshot: { cluster } }: Member,
): { readonly byDomain: Int32Array; readonly differ: boolean } {
  const { places } = ofKind;
  const byDomain = new Int32Array(domains.capacity);
  const differ = addPlaces(byDomain, domains, nodeIndexes, places);
  if (left === 1 || nodeIndexes.length === cluster.size) return { byDomain, differ };
  const taken = new Int32Array(domains.capacity);
  for (const nodeIndex of ofKind.unasked(nodeIndexes)) {
    const node = cluster.at(nodeIndex);
    const domain = domains.of(nodeIndex);
    if (node === undefined || node.isCordoned || !node.isReady || domain === NO_DOMAIN) continue;
    taken[domain] = (taken[domain] as number) + (places[nodeIndex] as number);
  }
  for (const [domain, count] of taken.entries()) {
    // A domain in which nothing is asked about is out of reach, whatever the reason.
    if (byDomain[domain] !== 0)
      byDomain[domain] = (byDomain[domain] as number) + Math.min(count, left - 1);
  }
  return { byDomain, differ };
}

/** A function of its own, because it runs over thousands of nodes. */
function addPlaces(
  byDomain: Int32Array,
  { numbers }: Domains,
  nodeIndexes: Int32Array,
  places: Uint16Array,
): boolean {
  const first = numbers[nodeIndexes[0] ?? 0] ?? 0;
  let differ = false;
  for (let at = 0; at < nodeIndexes.length; at += 1) {
    const nodeIndex = nodeIndexes[at] as number;
    const number = nodeIndex < numbers.length ? (numbers[nodeIndex] as number) : 0;
    if (number !== first) differ = true;
    if (number === 0) continue;
    byDomain[number - 1] = (byDomain[number - 1] as number) + (places[nodeIndex] as number);
  }
  return differ;
}

/** What each domain of one kind costs the member. */
export function levelAt(
  { domains, label, slowdown, byDomain, differ }: Kind & ReturnType<typeof placesByDomain>,
  { bound, homes, left }: Siblings,
  { gang, expectations, runSeconds, snapshot }: Member,
): Level {
  const { cluster, rackOutages } = snapshot;
  const isUsed = new Uint8Array(domains.capacity);
  let used = 0;
  const use = (node: string) => {
    const domain = domains.of(cluster.index.of(node));
    if (domain === NO_DOMAIN || isUsed[domain] === 1) return;
    isUsed[domain] = 1;
    used += 1;
  };
  for (const node of bound.keys().take(MOST_SIBLINGS)) use(node);
  for (const node of homes) use(node);
  const isSlowed = used > fewestDomains(bound.size + homes.length, domains);
  const days = runSeconds / SECONDS_PER_DAY;
  // Only outages of racks have published rates; of other domains none is made up.
  const perRate = label === undefined ? lossPerFaultSeconds(expectations) * days : 0;
  const averageSeconds = perRate * rackOutages.fleetPerDay;
  const slowdownSeconds = slowdown * runSeconds;
  const prices = {
    newDomain: (domain: number) => perRate * rackOutages.perDay(domains.nameOf(domain)),
    averageDomain: averageSeconds,
    slowdown: isSlowed ? 0 : slowdownSeconds,
  };
  const losses = new DomainLosses({ places: byDomain, isUsed, left }, prices);
  const level = {
    domains,
    ...(label !== undefined && { label }),
    differ,
    isUsed,
    used,
    losses,
    averageSeconds,
    slowdownSeconds,
  };
  if (used > 0 || left === 1 || slowdown === 0) return { ...level, isPlanned: false };
  // Dozens are placed before the first of them is seen on its node: they must agree where to go without.
  const planned = losses.preferred(hashOfDomain(gang, domains));
  if (planned === NO_DOMAIN) return { ...level, isPlanned: false };
  isUsed[planned] = 1;
  return {
    ...level,
    used: 1,
    isPlanned: true,
    losses: new DomainLosses({ places: byDomain, isUsed, left }, prices),
  };
}

/** The fewest domains that have so many nodes. Members smaller than a node may need fewer. */
export function fewestDomains(nodes: number, { largest }: Domains): number {
  return Math.ceil(nodes / Math.max(1, largest));
}

/** The same for all members of a gang, whoever asks. */
export function hashOfDomain(gang: string, domains: Domains): (domain: number) => number {
  const ofGang = mixedBits(nameHash(gang));
  return (domain) => mixedBits(ofGang ^ domains.hashOf(domain)) >>> 0;
}

/** `block-2, where its job is`, or `2 domains of topology.kubernetes.io/block, where its job is`. */
export function usedInWords({ domains, label = 'rack', isUsed, used, isPlanned }: Level): string {
  const which = used === 1 ? domains.nameOf(isUsed.indexOf(1)) : `${used} domains of ${label}`;
  return `${which}, where its job ${isPlanned ? 'goes' : 'is'}`;
}
