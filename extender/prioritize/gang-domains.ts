import { spanInWords } from '../../webhook/words/duration.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import { gangOf } from '../../webhook/words/gang.ts';
import { mixedBits, nameHash } from '../../webhook/words/name-hash.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { JobDomain } from '../forecast/candidate.ts';
import { type DomainLoss, DomainLosses, NO_LOSS } from '../forecast/domains.ts';
import { lossPerFaultSeconds } from '../forecast/risk.ts';
import { type Domains, NO_DOMAIN } from '../state/domains.ts';
import type { Snapshot } from '../state/snapshot.ts';

const SECONDS_PER_DAY = 86_400;

/** What a question about a member of a gang is reckoned from. */
interface Member {
  readonly pod: PodFacts;
  readonly expectations: Expectations;
  readonly gang: string;
  readonly snapshot: Snapshot;
  /** Nodes that are asked about. */
  readonly nodeIndexes: Int32Array;
  /** By node index: how many such members have room. */
  readonly places: Uint16Array;
}

/** Where the other members are and come back to, by node name. */
interface Siblings {
  readonly bound: ReadonlyMap<string, number>;
  readonly homes: readonly string[];
  /** Members without a place, the one that is asked about included. */
  readonly left: number;
}

/** One level of domains at one question. */
interface Level {
  readonly domains: Domains;
  /** The first of its labels: what people call it. Absent for racks. */
  readonly label?: string;
  readonly isUsed: Uint8Array;
  readonly used: number;
  readonly losses: DomainLosses;
}

/**
 * What a gang's member loses, beside what any pod of its kind does, on nodes of each domain: reckoned for one question,
 * from where the other members are, where they come back to, and how many have no place yet.
 */
export interface GangDomains {
  /** Adds the seconds to the losses on these nodes. */
  addTo(lossSeconds: Float64Array): void;
  /** What there is to say of a node; `undefined` where it costs nothing. May be kept. */
  readonly on: (nodeIndex: number) => JobDomain | undefined;
  /** Of nodes that cost the same, whether this one is in the domain that is best to fill. May be kept. */
  readonly isPreferred: (nodeIndex: number) => boolean;
  /** The job is gathered in fewer domains than its homes are in, so homes do not count. */
  readonly isGathering: boolean;
  readonly remarks: readonly Reason[];
}

/** `undefined` where the pod is no member of a gang, or no domain tells the nodes apart. */
export function gangDomains(
  pod: PodFacts,
  expectations: Expectations,
  nodeIndexes: Int32Array,
  places: Uint16Array,
  snapshot: Snapshot,
): GangDomains | undefined {
  const gang = gangOf(pod.slot);
  if (gang === undefined) return undefined;
  const member: Member = { pod, expectations, gang, snapshot, nodeIndexes, places };
  const { cluster, config } = snapshot;
  const kinds: readonly { domains: Domains; label?: string; slowdown: number }[] = [
    { domains: cluster.racks, slowdown: 0 },
    ...config.topology.flatMap(({ labels: [label = ''], slowdown }, at) =>
      slowdown === 0 ? [] : [{ domains: cluster.level(at), label, slowdown }],
    ),
  ];
  const placesOf = kinds.map(({ domains }) => placesByDomain(domains, member));
  const telling = kinds.flatMap((kind, at) => {
    const counted = placesOf[at];
    return counted === undefined ? [] : [{ ...kind, places: counted }];
  });
  if (telling.length === 0) return undefined;
  const siblings = siblingsOf(member);
  const levels = (homes: readonly string[]) =>
    telling.map((kind) => levelAt(kind, { ...siblings, homes }, member));
  const staying = levels(siblings.homes);
  const gathered = siblings.homes.length === 0 ? staying : levels([]);
  const saved = gathered === staying ? 0 : savedByGathering(staying, gathered, siblings, member);
  const cost = gatheringSeconds(member);
  const isGathering = saved > cost;
  const remarks = isGathering ? [gatheringInWords(staying, gathered, saved, cost)] : [];
  return made(isGathering ? gathered : staying, { isGathering, remarks }, member);
}

/** Members that have room, by domain; `undefined` where all nodes asked about are in one domain, or none is in any. */
function placesByDomain(
  domains: Domains,
  { nodeIndexes, places }: Pick<Member, 'nodeIndexes' | 'places'>,
): Int32Array | undefined {
  const counted = new Int32Array(domains.capacity);
  let first = NO_DOMAIN;
  let differ = false;
  for (let at = 0; at < nodeIndexes.length; at += 1) {
    const nodeIndex = nodeIndexes[at] as number;
    const domain = domains.of(nodeIndex);
    if (at === 0) first = domain;
    else if (domain !== first) differ = true;
    if (domain === NO_DOMAIN) continue;
    counted[domain] = (counted[domain] as number) + (places[nodeIndex] as number);
  }
  return differ ? counted : undefined;
}

function siblingsOf({ pod, gang, snapshot }: Member): Siblings {
  const { cluster, homes, owners, nowSeconds } = snapshot;
  const bound = cluster.gangs.nodesOf(gang);
  const away = homes
    .ofWorkload(pod.slot.workload, nowSeconds)
    .filter(({ slot }) => gangOf(slot) === gang);
  let placed = 0;
  for (const count of bound.values()) placed += count;
  // Pods are made one after the other: the owner knows how many there will be.
  const slots = gang === pod.slot.workload ? (owners.slotsOf(gang) ?? 0) : 0;
  const left = Math.max(1, cluster.gangs.waitingOf(gang), slots - placed, away.length);
  return { bound, homes: away.map(({ node }) => node), left };
}

function levelAt(
  {
    domains,
    label,
    slowdown,
    places,
  }: { domains: Domains; label?: string; slowdown: number; places: Int32Array },
  { bound, homes, left }: Siblings,
  { expectations, snapshot }: Member,
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
  for (const node of bound.keys()) use(node);
  for (const node of homes) use(node);
  // One node has a place at least, so this is never too few.
  const isSlowed = used > Math.ceil((bound.size + homes.length) / Math.max(1, domains.largest));
  const days = expectations.durationSeconds / SECONDS_PER_DAY;
  // Only outages of racks have published rates; of other domains none is made up.
  const perRate = label === undefined ? lossPerFaultSeconds(expectations) * days : 0;
  const losses = new DomainLosses(
    { places, isUsed, left },
    {
      newDomain: (domain) => perRate * rackOutages.perDay(domains.nameOf(domain)),
      averageDomain: perRate * rackOutages.fleetPerDay,
      slowdown: isSlowed ? 0 : slowdown * expectations.durationSeconds,
    },
  );
  return { domains, ...(label !== undefined && { label }), isUsed, used, losses };
}

/** Seconds that the job would lose in the domains of its homes and not when it is gathered. */
function savedByGathering(
  staying: readonly Level[],
  gathered: readonly Level[],
  siblings: Siblings,
  { expectations, snapshot }: Member,
): number {
  const days = expectations.durationSeconds / SECONDS_PER_DAY;
  const total = siblings.bound.size + siblings.left;
  return staying.reduce((sum, stay, at) => {
    const gather = gathered[at] as Level;
    const more = stay.used - (gather.used + gather.losses.fewestMore);
    if (more <= 0) return sum;
    const { label } = stay;
    if (label === undefined) {
      const perDay = snapshot.rackOutages.fleetPerDay;
      return sum + more * perDay * days * lossPerFaultSeconds(expectations);
    }
    const level = snapshot.config.topology.find(({ labels }) => labels[0] === label);
    const fewest = Math.ceil(total / Math.max(1, stay.domains.largest));
    const isWorthIt = stay.used > fewest && gather.used + gather.losses.fewestMore <= fewest;
    return isWorthIt ? sum + (level?.slowdown ?? 0) * expectations.durationSeconds : sum;
  }, 0);
}

/** Seconds that the job, which waits for its slowest member, may lose by not going home: as if all images had to come. */
function gatheringSeconds({ pod, expectations, snapshot }: Member): number {
  const { cluster, config } = snapshot;
  const bytes = pod.images.reduce(
    (sum, image) => sum + (cluster.images.bytesOf(image) ?? cluster.images.averageBytes),
    0,
  );
  return expectations.coldStartSeconds + bytes / config.pullBytesPerSecond;
}

function gatheringInWords(
  [stay]: readonly Level[],
  [gather]: readonly Level[],
  saved: number,
  cost: number,
): Reason {
  const from = stay?.used ?? 0;
  const to = (gather?.used ?? 0) + (gather?.losses.fewestMore ?? 0);
  const one = stay?.label === undefined ? ['rack', 'racks'] : ['domain', 'domains'];
  const what = to === 1 ? one[0] : one[1];
  return {
    code: 'GathersJob',
    words: `the job is gathered in ${to} ${what} in the place of ${from}: that saves ${spanInWords(saved)} and costs at most ${spanInWords(cost)}, so homes do not count`,
  };
}

function made(
  levels: readonly Level[],
  { isGathering, remarks }: Pick<GangDomains, 'isGathering' | 'remarks'>,
  { gang, nodeIndexes, places, snapshot }: Member,
): GangDomains {
  const ofGang = mixedBits(nameHash(gang));
  const [first] = levels;
  const best =
    first?.losses.preferred(
      (domain) => mixedBits(ofGang ^ nameHash(first.domains.nameOf(domain))) >>> 0,
    ) ?? NO_DOMAIN;
  const lossesOn = (nodeIndex: number) =>
    levels.map(({ domains, losses }) =>
      losses.of(domains.of(nodeIndex), places[nodeIndex] as number),
    );
  const { cluster } = snapshot;
  return {
    isGathering,
    remarks,
    addTo(lossSeconds) {
      for (const level of levels) addLosses(level, nodeIndexes, places, lossSeconds);
    },
    on: (nodeIndex) => jobDomain(levels, lossesOn(nodeIndex), cluster.at(nodeIndex)?.rack),
    isPreferred: (nodeIndex) =>
      first !== undefined && best !== NO_DOMAIN && first.domains.of(nodeIndex) === best,
  };
}

/** A function of its own, because it runs over thousands of nodes. */
function addLosses(
  { domains, losses }: Level,
  nodeIndexes: Int32Array,
  places: Uint16Array,
  lossSeconds: Float64Array,
): void {
  const byDomain = new Float64Array(domains.capacity).fill(-1);
  for (let at = 0; at < nodeIndexes.length; at += 1) {
    const nodeIndex = nodeIndexes[at] as number;
    const domain = domains.of(nodeIndex);
    let seconds = domain === NO_DOMAIN ? -1 : (byDomain[domain] as number);
    if (seconds < 0) {
      const { shared, leaves } = losses.of(domain, places[nodeIndex] as number);
      seconds = shared + leaves;
      if (domain !== NO_DOMAIN) byDomain[domain] = seconds;
    }
    lossSeconds[at] = (lossSeconds[at] as number) + seconds;
  }
}

function jobDomain(
  levels: readonly Level[],
  losses: readonly DomainLoss[],
  rack: string | undefined,
): JobDomain | undefined {
  const sum = losses.reduce(
    (total, { shared, leaves }) => ({
      shared: total.shared + shared,
      leaves: total.leaves + leaves,
    }),
    NO_LOSS,
  );
  if (sum.shared === 0 && sum.leaves === 0) return undefined;
  const leaving = levels.find(({ used }, at) => used > 0 && (losses[at]?.leaves ?? 0) > 0);
  return {
    sharedSeconds: sum.shared,
    leavesSeconds: sum.leaves,
    ...(rack !== undefined && { rack }),
    racks: (levels.find(({ label }) => label === undefined)?.used ?? 0) + 1,
    ...(leaving !== undefined && { leaves: usedInWords(leaving) }),
  };
}

/** `block-2`, or `2 domains of topology.kubernetes.io/block`. */
function usedInWords({ domains, label = 'rack', isUsed, used }: Level): string {
  const only = isUsed.indexOf(1);
  return used === 1 ? domains.nameOf(only) : `${used} domains of ${label}`;
}
