import type { Recovery, Signal } from './signal.ts';

/** One fault, after all the signals that report it are merged. */
export interface Incident {
  readonly resource: string;
  /** Absent while no signal has told which device it is. */
  readonly device?: string;
  readonly openedAtSeconds: number;
  readonly lastSeenAtSeconds: number;
  /** Absent while a standing signal still reports it. */
  readonly closedAtSeconds?: number;
  /** That it was a real device fault: the strongest signal's, never a sum. */
  readonly probability: number;
  /** Catalogue rows whose standing state has not been seen to end. */
  readonly standing: readonly string[];
  /** What was seen, in words; one entry for each kind of signal. */
  readonly evidence: readonly string[];
}

/** Signals of one burst are one fault (the burst gap that NVSentinel uses). */
const MERGE_WINDOW_SECONDS = 180;
/** More kinds of signals than the catalogue has rows. */
const MOST_EVIDENCE = 8;

/** The incidents of a host whose Node is gone: nothing reports on them any more. */
export function withoutReports(
  incidents: readonly Incident[],
  atSeconds: number,
): readonly Incident[] {
  return incidents.map((incident) =>
    incident.standing.length === 0
      ? incident
      : { ...incident, standing: [], closedAtSeconds: atSeconds },
  );
}

/** The incidents of one host, with a signal merged into the one it reports, or opening a new one. */
export function withSignal(incidents: readonly Incident[], signal: Signal): readonly Incident[] {
  const index = incidents.findIndex((incident) => isSameFault(incident, signal));
  const known = incidents[index];
  return known === undefined
    ? [...incidents, opened(signal)]
    : incidents.with(index, merged(known, signal));
}

/**
 * The incidents of one host after a state was seen to end: the same list if none reported it. A
 * closed incident keeps its weight; going healthy never erases one.
 */
export function withRecovery(
  incidents: readonly Incident[],
  recovery: Recovery,
): readonly Incident[] {
  if (!incidents.some((incident) => isReportedBy(incident, recovery))) return incidents;
  return incidents.map((incident) => {
    if (!isReportedBy(incident, recovery)) return incident;
    const standing = incident.standing.filter((row) => row !== recovery.row);
    return standing.length > 0
      ? { ...incident, standing }
      : { ...incident, standing, closedAtSeconds: recovery.atSeconds };
  });
}

function isReportedBy(incident: Incident, { row, resource, device }: Recovery): boolean {
  return (
    incident.standing.includes(row) &&
    incident.resource === resource &&
    (device === undefined || device === incident.device)
  );
}

function opened(signal: Signal): Incident {
  return {
    resource: signal.resource,
    ...(signal.device !== undefined && { device: signal.device }),
    openedAtSeconds: signal.atSeconds,
    lastSeenAtSeconds: signal.atSeconds,
    probability: signal.probability,
    evidence: [signal.words],
    ...(signal.isStanding
      ? { standing: [signal.row] }
      : { standing: [], closedAtSeconds: signal.atSeconds }),
  };
}

function merged(incident: Incident, signal: Signal): Incident {
  const { closedAtSeconds, ...rest } = incident;
  const device = incident.device ?? signal.device;
  const standing =
    signal.isStanding && !incident.standing.includes(signal.row)
      ? [...incident.standing, signal.row]
      : incident.standing;
  return {
    ...rest,
    ...(device !== undefined && { device }),
    standing,
    ...(standing.length === 0 && { closedAtSeconds: signal.atSeconds }),
    lastSeenAtSeconds: signal.atSeconds,
    probability: Math.max(incident.probability, signal.probability),
    evidence: [...new Set([...incident.evidence, signal.words])].slice(0, MOST_EVIDENCE),
  };
}

function isSameFault(incident: Incident, signal: Signal): boolean {
  if (incident.resource !== signal.resource || signal.isFurther === true) return false;
  const reportsIt = incident.standing.includes(signal.row);
  if (reportsIt && (signal.device === undefined || signal.device === incident.device)) return true;
  const sameDevice =
    incident.device === undefined ||
    signal.device === undefined ||
    incident.device === signal.device;
  return sameDevice && signal.atSeconds - incident.lastSeenAtSeconds <= MERGE_WINDOW_SECONDS;
}
