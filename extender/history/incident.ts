import { rowOfKey } from '../signals/finding.ts';
import type { Signal } from '../signals/signal.ts';
import { groupName } from './group-name.ts';

/** Classes of signals that can open an incident. */
export type IncidentClass = 'fatal' | 'degraded' | 'infrastructure' | 'application';

/** What several hosts had in common when each of them had an incident: the one fault behind them. */
export interface CommonCause {
  readonly kind: 'rack' | 'driver' | 'model' | 'owner';
  readonly name: string;
  /** How many hosts had one. */
  readonly hosts: number;
}

/** One fault, after all the signals that report it are merged. */
export interface Incident {
  /** Unique on its host. */
  readonly id: string;
  readonly class: IncidentClass;
  /** Whether one device is struck or all of the node's. */
  readonly scope: 'device' | 'node';
  /** Absent while no signal names it. */
  readonly resource?: string;
  /** Absent while no signal names the device. */
  readonly device?: string;
  readonly pciSlot?: string;
  readonly code?: string;
  readonly openedAtSeconds: number;
  readonly lastSeenAtSeconds: number;
  /** Absent while a standing signal still reports it. */
  readonly closedAtSeconds?: number;
  /** What the host's clock of busy days showed then; see exposure.ts. */
  readonly endedAtBusyDays?: number;
  /** That it was a real device fault: the strongest signal's, never a sum. */
  readonly probability: number;
  /** Signals within this time of its last one are of the same fault. */
  readonly mergeSeconds: number;
  /** Keys of the states that report it and have not been seen to end. */
  readonly standing: readonly string[];
  /** What was seen, in words; one entry for each kind of signal. */
  readonly evidence: readonly string[];
  /** Rows of the catalogue that report it. */
  readonly rows: readonly string[];
  /** Nothing but what tenants write says so. */
  readonly byTenants?: boolean;
  /** Workloads that were on the node, or had the device, when it opened. */
  readonly owners: readonly string[];
  readonly cause?: CommonCause;
  /** A test after the repair has passed. */
  readonly verifiedAtSeconds?: number;
  /** The device was replaced by another one in its slot. */
  readonly swappedAtSeconds?: number;
  /** What the host's clock showed then. */
  readonly swappedAtBusyDays?: number;
  readonly forgiven?: { readonly atSeconds: number; readonly reason: string };
}

/** More kinds of signals than report one fault. */
export const MOST_EVIDENCE = 8;
/** Workloads kept of those that were there. */
const MOST_OWNERS = 8;
/** A reboot or an outage this soon after a fault is part of its repair. A judgement. */
const REPAIR_SECONDS = 900;
/** What a verified repair leaves of an incident, and a new device of its slot's (DESIGN 7.2). The
 * first is a judgement. */
const VERIFIED_FACTOR = 0.25;
const SWAPPED_FACTOR = 0.5;

/**
 * What an incident counts for now, 0 to 1: the probability that it was a hardware fault of this host,
 * after whatever else is known to explain it.
 */
export function incidentWeight(incident: Incident): number {
  const { verifiedAtSeconds, swappedAtSeconds } = incident;
  let weight = faultWeight(incident);
  if (verifiedAtSeconds !== undefined) weight *= VERIFIED_FACTOR;
  if (swappedAtSeconds !== undefined) weight *= SWAPPED_FACTOR;
  return weight;
}

/** The chance that it was a hardware fault of this host, 0 to 1, whatever was repaired since. */
export function faultWeight(incident: Incident): number {
  const { probability, cause, forgiven } = incident;
  if (forgiven !== undefined) return 0;
  return cause === undefined ? probability : probability * causeFactor(incident, cause);
}

/** A common cause is one fault of many hosts; a job's own, or a blip of them all, is none of theirs. */
function causeFactor(incident: Incident, { kind, hosts }: CommonCause): number {
  return kind === 'owner' || incident.class === 'infrastructure' ? 0 : 1 / hosts;
}

/** What lowers an incident's weight, in words; empty when nothing does. */
export function discountsInWords(incident: Incident): readonly string[] {
  const { class: incidentClass, cause, forgiven, verifiedAtSeconds, swappedAtSeconds } = incident;
  return [
    ...(incidentClass === 'application' ? ["the workload's own"] : []),
    ...(cause === undefined ? [] : [causeInWords(cause)]),
    ...(verifiedAtSeconds === undefined ? [] : ['a test after the repair has passed']),
    ...(swappedAtSeconds === undefined ? [] : ['the device has been replaced since']),
    ...(forgiven === undefined ? [] : [`forgiven: ${forgiven.reason}`]),
  ];
}

function causeInWords({ kind, name, hosts }: CommonCause): string {
  return kind === 'owner'
    ? `${name} failed on ${hosts} nodes at once, so it is the workload's own`
    : `${hosts} nodes of ${groupName(kind, name)} had it at once`;
}

/** The incidents of a host whose Node is gone: nothing reports on them any more. */
export function withoutReports(
  incidents: readonly Incident[],
  atSeconds: number,
): readonly Incident[] {
  return incidents.map((incident) =>
    incident.standing.length === 0
      ? incident
      : { ...incident, standing: [], closedAtSeconds: incident.closedAtSeconds ?? atSeconds },
  );
}

/** The incidents of one host, with a signal merged into the one it reports, or opening a new one. */
export function withSignal(
  incidents: readonly Incident[],
  signal: Signal,
  owners: readonly string[] = [],
): readonly Incident[] {
  const index = incidents.findLastIndex((incident) => isSameFault(incident, signal));
  const known = incidents[index];
  return known === undefined
    ? [...incidents, opened(signal, incidents, owners)]
    : incidents.with(index, merged(known, signal));
}

/** The incidents with more evidence for the fault that the signal is about, if there is one. */
export function withEvidence(
  incidents: readonly Incident[],
  signal: Signal,
): readonly Incident[] | undefined {
  const index = incidents.findLastIndex((incident) => isSameFault(incident, signal));
  const known = incidents[index];
  return known === undefined
    ? undefined
    : incidents.with(index, { ...known, evidence: withWords(known.evidence, signal.words) });
}

/**
 * The incidents of one host after a state was seen to end: the same list if none reported it. A
 * closed incident keeps its weight; going healthy never erases one.
 */
export function withRecovery(
  incidents: readonly Incident[],
  key: string,
  atSeconds: number,
): readonly Incident[] {
  if (!incidents.some(({ standing }) => standing.includes(key))) return incidents;
  return incidents.map((incident) => {
    if (!incident.standing.includes(key)) return incident;
    const standing = incident.standing.filter((one) => one !== key);
    return standing.length > 0
      ? { ...incident, standing }
      : { ...incident, standing, closedAtSeconds: incident.closedAtSeconds ?? atSeconds };
  });
}

export function isOpen({ closedAtSeconds }: Incident): boolean {
  return closedAtSeconds === undefined;
}

function opened(
  signal: Signal,
  incidents: readonly Incident[],
  owners: readonly string[],
): Incident {
  const { scope, resource, device, pciSlot, code, atSeconds, mergeSeconds, standing, words } =
    signal;
  const worth = worthAmong(signal, incidents, owners);
  return {
    id: idAmong(incidents, atSeconds),
    class: worth.class,
    scope,
    ...(resource !== undefined && { resource }),
    ...(device !== undefined && { device }),
    ...(pciSlot !== undefined && { pciSlot }),
    ...(code !== undefined && { code }),
    openedAtSeconds: atSeconds,
    lastSeenAtSeconds: atSeconds,
    probability: worth.probability,
    mergeSeconds,
    evidence: [words],
    rows: [signal.row],
    ...(signal.trust === 'forgeable' && { byTenants: true }),
    owners: owners.slice(0, MOST_OWNERS),
    ...(standing !== undefined
      ? { standing: [standing] }
      : { standing: [], closedAtSeconds: atSeconds }),
  };
}

/** What the signal is worth: more, once its code has come back under different owners. */
function worthAmong(
  { class: signalClass, probability, repeats, code, device, atSeconds }: Signal,
  incidents: readonly Incident[],
  owners: readonly string[],
): { readonly class: IncidentClass; readonly probability: number } {
  const own = { class: asIncidentClass(signalClass), probability };
  if (repeats === undefined || device === undefined) return own;
  const seen = new Set([owners.join()]);
  for (const incident of incidents) {
    const isRecent = atSeconds - incident.openedAtSeconds <= repeats.withinSeconds;
    if (isRecent && incident.code === code && incident.device === device) {
      seen.add(incident.owners.join());
    }
  }
  return seen.size < repeats.times
    ? own
    : { class: asIncidentClass(repeats.class), probability: repeats.probability };
}

/** An id that no other incident of the host has: its moment, with a number where two are equal. */
function idAmong(incidents: readonly Incident[], atSeconds: number): string {
  const base = Math.round(atSeconds).toString(36);
  const taken = new Set(incidents.map(({ id }) => id));
  for (let number = 0; ; number += 1) {
    const id = number === 0 ? base : `${base}-${number}`;
    if (!taken.has(id)) return id;
  }
}

function merged(incident: Incident, signal: Signal): Incident {
  const { closedAtSeconds, byTenants, ...rest } = incident;
  const standing =
    signal.standing !== undefined && !incident.standing.includes(signal.standing)
      ? [...incident.standing, signal.standing]
      : incident.standing;
  const isStronger = signal.probability > incident.probability;
  const device = incident.device ?? signal.device;
  const pciSlot = incident.pciSlot ?? signal.pciSlot;
  const code = incident.code ?? signal.code;
  const resource = incident.resource ?? signal.resource;
  const last = Math.max(incident.lastSeenAtSeconds, signal.atSeconds);
  return {
    ...rest,
    ...(isStronger && { class: asIncidentClass(signal.class), scope: signal.scope }),
    ...(resource !== undefined && { resource }),
    ...(device !== undefined && { device }),
    ...(pciSlot !== undefined && { pciSlot }),
    ...(code !== undefined && { code }),
    standing,
    ...(byTenants === true && signal.trust === 'forgeable' && { byTenants }),
    ...(standing.length === 0 && { closedAtSeconds: Math.max(closedAtSeconds ?? 0, last) }),
    openedAtSeconds: Math.min(incident.openedAtSeconds, signal.atSeconds),
    lastSeenAtSeconds: last,
    probability: Math.max(incident.probability, signal.probability),
    mergeSeconds: Math.max(incident.mergeSeconds, signal.mergeSeconds),
    evidence: withWords(incident.evidence, signal.words),
    rows: incident.rows.includes(signal.row) ? incident.rows : [...incident.rows, signal.row],
  };
}

function isSameFault(incident: Incident, signal: Signal): boolean {
  if (signal.standing !== undefined && incident.standing.includes(signal.standing)) return true;
  if (incident.forgiven !== undefined || incident.swappedAtSeconds !== undefined) return false;
  return (
    !differ(incident.resource, signal.resource) &&
    !differ(incident.device, signal.device) &&
    !isOneMore(incident, signal) &&
    isSoon(incident, signal)
  );
}

/** True when the row reports the incident already and counts its devices: one more is one more fault. */
function isOneMore({ standing }: Incident, signal: Signal): boolean {
  const isCount = signal.code === undefined && signal.device === undefined;
  return (
    isCount && signal.standing !== undefined && standing.some((key) => rowOfKey(key) === signal.row)
  );
}

function isSoon(incident: Incident, signal: Signal): boolean {
  const { atSeconds, mergeSeconds, code, standing } = signal;
  const isRepair = signal.class === 'infrastructure' && signal.scope === 'node';
  const window = Math.max(incident.mergeSeconds, mergeSeconds, isRepair ? REPAIR_SECONDS : 0);
  // While a fault stands, what follows from it is part of it; a new code long after is a new fault.
  const isNews = code !== undefined && standing !== undefined && code !== incident.code;
  const endSeconds = isOpen(incident) && !isNews ? Number.POSITIVE_INFINITY : lastHeard(incident);
  return atSeconds >= incident.openedAtSeconds - window && atSeconds <= endSeconds + window;
}

/** A fault that stood for long and is back after a moment is the same. */
function lastHeard({ lastSeenAtSeconds, closedAtSeconds }: Incident): number {
  return Math.max(lastSeenAtSeconds, closedAtSeconds ?? 0);
}

/** True when both are known and are not the same. */
export function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function withWords(evidence: readonly string[], words: string): readonly string[] {
  return evidence.includes(words) || evidence.length >= MOST_EVIDENCE
    ? evidence
    : [...evidence, words];
}

function asIncidentClass(signalClass: Signal['class']): IncidentClass {
  switch (signalClass) {
    case 'fatal':
    case 'degraded':
    case 'infrastructure':
      return signalClass;
    default:
      return 'application';
  }
}
