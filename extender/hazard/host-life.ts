import type { HostHistory } from '../history/host-history.ts';
import { faultWeight, type Incident, incidentWeight, isOpen } from '../history/incident.ts';
import type { HostLife, LifeFault } from './experience.ts';
import type { Fault } from './hazard.ts';

/** A host's history in its busy days, from which the rates of the fleet are learned. */
export function lifeOf(
  history: HostHistory,
  busyDays: number,
  workedUntilSeconds: number,
): HostLife {
  const { exposure, incidents, devices, capacityPeaks } = history;
  const came = new Map(devices.map(({ id, fromBusyDays = 0 }) => [id, fromBusyDays]));
  return {
    busyDays,
    workedUntilSeconds,
    eras: exposure.eras,
    devices: Math.max(1, deviceCount(capacityPeaks), devices.length),
    faults: incidents.flatMap((incident) => {
      const weight = faultWeight(incident);
      return weight > 0 ? [lifeFault(incident, weight, came, busyDays)] : [];
    }),
  };
}

/** NVIDIA cuts a GPU into at most seven. */
const SLICES_OF_ONE = 7;

/** Physical devices behind the most that a host ever had of each resource: slices are none of their own. */
function deviceCount(peaks: Readonly<Record<string, number>>): number {
  const isSlice = (resource: string) => resource.includes('/mig-');
  const whole = Object.entries(peaks).filter(([resource]) => !isSlice(resource));
  const slices = Object.entries(peaks).filter(([resource]) => isSlice(resource));
  return Math.max(
    0,
    ...whole.map(([, count]) => count),
    ...(whole.length === 0 ? slices.map(([, count]) => Math.ceil(count / SLICES_OF_ONE)) : []),
  );
}

function lifeFault(
  incident: Incident,
  weight: number,
  came: ReadonlyMap<string, number>,
  busyDays: number,
): LifeFault {
  const { scope, device, swappedAtSeconds, swappedAtBusyDays } = incident;
  const isReplaced = swappedAtSeconds !== undefined;
  const atBusyDays = endedAtBusyDays(incident, busyDays);
  return {
    // The device is unknown, so it is no device's second fault.
    unit: scope === 'node' ? '' : `${device ?? incident.id} ${swappedAtSeconds ?? ''}`,
    isNameless: scope === 'device' && device === undefined,
    atSeconds: incident.closedAtSeconds ?? incident.lastSeenAtSeconds,
    atBusyDays,
    weight,
    unitFromBusyDays: isReplaced ? 0 : (came.get(device ?? '') ?? 0),
    ...(isReplaced && { replacedAtBusyDays: swappedAtBusyDays ?? atBusyDays }),
  };
}

/** An incident as a fault of a unit that it struck with a chance of `share`. */
export function faultOf(incident: Incident, share: number, busyDays: number): Fault {
  return {
    ageDays: Math.max(0, busyDays - endedAtBusyDays(incident, busyDays)),
    weight: share * incidentWeight(incident),
    isReplaced: incident.swappedAtSeconds !== undefined,
  };
}

/** What the host's clock showed when the incident ended; what it shows now while it goes on. */
function endedAtBusyDays(incident: Incident, busyDays: number): number {
  return isOpen(incident) ? busyDays : Math.min(busyDays, incident.endedAtBusyDays ?? busyDays);
}

/** The incidents, each that has ended with what the host's clock showed then. */
export function withBusyDaysAtEnd(
  incidents: readonly Incident[],
  before: readonly Incident[],
  busyDays: number,
): readonly Incident[] {
  const known = new Map(before.map((incident) => [incident.id, incident]));
  const isNews = (incident: Incident) =>
    !isOpen(incident) &&
    (incident.endedAtBusyDays === undefined ||
      incident.closedAtSeconds !== known.get(incident.id)?.closedAtSeconds);
  if (!incidents.some(isNews)) return incidents;
  return incidents.map((incident) =>
    isNews(incident) ? { ...incident, endedAtBusyDays: busyDays } : incident,
  );
}
