import { inTurns } from '../bounds/in-turns.ts';
import type { NodeFacts } from '../facts/facts.ts';
import type { DeviceHost } from '../hazard/pod-hazard.ts';
import type { HostHistory } from '../history/host-history.ts';
import type { Incident } from '../history/incident.ts';
import { deviceHost } from './device-host.ts';
import { hazardOfHost } from './node-hazard.ts';
import type { Snapshot } from './snapshot.ts';

/** The hazard of a node at one moment, as multiples of what the fleet has. */
export interface HazardPoint {
  readonly atSeconds: number;
  readonly times: number;
  /** Where 95 % of the nodes with such a record lie. */
  readonly low: number;
  readonly high: number;
}

const DAY_SECONDS = 86_400;
const MOST_DAYS = 90;
/** A fault is seen to come: a moment before it, and one after. */
const BESIDE_SECONDS = 60;

/**
 * How the hazard of a node has gone, a point a day and one on either side of each incident: what the formula makes of the
 * faults that were known at each moment, with today's rates of the fleet. How much its host had worked until then is taken
 * from how much it has worked since it is known.
 */
export async function hazardOverTime(
  node: NodeFacts,
  snapshot: Snapshot,
): Promise<readonly HazardPoint[]> {
  const { store, rates, nowSeconds } = snapshot;
  const history = store.get(node.host);
  const now = deviceHost(node, snapshot);
  const fromSeconds = firstOf(history, node, nowSeconds);
  // A host may have hundreds of incidents, and a scheduler waits for an answer.
  const points = await inTurns(momentsOf(history, fromSeconds, nowSeconds), (atSeconds) => {
    const hazard = hazardOfHost(node, hostAt(now, { atSeconds, fromSeconds, nowSeconds }), rates);
    if (hazard === undefined) return [];
    const { times, faultsPerDay, low, high } = hazard;
    const usual = faultsPerDay / times;
    return [{ atSeconds, times, low: low / usual, high: high / usual }];
  });
  return points.flat();
}

function firstOf(
  { firstSeenAtSeconds }: HostHistory,
  { createdAtSeconds }: NodeFacts,
  nowSeconds: number,
): number {
  const known = firstSeenAtSeconds ?? createdAtSeconds ?? nowSeconds;
  return Math.max(nowSeconds - MOST_DAYS * DAY_SECONDS, Math.min(known, nowSeconds));
}

function momentsOf(
  { incidents }: HostHistory,
  fromSeconds: number,
  nowSeconds: number,
): readonly number[] {
  const days = Math.floor((nowSeconds - fromSeconds) / DAY_SECONDS);
  const daily = Array.from({ length: days + 1 }, (_none, day) => nowSeconds - day * DAY_SECONDS);
  const beside = incidents.flatMap(({ openedAtSeconds }) => [
    openedAtSeconds - BESIDE_SECONDS,
    openedAtSeconds + BESIDE_SECONDS,
  ]);
  return [...new Set([...daily, ...beside])]
    .filter((at) => at >= fromSeconds && at <= nowSeconds)
    .sort((a, b) => a - b);
}

function hostAt(
  host: DeviceHost,
  {
    atSeconds,
    fromSeconds,
    nowSeconds,
  }: { readonly atSeconds: number; readonly fromSeconds: number; readonly nowSeconds: number },
): DeviceHost {
  const knownDays = Math.max(1, nowSeconds - fromSeconds) / DAY_SECONDS;
  const share = Math.min(1, host.busyDays / knownDays);
  const busyDays = Math.max(0, host.busyDays - (share * (nowSeconds - atSeconds)) / DAY_SECONDS);
  return {
    ...host,
    busyDays,
    nowSeconds: atSeconds,
    incidents: host.incidents
      .filter(({ openedAtSeconds }) => openedAtSeconds <= atSeconds)
      .map((incident) => incidentAt(incident, atSeconds)),
  };
}

/** An incident as it stood then. */
function incidentAt(incident: Incident, atSeconds: number): Incident {
  const { forgiven, verifiedAtSeconds, swappedAtSeconds, swappedAtBusyDays, ...rest } = incident;
  const { closedAtSeconds, endedAtBusyDays, ...open } = rest;
  const isPast = (seconds: number | undefined): seconds is number =>
    seconds !== undefined && seconds <= atSeconds;
  return {
    ...open,
    ...(isPast(closedAtSeconds) && {
      closedAtSeconds,
      ...(endedAtBusyDays !== undefined && { endedAtBusyDays }),
    }),
    ...(isPast(verifiedAtSeconds) && { verifiedAtSeconds }),
    ...(isPast(swappedAtSeconds) && {
      swappedAtSeconds,
      ...(swappedAtBusyDays !== undefined && { swappedAtBusyDays }),
    }),
    ...(forgiven !== undefined && isPast(forgiven.atSeconds) && { forgiven }),
  };
}
