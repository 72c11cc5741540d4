import type { HostHistory } from '../history/host-history.ts';
import { type Incident, isOpen } from '../history/incident.ts';
import type { ShownHostIncident } from './shapes.ts';
import { shownIncident } from './shown.ts';

export interface IncidentFilter {
  /** Those that were last seen since then, in seconds since 1970. */
  readonly sinceSeconds: number;
  readonly onlyOpen: boolean;
}

/** A host's incidents, as a list of those of all hosts shows them; `node`: the Node that stands for it. */
export function hostIncidents(
  { host, incidents }: HostHistory,
  node: string,
  { sinceSeconds, onlyOpen }: IncidentFilter,
  nowSeconds: number,
): readonly ShownHostIncident[] {
  const isWanted = (incident: Incident) =>
    isOpen(incident) || (!onlyOpen && incident.lastSeenAtSeconds >= sinceSeconds);
  return incidents
    .filter(isWanted)
    .map((incident) => ({ node, host, ...shownIncident(incident, nowSeconds) }));
}

/** The latest first. Sorted hour by hour as they are taken, so that no sort of a whole fleet holds up a scheduler. */
export function* latestFirst(
  incidents: readonly ShownHostIncident[],
): Generator<ShownHostIncident> {
  const byHour = Map.groupBy(incidents, ({ openedAt }) =>
    openedAt.slice(0, 'YYYY-MM-DDTHH'.length),
  );
  for (const hour of [...byHour.keys()].sort().reverse()) {
    yield* (byHour.get(hour) ?? []).sort((a, b) => (a.openedAt < b.openedAt ? 1 : -1));
  }
}
