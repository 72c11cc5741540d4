import { type Incident, isOpen } from '../history/incident.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { ShownHostIncident } from './shapes.ts';
import { shownIncident } from './shown.ts';

export interface IncidentFilter {
  /** Those that were last seen since then, in seconds since 1970. */
  readonly sinceSeconds: number;
  readonly onlyOpen: boolean;
}

/** Incidents of all hosts, also of those whose Node is gone, the latest first. */
export function incidentList(
  { sinceSeconds, onlyOpen }: IncidentFilter,
  { store, cluster, nowSeconds }: Snapshot,
): readonly ShownHostIncident[] {
  const isWanted = (incident: Incident) =>
    (isOpen(incident) || incident.lastSeenAtSeconds >= sinceSeconds) &&
    (!onlyOpen || isOpen(incident));
  return [...store.all()]
    .flatMap(({ host, node, incidents }) =>
      incidents.filter(isWanted).map((incident) => ({
        node: cluster.onHost(host)?.name ?? node,
        host,
        ...shownIncident(incident, nowSeconds),
      })),
    )
    .sort((a, b) => Date.parse(b.openedAt) - Date.parse(a.openedAt));
}
