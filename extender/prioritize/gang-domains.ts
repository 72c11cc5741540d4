import { spanInWords } from '../../webhook/words/duration.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import { gangOf } from '../../webhook/words/gang.ts';
import { mixedBits, nameHash } from '../../webhook/words/name-hash.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { JobDomain } from '../forecast/candidate.ts';
import { type DomainLoss, DomainLosses, NO_LOSS } from '../forecast/domains.ts';
import type { Preferred } from '../forecast/level.ts';
import { lossPerFaultSeconds } from '../forecast/risk.ts';
import { type Domains, NO_DOMAIN } from '../state/domains.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { KindForecasts } from './forecast-cache.ts';

const SECONDS_PER_DAY = 86_400;
/** Siblings that are looked at, here and away: a tenant's job may have any number, and each question looks at all. */
const MOST_SIBLINGS = 1024;

/** What a question about a pod is reckoned from. */
export interface AskedOfPod {
  readonly pod: PodFacts;
  readonly expectations: Expectations;
  readonly snapshot: Snapshot;
  /** How long its job is expected to run: its members come home, so where they are lasts for all of it. */
  readonly runSeconds: number;
  /** Nodes that are asked about. */
  readonly nodeIndexes: Int32Array;
  readonly ofKind: Pick<KindForecasts, 'places' | 'unasked'>;
}

interface Member extends AskedOfPod {
  readonly gang: string;
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

/** A kind of domain that counts. */
interface Kind {
  readonly domains: Domains;
  readonly label?: string;
  readonly slowdown: number;
}

/** One level of domains at one question. */
interface Level {
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
  /** Of nodes that cost the same, those in the domain that is best to fill win. May be kept. */
  readonly preferred: Preferred | undefined;
  /** The job is gathered in fewer domains than its homes are in, so homes do not count. */
  readonly isGathering: boolean;
  readonly remarks: readonly Reason[];
}

/** `undefined` where the pod is no member of a gang, or no domain tells the nodes apart. */
export function gangDomains(asked: AskedOfPod): GangDomains | undefined {
  const gang = gangOf(asked.pod.slot);
  if (gang === undefined) return undefined;
  const member: Member = { ...asked, gang, places: asked.ofKind.places };
  const { cluster, config } = asked.snapshot;
  const kinds: readonly Kind[] = [
    { domains: cluster.racks, slowdown: 0 },
    ...config.topology.flatMap(({ labels: [label = ''], slowdown }, at) =>
      slowdown === 0 ? [] : [{ domains: cluster.level(at), label, slowdown }],
    ),
  ];
  const siblings = siblingsOf(member);
  const all = kinds.map((kind) => ({ ...kind, ...placesByDomain(kind.domains, siblings, member) }));
  const levels = (homes: readonly string[]) =>
    all.map((kind) => levelAt(kind, { ...siblings, homes }, member));
  const everyLevel = levels(siblings.homes);
  const staying = everyLevel.filter(({ differ }) => differ);
  const gathered =
    siblings.homes.length === 0 ? staying : levels([]).filter(({ differ }) => differ);
  const saved = gathered === staying ? 0 : savedByGathering(staying, gathered, siblings, member);
  const cost = gatheringSeconds(member);
  const isGathering = saved > cost;
  const remarks = isGathering
    ? [gatheringInWords(staying, gathered, saved, cost)]
    : everyLevel.flatMap(fullInWords);
  if (staying.length === 0 && remarks.length === 0) return undefined;
  return made(isGathering ? gathered : staying, { isGathering, remarks }, member);
}

/**
 * Members that have room, by domain, and whether the domains of the nodes asked about differ. The scheduler knows of
 * siblings that it has placed before we have seen them: their nodes are not asked about any more, and they are still among
 * those that are left, so their places count, too.
 */
function placesByDomain(
  domains: Domains,
  { left }: Siblings,
  { nodeIndexes, places, ofKind, snapshot: { cluster } }: Member,
): { readonly byDomain: Int32Array; readonly differ: boolean } {
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

function siblingsOf({ pod, gang, snapshot }: Member): Siblings {
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

function levelAt(
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
  // One node has a place at least, so this is never too few.
  const isSlowed = used > Math.ceil((bound.size + homes.length) / Math.max(1, domains.largest));
  const days = runSeconds / SECONDS_PER_DAY;
  // Only outages of racks have published rates; of other domains none is made up.
  const perRate = label === undefined ? lossPerFaultSeconds(expectations) * days : 0;
  const prices = {
    newDomain: (domain: number) => perRate * rackOutages.perDay(domains.nameOf(domain)),
    averageDomain: perRate * rackOutages.fleetPerDay,
    slowdown: isSlowed ? 0 : slowdown * runSeconds,
  };
  const losses = new DomainLosses({ places: byDomain, isUsed, left }, prices);
  const level = { domains, ...(label !== undefined && { label }), differ, isUsed, used, losses };
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

/** The same for all members of a gang, whoever asks. */
function hashOfDomain(gang: string, domains: Domains): (domain: number) => number {
  const ofGang = mixedBits(nameHash(gang));
  return (domain) => mixedBits(ofGang ^ domains.hashOf(domain)) >>> 0;
}

/** Seconds that the job would lose in the domains of its homes and not when it is gathered. */
function savedByGathering(
  staying: readonly Level[],
  gathered: readonly Level[],
  siblings: Siblings,
  { expectations, runSeconds, snapshot }: Member,
): number {
  const days = runSeconds / SECONDS_PER_DAY;
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
    return isWorthIt ? sum + (level?.slowdown ?? 0) * runSeconds : sum;
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

/** Said where it is slower outside, and no node inside has been asked about. */
function fullInWords(level: Level): readonly Reason[] {
  if (level.label === undefined || level.used === 0 || level.losses.hasRoomInside) return [];
  const where = usedInWords(level);
  return [
    {
      code: 'DomainFull',
      words: `no candidate has room in ${where}, so it has to go elsewhere`,
    },
  ];
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
  const [first] = levels;
  const best = first?.losses.preferred(hashOfDomain(gang, first.domains)) ?? NO_DOMAIN;
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
    preferred:
      first === undefined || best === NO_DOMAIN
        ? undefined
        : { numbers: first.domains.numbers, number: best + 1 },
  };
}

/** A function of its own, because it runs over thousands of nodes. */
function addLosses(
  { domains, losses }: Level,
  nodeIndexes: Int32Array,
  places: Uint16Array,
  lossSeconds: Float64Array,
): void {
  const { numbers } = domains;
  const { seconds: byDomain } = losses;
  for (let at = 0; at < nodeIndexes.length; at += 1) {
    const nodeIndex = nodeIndexes[at] as number;
    const number = nodeIndex < numbers.length ? (numbers[nodeIndex] as number) : 0;
    const seconds =
      number === 0 ? alone(losses, places[nodeIndex] as number) : (byDomain[number - 1] as number);
    lossSeconds[at] = (lossSeconds[at] as number) + seconds;
  }
}

/** Of a node without a domain. */
function alone(losses: DomainLosses, places: number): number {
  const { shared, leaves } = losses.of(NO_DOMAIN, places);
  return shared + leaves;
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

/** `block-2, where its job is`, or `2 domains of topology.kubernetes.io/block, where its job is`. */
function usedInWords({ domains, label = 'rack', isUsed, used, isPlanned }: Level): string {
  const which = used === 1 ? domains.nameOf(isUsed.indexOf(1)) : `${used} domains of ${label}`;
  return `${which}, where its job ${isPlanned ? 'goes' : 'is'}`;
}
