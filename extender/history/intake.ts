import type { NodeFacts } from '../facts/facts.ts';
import type { SignalClass } from '../signals/catalogue.ts';
import type { Finding } from '../signals/finding.ts';
import { momentOf, type Signal, signalOf } from '../signals/signal.ts';
import type { Sign } from '../signals/signs.ts';
import { withAway } from './away.ts';
import { cohortsOf } from './cohorts.ts';
import { withEra } from './exposure.ts';
import {
  type HostHistory,
  hostSinceSeconds,
  type IgnoredBecause,
  withIgnored,
} from './host-history.ts';
import { type Incident, isOpen, withRecovery, withSignal } from './incident.ts';
import { isMaintained, type Maintenance, withMaintenance } from './maintenance.ts';
import { repairLoop, withRepair } from './repairs.ts';
import { type Calm, patienceWith, whyMomentIsIgnored } from './settle.ts';
import { type Arrival, type KnownDevice, type SeenDevice, withDevices, withSwaps } from './swap.ts';

/** A state that is a sign, but may be gone before it counts. */
export interface Waiting {
  readonly finding: Finding;
  readonly sinceSeconds: number;
  readonly why: 'boot' | 'planned' | 'stands';
  readonly dueSeconds: number;
}

/** What became of one sign. */
export interface Outcome {
  readonly row: string;
  readonly outcome: 'counted' | 'waiting' | IgnoredBecause;
}

/** One look at a host. */
export interface Look {
  readonly node: Pick<
    NodeFacts,
    | 'name'
    | 'bootId'
    | 'devices'
    | 'isReady'
    | 'isCordoned'
    | 'readySinceSeconds'
    | 'createdAtSeconds'
    | 'model'
    | 'driver'
    | 'block'
    | 'rack'
  >;
  /** The devices that the API names there. */
  readonly seen: readonly SeenDevice[];
  /** What an unannounced boot is a sign of. */
  readonly bootSigns: readonly Sign[];
  /** Rows that are a kubelet's refusals. */
  readonly refusalRows: ReadonlySet<string>;
  /** Whether nobody has said if the finding of this key still stands. */
  readonly isUnknown: (key: string) => boolean;
  /** Everything that stands in the API and is a sign about the host. */
  readonly findings: readonly Finding[];
  /** What waited after the last look, by key. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** When a host of its rack last booted or went away. */
  readonly rackDisturbedAtSeconds?: number;
  /** Workloads on the node, or with this device. */
  readonly owners: (device: string | undefined) => readonly string[];
  /** True at the first comparison, when findings may have stood for long. */
  readonly isFirst: boolean;
  /** When a device was first seen in another host. */
  readonly seenElsewhereAtSeconds: Arrival['seenElsewhereAtSeconds'];
  /** What the host's clock of busy days shows. */
  readonly busyDays: number;
  readonly nowSeconds: number;
}

export interface Taken {
  readonly history: HostHistory;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly outcomes: readonly Outcome[];
}

/**
 * The history after a look at what stands now. It is level-triggered: it compares what stands with
 * what the history says is standing, never with an earlier look, so that a restart of ours, a missed
 * watch or a second leader comes to the same end, and each state is counted once.
 */
export function reconcileFindings(before: HostHistory, look: Look): Taken {
  const { nowSeconds } = look;
  const routine = withRoutine(before, look.findings, nowSeconds);
  const { history, isUnannouncedBoot } = withNode(routine, look);
  const findings = [...look.findings, ...repairLoop(history.repairs, nowSeconds)];
  const outcomes: Outcome[] = [];
  const standing = new Set(history.incidents.flatMap((incident) => incident.standing));
  const fresh = findings.filter((finding) => mayOpen(finding) && !standing.has(finding.key));
  const waits = fresh.map((finding) =>
    waitFor(finding, look, calmOf(history, look.rackDisturbedAtSeconds)),
  );
  const waiting = new Map(
    waits
      .filter(({ dueSeconds }) => dueSeconds > nowSeconds)
      .map((wait) => [wait.finding.key, wait] as const),
  );
  for (const [key, { finding }] of waiting) {
    if (!look.waiting.has(key)) outcomes.push({ row: finding.row.name, outcome: 'waiting' });
  }
  const signals = [
    ...waits
      .filter(({ finding }) => !waiting.has(finding.key))
      .map(({ finding, sinceSeconds }) => signalOf(finding, sinceSeconds)),
    ...(isUnannouncedBoot ? look.bootSigns.map((sign) => momentOf(sign, nowSeconds)) : []),
  ];
  let { incidents } = history;
  for (const signal of signals) {
    incidents = withSignal(incidents, signal, look.owners(signal.device));
    outcomes.push({ row: signal.row, outcome: 'counted' });
  }
  const present = new Set(findings.map(({ key }) => key));
  for (const key of standing) {
    if (!present.has(key) && !look.isUnknown(key)) {
      incidents = withRecovery(incidents, key, nowSeconds);
    }
  }
  const after = incidents === history.incidents ? history : { ...history, incidents };
  return {
    history: withoutRollouts(withPassed(after, look, present, outcomes), look),
    waiting,
    outcomes,
  };
}

/** A kubelet refuses pods at once while its plugin restarts; that the plugin was away is seen later. */
const ROLLOUT_SECONDS = 60;

/** The history without refusals that a restarting plugin explains. */
function withoutRollouts(
  history: HostHistory,
  { node, refusalRows, nowSeconds }: Look,
): HostHistory {
  const explained = history.incidents.filter(
    ({ rows, resource = '', openedAtSeconds }) =>
      rows.length > 0 &&
      rows.every((row) => refusalRows.has(row)) &&
      nowSeconds - openedAtSeconds <= ROLLOUT_SECONDS &&
      (node.devices.get(resource)?.allocatable ?? 0) === 0,
  );
  let after = history;
  for (const { id, rows, evidence, openedAtSeconds: atSeconds } of explained) {
    const incidents = after.incidents.filter((one) => one.id !== id);
    const [row = ''] = rows;
    after = withIgnored(
      { ...after, incidents },
      { atSeconds, why: 'rollout', row, words: evidence[0] ?? row },
    );
  }
  return after;
}

function waitFor(finding: Finding, look: Look, calm: Calm): Waiting {
  const { waiting, isFirst, nowSeconds } = look;
  const known = waiting.get(finding.key)?.sinceSeconds;
  const sinceSeconds = known ?? (isFirst ? beginningOf(finding, nowSeconds) : nowSeconds);
  const { standsForSeconds } = finding.row;
  const patience = patienceWith({ ...finding.worth, standsForSeconds }, sinceSeconds, calm);
  return { finding, sinceSeconds, ...patience };
}

/** What waited and is gone was a trace of the boot or the work that it waited for. */
function withPassed(
  history: HostHistory,
  look: Look,
  present: ReadonlySet<string>,
  outcomes: Outcome[],
): HostHistory {
  let after = history;
  for (const [key, { finding, why, sinceSeconds }] of look.waiting) {
    if (present.has(key) || why === 'stands') continue;
    const words = finding.words ?? finding.worth.words;
    after = withIgnored(after, { atSeconds: sinceSeconds, why, row: finding.row.name, words });
    outcomes.push({ row: finding.row.name, outcome: why });
  }
  return after;
}

/** The history after a moment's signal, or why it does not count. */
export function withMoment(
  history: HostHistory,
  signal: Signal,
  owners: readonly string[],
  rackDisturbedAtSeconds: number | undefined,
): { readonly history: HostHistory; readonly outcome: Outcome } {
  const { row, words, atSeconds } = signal;
  const why = whyMomentIsIgnored(signal, atSeconds, calmOf(history, rackDisturbedAtSeconds));
  if (why !== undefined) {
    return {
      history: withIgnored(history, { atSeconds, why, row, words }),
      outcome: { row, outcome: why },
    };
  }
  if (!mayOpen({ worth: signal })) return { history, outcome: { row, outcome: 'unsure' } };
  return {
    history: { ...history, incidents: withSignal(history.incidents, signal, owners) },
    outcome: { row, outcome: 'counted' },
  };
}

/** What routine work and repairs leave in the history. */
function withRoutine(
  history: HostHistory,
  findings: readonly Finding[],
  nowSeconds: number,
): HostHistory {
  return withMarks(
    withMaintenanceIn(history, maintenanceIn(history, findings, nowSeconds)),
    findings,
    nowSeconds,
  );
}

function withMaintenanceIn(
  history: HostHistory,
  maintenance: Maintenance | undefined,
): HostHistory {
  return maintenance === history.maintenance || maintenance === undefined
    ? history
    : { ...history, maintenance };
}

/** Cordons are also what a remediator does with a broken node: then they announce nothing. */
function maintenanceIn(
  { maintenance, incidents }: HostHistory,
  findings: readonly Finding[],
  nowSeconds: number,
): Maintenance | undefined {
  const isOn = maintenance !== undefined && maintenance.untilSeconds === undefined;
  const isBroken = incidents.some((incident) => isOpen(incident) && incident.probability >= 0.3);
  const isRepaired = findings.some(({ worth }) => worth.class === 'remediation');
  const announced = findings.find(
    ({ worth, row }) =>
      worth.class === 'planned' &&
      (isOn || row.source !== 'node-cordon' || !(isBroken || isRepaired)),
  );
  return withMaintenance(maintenance, announced?.worth.words, nowSeconds);
}

/** Verifications and finished repairs that are known by their text. */
const MOST_GONE_MARKS = 16;

function withMarks(
  history: HostHistory,
  findings: readonly Finding[],
  nowSeconds: number,
): HostHistory {
  const marking = findings.filter(
    ({ worth }) => worth.class === 'remediation' || worth.class === 'verified-repair',
  );
  const present = new Set(marking.map(({ key }) => key));
  const fresh = marking.filter(({ key }) => !history.marks.includes(key));
  // Marks that still stand are kept, because forgotten ones would begin again; of the others the newest.
  const gone = history.marks.filter((key) => !present.has(key) && key.includes('|'));
  const kept = [
    ...gone.slice(-MOST_GONE_MARKS),
    ...history.marks.filter((key) => present.has(key)),
  ];
  if (fresh.length === 0 && kept.length === history.marks.length) return history;
  const isVerified = fresh.some(({ worth }) => worth.class === 'verified-repair');
  const isRepaired = fresh.some(({ worth }) => worth.class === 'remediation');
  return {
    ...history,
    marks: [...kept, ...fresh.map(({ key }) => key)],
    repairs: isRepaired ? withRepair(history.repairs, nowSeconds) : history.repairs,
    incidents: isVerified ? verified(history.incidents, nowSeconds) : history.incidents,
  };
}

function verified(incidents: readonly Incident[], nowSeconds: number): readonly Incident[] {
  return incidents.map((incident) =>
    isOpen(incident) || incident.verifiedAtSeconds !== undefined
      ? incident
      : { ...incident, verifiedAtSeconds: nowSeconds },
  );
}

/**
 * The history after a look at the Node itself: its name, its boot, its devices. A boot that nobody
 * announced is a sign, and a repair when something was broken.
 */
function withNode(
  history: HostHistory,
  { node, seen, seenElsewhereAtSeconds, busyDays, nowSeconds }: Look,
): { readonly history: HostHistory; readonly isUnannouncedBoot: boolean } {
  const firstSeenAtSeconds = hostSinceSeconds(node, history, nowSeconds);
  const peaks = peaksWith(history.capacityPeaks, node.devices);
  const { devices, swaps } = withDevices(
    history.devices,
    seen,
    new Map(Object.entries(peaks)),
    history.incidents,
    { seenElsewhereAtSeconds, hostSinceSeconds: firstSeenAtSeconds, busyDays },
    nowSeconds,
  );
  const exposure = withEra(
    history.exposure,
    cohortsOf(node, nowSeconds - middleFirstSeenSeconds(devices, firstSeenAtSeconds)),
    busyDays,
    nowSeconds,
  );
  const isNewBoot = node.bootId !== '' && node.bootId !== history.boot?.id;
  const isUnannounced =
    isNewBoot && history.boot !== undefined && !isMaintained(history.maintenance, nowSeconds);
  const awayAtSeconds = withAway(
    history.awayAtSeconds,
    node,
    isMaintained(history.maintenance, nowSeconds),
    nowSeconds,
  );
  const isSame =
    !isNewBoot &&
    node.name === history.node &&
    peaks === history.capacityPeaks &&
    exposure === history.exposure &&
    awayAtSeconds === history.awayAtSeconds &&
    devices === history.devices;
  if (isSame) return { history, isUnannouncedBoot: false };
  // A boot that was not seen was at the latest when the kubelet became ready.
  const bootedAtSeconds = history.boot === undefined ? (node.readySinceSeconds ?? 0) : nowSeconds;
  return {
    isUnannouncedBoot: isUnannounced,
    history: {
      ...history,
      node: node.name,
      firstSeenAtSeconds,
      exposure,
      capacityPeaks: peaks,
      devices,
      incidents: withSwaps(history.incidents, swaps, busyDays, nowSeconds),
      repairs: isUnannounced ? withRepair(history.repairs, nowSeconds) : history.repairs,
      awayAtSeconds,
      ...(isNewBoot && { boot: { id: node.bootId, atSeconds: bootedAtSeconds } }),
    },
  };
}

/** When the middle one of the host's devices was first seen; the host itself, where none is named. */
function middleFirstSeenSeconds(devices: readonly KnownDevice[], hostSinceSeconds: number): number {
  const since = devices
    .map(({ firstSeenAtSeconds = hostSinceSeconds }) => firstSeenAtSeconds)
    .sort((a, b) => a - b);
  return since[Math.floor(since.length / 2)] ?? hostSinceSeconds;
}

function peaksWith(
  peaks: Readonly<Record<string, number>>,
  devices: NodeFacts['devices'],
): Readonly<Record<string, number>> {
  const higher = [...devices].filter(
    ([resource, { capacity }]) => capacity > (peaks[resource] ?? 0),
  );
  return higher.length === 0
    ? peaks
    : {
        ...peaks,
        ...Object.fromEntries(higher.map(([resource, { capacity }]) => [resource, capacity])),
      };
}

function calmOf(
  { boot, maintenance }: HostHistory,
  rackDisturbedAtSeconds: number | undefined,
): Calm {
  return {
    ...(boot !== undefined && { bootedAtSeconds: boot.atSeconds }),
    ...(rackDisturbedAtSeconds !== undefined && { rackDisturbedAtSeconds }),
    ...(maintenance !== undefined && { maintenance }),
  };
}

/** Whether a sign of this class is one of a fault, if only of the workload's. */
function mayOpen({ worth }: { readonly worth: { readonly class: SignalClass } }): boolean {
  return (
    worth.class === 'fatal' ||
    worth.class === 'degraded' ||
    worth.class === 'infrastructure' ||
    worth.class === 'application'
  );
}

function beginningOf({ sinceSeconds }: Finding, nowSeconds: number): number {
  return sinceSeconds === undefined ? nowSeconds : Math.min(sinceSeconds, nowSeconds);
}
