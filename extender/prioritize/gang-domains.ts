import { gangOf } from '../../webhook/words/gang.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import type { JobDomain } from '../forecast/candidate.ts';
import { type DomainLoss, type DomainLosses, NO_LOSS } from '../forecast/domains.ts';
import type { Preferred } from '../forecast/level.ts';
import { NO_DOMAIN } from '../state/domains.ts';
import {
  hashOfDomain,
  type Kind,
  type Level,
  levelAt,
  placesByDomain,
  usedInWords,
} from './gang-levels.ts';
import { type AskedOfPod, type Member, runSecondsOf, siblingsOf } from './gang-member.ts';
import { gathering } from './gathering.ts';

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
  const runSeconds = runSecondsOf(gang, asked);
  const member: Member = { ...asked, gang, runSeconds };
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
  const together =
    siblings.homes.length === 0 ? staying : levels([]).filter(({ differ }) => differ);
  const gathers = together === staying ? undefined : gathering(staying, together, siblings, member);
  const remarks = gathers === undefined ? everyLevel.flatMap(fullInWords) : [gathers];
  if (staying.length === 0 && remarks.length === 0) return undefined;
  const isGathering = gathers !== undefined;
  return made(isGathering ? together : staying, { isGathering, remarks }, member);
}

function made(
  levels: readonly Level[],
  { isGathering, remarks }: Pick<GangDomains, 'isGathering' | 'remarks'>,
  { gang, nodeIndexes, ofKind: { places } }: Member,
): GangDomains {
  const [first] = levels;
  const best = first?.losses.preferred(hashOfDomain(gang, first.domains)) ?? NO_DOMAIN;
  return {
    isGathering,
    remarks,
    addTo(lossSeconds) {
      for (const level of levels) addLosses(level, nodeIndexes, places, lossSeconds);
    },
    on: jobDomainOn(levels, places),
    preferred:
      first === undefined || best === NO_DOMAIN
        ? undefined
        : { numbers: first.domains.numbers, number: best + 1 },
  };
}

/** A function of its own, so that whoever keeps what it returns keeps no list of the question. */
function jobDomainOn(levels: readonly Level[], places: Uint16Array): GangDomains['on'] {
  return (nodeIndex) => {
    const losses = levels.map(({ domains, losses }) =>
      losses.of(domains.of(nodeIndex), places[nodeIndex] as number),
    );
    return jobDomain(levels, losses);
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

function jobDomain(levels: readonly Level[], losses: readonly DomainLoss[]): JobDomain | undefined {
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
    racks: (levels.find(({ label }) => label === undefined)?.used ?? 0) + 1,
    ...(leaving !== undefined && { leaves: usedInWords(leaving) }),
  };
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
