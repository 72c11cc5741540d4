import type { NodeFacts } from '../facts/facts.ts';
import type { Departure } from '../homes/departure.ts';
import type { HostId } from '../signals/identity.ts';
import { type Exposure, NO_EXPOSURE } from './exposure.ts';
import { type Incident, incidentWeight, isOpen } from './incident.ts';
import type { Maintenance } from './maintenance.ts';
import type { Raised } from './raised.ts';
import type { KnownDevice } from './swap.ts';

/** Why something that looked like a fault was not held against the host. */
export type IgnoredBecause =
  /** It was over before the host had settled after a boot. */
  | 'boot'
  /** The device plugin or the kubelet was restarting. */
  | 'rollout'
  /** It came with announced work. */
  | 'planned'
  /** Two schedulers chose the same devices. */
  | 'race'
  /** A tenant can write it, and nothing else says so. */
  | 'untrusted'
  /** Found by a list, too late to know what led to it. */
  | 'unsure';

export interface Ignored {
  readonly atSeconds: number;
  readonly why: IgnoredBecause;
  readonly row: string;
  readonly words: string;
  /** How often in a row. */
  readonly times: number;
}

/** An ended pod whose work is in the exposure. */
export interface CountedPod {
  readonly uid: string;
  readonly atSeconds: number;
}

/** All that is remembered of one host and its devices. Bounded, and replaced whole. */
export interface HostHistory {
  readonly host: HostId;
  /** Name of the Node that last stood for it. */
  readonly node: string;
  /** When two Nodes had this identity at once, so that it names no machine any more. */
  readonly sharedAtSeconds?: number;
  readonly incidents: readonly Incident[];
  readonly exposure: Exposure;
  /** When it was first seen, or its Node was made if that was earlier; absent while never seen. */
  readonly firstSeenAtSeconds?: number;
  /** Slots that left it and may come back. */
  readonly departures: readonly Departure[];
  /** Uids of ended pods that are in the exposure, so that none is counted twice. */
  readonly counted: readonly CountedPod[];
  /** Pods that ended until then are in it too: their uids have made room for others. */
  readonly countedThroughSeconds?: number;
  readonly boot?: { readonly id: string; readonly atSeconds: number };
  readonly maintenance?: Maintenance;
  /** When somebody tried to repair it: unannounced boots and what remediators did. */
  readonly repairs: readonly number[];
  /** When its Node went away and nobody had announced it: the latest. */
  readonly awayAtSeconds: readonly number[];
  /** Keys of remediations and verified repairs that are known. */
  readonly marks: readonly string[];
  readonly devices: readonly KnownDevice[];
  /** The most of each resource that it ever had. */
  readonly capacityPeaks: Readonly<Record<string, number>>;
  readonly ignored: readonly Ignored[];
  /** When its hazard was called elevated or high, the oldest first. */
  readonly raised: readonly Raised[];
}

/** At three incidents a day, the rate of a very bad host, this is three weeks. */
const MOST_INCIDENTS = 64;
/** More than a node of eight devices can lose in one restart, several times over. */
const MOST_DEPARTURES = 64;
/** Ended pods that may still be listed after a restart of ours. */
const MOST_COUNTED = 64;
const MOST_IGNORED = 16;

/** Since when the host is known, and so can have worked. */
export function hostSinceSeconds(
  { createdAtSeconds }: Pick<NodeFacts, 'createdAtSeconds'>,
  { firstSeenAtSeconds }: Pick<HostHistory, 'firstSeenAtSeconds'>,
  nowSeconds: number,
): number {
  return firstSeenAtSeconds ?? Math.min(nowSeconds, createdAtSeconds ?? nowSeconds);
}

/** The history of a host of which nothing is known. */
export function blankHistory(host: HostId): HostHistory {
  return { ...BLANK, host };
}

/** Of most hosts nearly all of it stays: so it is the same for all. */
const BLANK: Omit<HostHistory, 'host'> = {
  node: '',
  incidents: [],
  exposure: NO_EXPOSURE,
  departures: [],
  counted: [],
  repairs: [],
  awayAtSeconds: [],
  marks: [],
  devices: [],
  capacityPeaks: {},
  ignored: [],
  raised: [],
};

/** How long the history of a host that is gone is kept. */
const EXPIRY_SECONDS = 90 * 86_400;
/** A host that is gone and had nothing is remembered for as long as it may come back from a repair. */
const UNEVENTFUL_EXPIRY_SECONDS = 86_400;

/** The last time in the history of a host. */
export function lastHeardSeconds(history: HostHistory): number {
  const { incidents, exposure, departures, boot, sharedAtSeconds = 0 } = history;
  return Math.max(
    exposure.atSeconds,
    sharedAtSeconds,
    boot?.atSeconds ?? 0,
    ...incidents.map(({ lastSeenAtSeconds }) => lastSeenAtSeconds),
    ...departures.map(({ atSeconds }) => atSeconds),
  );
}

/** True when a host that is gone need not be remembered: after 90 days, or a day without an incident. */
export function isExpired(history: HostHistory, nowSeconds: number): boolean {
  const expirySeconds = history.incidents.some((incident) => incidentWeight(incident) > 0)
    ? EXPIRY_SECONDS
    : UNEVENTFUL_EXPIRY_SECONDS;
  return nowSeconds - lastHeardSeconds(history) > expirySeconds;
}

/** One history with what only the other one has of incidents, homes and counted pods. */
export function united(ours: HostHistory, theirs: HostHistory): HostHistory {
  const uids = new Set(ours.departures.map(({ podUid }) => podUid));
  const counted = new Map([...theirs.counted, ...ours.counted].map((one) => [one.uid, one]));
  return {
    ...ours,
    incidents: [
      ...theirs.incidents.filter((one) => !ours.incidents.some((other) => isSame(one, other))),
      ...ours.incidents,
    ],
    departures: [
      ...theirs.departures.filter(({ podUid }) => !uids.has(podUid)),
      ...ours.departures,
    ],
    counted: [...counted.values()],
    // Which work is in both is unknown; the larger one is nearer the truth.
    exposure: ours.exposure.busyDays >= theirs.exposure.busyDays ? ours.exposure : theirs.exposure,
    ...throughOf(ours, theirs),
  };
}

function throughOf(
  { countedThroughSeconds: ours }: HostHistory,
  { countedThroughSeconds: theirs }: HostHistory,
): Pick<HostHistory, 'countedThroughSeconds'> {
  if (ours === undefined && theirs === undefined) return {};
  return { countedThroughSeconds: Math.max(ours ?? 0, theirs ?? 0) };
}

/** Two replicas that saw one fault may have given it two names. */
function isSame(one: Incident, other: Incident): boolean {
  return (
    one.id === other.id ||
    (one.device === other.device &&
      one.resource === other.resource &&
      Math.abs(one.openedAtSeconds - other.openedAtSeconds) <= other.mergeSeconds)
  );
}

/** The history with one more thing that was not held against the host. */
export function withIgnored(history: HostHistory, one: Omit<Ignored, 'times'>): HostHistory {
  const { ignored } = history;
  const index = ignored.findLastIndex(({ row, why }) => row === one.row && why === one.why);
  const again = ignored[index];
  const rest = again === undefined ? ignored : ignored.toSpliced(index, 1);
  return {
    ...history,
    ignored: [...rest, { ...one, times: (again?.times ?? 0) + 1 }].slice(-MOST_IGNORED),
  };
}

/**
 * The history within its bounds. Of incidents the closed ones go first, those that weigh least before
 * the others and the oldest of equals, then the oldest open ones; of departures, those whose home has
 * ended, then the oldest; of all else the oldest.
 */
export function bounded(history: HostHistory, nowSeconds: number): HostHistory {
  const { incidents, departures, ignored } = history;
  return {
    ...history,
    incidents: boundedIncidents(incidents, MOST_INCIDENTS),
    departures: departures
      .filter(({ homeUntilSeconds }) => homeUntilSeconds > nowSeconds)
      .slice(-MOST_DEPARTURES),
    ...countedWithin(history),
    ignored: ignored.slice(-MOST_IGNORED),
  };
}

function countedWithin({
  counted,
  countedThroughSeconds,
}: HostHistory): Pick<HostHistory, 'counted' | 'countedThroughSeconds'> {
  if (counted.length <= MOST_COUNTED) return { counted };
  const sorted = counted.toSorted((a, b) => a.atSeconds - b.atSeconds);
  const dropped = sorted.slice(0, -MOST_COUNTED);
  return {
    counted: sorted.slice(-MOST_COUNTED),
    countedThroughSeconds: Math.max(
      countedThroughSeconds ?? 0,
      ...dropped.map(({ atSeconds }) => atSeconds),
    ),
  };
}

/** The history without the names of the pods that are in its exposure, but with until when they ended. */
export function withoutCounted(history: HostHistory): HostHistory {
  const { counted, countedThroughSeconds } = history;
  if (counted.length === 0) return history;
  const through = Math.max(
    countedThroughSeconds ?? 0,
    ...counted.map(({ atSeconds }) => atSeconds),
  );
  return { ...history, counted: [], countedThroughSeconds: through };
}

/** At most so many incidents, in the order that bounded() says, each in its place. */
export function boundedIncidents(
  incidents: readonly Incident[],
  most: number,
): readonly Incident[] {
  if (incidents.length <= most) return incidents;
  const goingFirst = [...incidents].sort(
    (a, b) =>
      Number(isOpen(a)) - Number(isOpen(b)) ||
      rankOf(a) - rankOf(b) ||
      a.lastSeenAtSeconds - b.lastSeenAtSeconds,
  );
  const gone = new Set(goingFirst.slice(0, incidents.length - most));
  return incidents.filter((incident) => !gone.has(incident));
}

/** What weighs nothing goes before what only tenants say, and that before what the platform says. */
function rankOf(incident: Incident): number {
  if (incidentWeight(incident) === 0) return 0;
  return incident.byTenants === true ? 1 : 2;
}
