import type { Departure } from './departure.ts';
import type { HostId } from './facts.ts';
import { type Exposure, NO_EXPOSURE } from './hazard.ts';
import type { Incident } from './incident.ts';

/** All that is remembered of one host and its devices. Bounded, and replaced whole. */
export interface HostHistory {
  readonly host: HostId;
  readonly incidents: readonly Incident[];
  readonly exposure: Exposure;
  /** Slots that left it and may come back. */
  readonly departures: readonly Departure[];
}

/** At three incidents a day, the rate of a very bad host, this is three weeks. */
const MOST_INCIDENTS = 64;
/** More than a node of eight devices can lose in one restart, several times over. */
const MOST_DEPARTURES = 64;

/** The history of a host of which nothing is known. */
export function blankHistory(host: HostId): HostHistory {
  return { host, incidents: [], exposure: NO_EXPOSURE, departures: [] };
}

/** How long the history of a host that is gone is kept. */
const EXPIRY_SECONDS = 90 * 86_400;

/** True when nothing has been heard of the host for 90 days. */
export function isExpired(
  { incidents, exposure, departures }: HostHistory,
  nowSeconds: number,
): boolean {
  const heardAtSeconds = [
    exposure.atSeconds,
    ...incidents.map(({ lastSeenAtSeconds }) => lastSeenAtSeconds),
    ...departures.map(({ atSeconds }) => atSeconds),
  ];
  return nowSeconds - Math.max(...heardAtSeconds) > EXPIRY_SECONDS;
}

/**
 * The history within its bounds. The oldest closed incidents go first, then the oldest open ones;
 * of departures, those whose home has ended, then the oldest.
 */
export function bounded(history: HostHistory, nowSeconds: number): HostHistory {
  const open = history.incidents.filter(({ closedAtSeconds }) => closedAtSeconds === undefined);
  const closed = history.incidents.filter(({ closedAtSeconds }) => closedAtSeconds !== undefined);
  const kept = open.slice(-MOST_INCIDENTS);
  const room = MOST_INCIDENTS - kept.length;
  return {
    ...history,
    incidents: room > 0 ? [...closed.slice(-room), ...kept] : kept,
    departures: history.departures
      .filter(({ homeUntilSeconds }) => homeUntilSeconds > nowSeconds)
      .slice(-MOST_DEPARTURES),
  };
}
