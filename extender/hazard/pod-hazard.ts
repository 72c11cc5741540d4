import { type Cohorts, eachCohort, withAge } from '../history/cohorts.ts';
import { cohortsNow, type Exposure } from '../history/exposure.ts';
import { type Incident, incidentWeight } from '../history/incident.ts';
import type { KnownDevice } from '../history/swap.ts';
import { type Unit, type UnitHazard, unitHazard } from './hazard.ts';
import { faultOf } from './host-life.ts';
import type { FleetRates } from './rates.ts';

/** What is known of the host that a device is in. */
export interface DeviceHost {
  readonly incidents: readonly Incident[];
  readonly exposure: Exposure;
  readonly devices: readonly KnownDevice[];
  /** What its clock shows now. */
  readonly busyDays: number;
  readonly nowSeconds: number;
}

/** The devices a pod would take on a node, and what is known of the ones it may get. */
export interface DeviceChoice {
  /** Whether an incident is of one of the devices that are chosen from. */
  readonly isOf: (incident: Incident) => boolean;
  /** How many the pod asks for. */
  readonly count: number;
  /** How many the node has. */
  readonly total: number;
  /** Devices that running pods are known to hold: a newcomer cannot get them. */
  readonly busy: ReadonlySet<string>;
}

/** Faults per busy day that would hit a pod with these devices, and the incidents that raise the rate, worst first. */
export interface Hazard extends UnitHazard {
  /** How many times what as many average devices of the fleet have. */
  readonly times: number;
  readonly incidents: readonly Incident[];
  /** What its host's clock shows. */
  readonly busyDays: number;
  /** The one of its cohorts that fails most often, as a multiple of the fleet; absent where none stands out. */
  readonly badCohort?: { readonly name: string; readonly ratio: number };
}

/** From this multiple on a cohort is worth a word (judgement). */
const BAD_COHORT_RATIO = 1.5;

/**
 * The hazard of a pod that takes these devices, on average over the days that it will be there: the
 * node's own, and that of each device by the chance of getting it. The broken device is most often the
 * free one, so only devices known busy are left out of the draw.
 */
export function hazardFor(
  choice: DeviceChoice,
  host: DeviceHost,
  rates: FleetRates,
  horizonDays: number,
): Hazard {
  const { isOf, count, total, busy } = choice;
  const ids = new Set(
    host.incidents.flatMap((incident) => {
      const { device, scope } = incident;
      const isFree = scope === 'device' && device !== undefined && !busy.has(device);
      return isFree && isOf(incident) && incidentWeight(incident) > 0 ? [device] : [];
    }),
  );
  const drawnFrom = Math.max(total - busy.size, count, 1);
  const ofDevice = (id: string | undefined) =>
    unitHazard(deviceUnit(isOf, id, total, host), rates.device, horizonDays);
  // More names than devices are those of slices that are no more: the worst ones stay.
  const named = [...ids]
    .map(ofDevice)
    .sort((a, b) => b.faultsPerDay - a.faultsPerDay)
    .slice(0, drawnFrom);
  const nameless = drawnFrom - named.length;
  const mean = weighted([
    ...named.map((hazard) => ({ hazard, share: count / drawnFrom })),
    ...(nameless > 0
      ? [{ hazard: ofDevice(undefined), share: (count * nameless) / drawnFrom }]
      : []),
  ]);
  const near = host.incidents.filter(
    (incident) =>
      isOf(incident) &&
      (incident.scope === 'node' || incident.device === undefined || !busy.has(incident.device)),
  );
  return told(withNode(mean, host, rates, horizonDays), count, near, host, rates);
}

/** One device of a node; `id` is absent for one that no pod and no signal has named yet. */
export interface OneDevice {
  readonly resource: string;
  readonly id?: string;
  /** How many the node has. */
  readonly total: number;
}

/** The hazard of one device and its node now. */
export function deviceHazard(device: OneDevice, host: DeviceHost, rates: FleetRates): Hazard {
  const isOf = ofResource(device.resource);
  const own = unitHazard(deviceUnit(isOf, device.id, device.total, host), rates.device, 0);
  const near = host.incidents.filter(
    (incident) =>
      isOf(incident) && (incident.device === undefined || incident.device === device.id),
  );
  return told(withNode(own, host, rates, 0), 1, near, host, rates);
}

/** How a hazard stands to the fleet's. */
export type HazardClass = 'normal' | 'elevated' | 'high';

/**
 * Multiples of the fleet's rate from which a hazard is `elevated` and `high`. Judgements: in a fleet that
 * has taught nothing yet, a device is high for a busy month after a certain fault, elevated for two more.
 */
const ELEVATED_TIMES = 3;
const HIGH_TIMES = 10;

export function hazardClass(times: number): HazardClass {
  if (times >= HIGH_TIMES) return 'high';
  return times >= ELEVATED_TIMES ? 'elevated' : 'normal';
}

function deviceUnit(
  isOf: DeviceChoice['isOf'],
  id: string | undefined,
  total: number,
  host: DeviceHost,
): Unit {
  const { incidents, devices, busyDays, nowSeconds } = host;
  const known = id === undefined ? undefined : devices.find((device) => device.id === id);
  const own = incidents.filter(
    (incident) =>
      incident.scope === 'device' &&
      isOf(incident) &&
      (incident.device === undefined || incident.device === id),
  );
  const cohorts = cohortsNow(host.exposure);
  return {
    cohorts:
      known?.firstSeenAtSeconds === undefined
        ? cohorts
        : withAge(cohorts, nowSeconds - known.firstSeenAtSeconds),
    busyDays: busyDays - (known?.fromBusyDays ?? 0),
    // The device is unknown: it may be any of them.
    faults: own.map((incident) =>
      faultOf(incident, incident.device === undefined ? 1 / Math.max(total, 1) : 1, busyDays),
    ),
  };
}

function withNode(
  devices: UnitHazard,
  host: DeviceHost,
  rates: FleetRates,
  horizonDays: number,
): UnitHazard {
  const faults = host.incidents
    .filter(({ scope }) => scope === 'node')
    .map((incident) => faultOf(incident, 1, host.busyDays));
  const unit = { cohorts: cohortsNow(host.exposure), busyDays: host.busyDays, faults };
  const node = unitHazard(unit, rates.node, horizonDays);
  return weighted([
    { hazard: devices, share: 1 },
    { hazard: node, share: 1 },
  ]);
}

function told(
  hazard: UnitHazard,
  count: number,
  near: readonly Incident[],
  host: DeviceHost,
  rates: FleetRates,
): Hazard {
  const usual = count * rates.device.fleetRate + rates.node.fleetRate;
  // For the order alone: the surer and the later one first, and what was replaced last.
  const telling = (incident: Incident) => {
    const { weight, ageDays, isReplaced } = faultOf(incident, 1, host.busyDays);
    return (isReplaced ? -1 : 0) + weight / (1 + ageDays);
  };
  return {
    ...hazard,
    times: hazard.faultsPerDay / usual,
    busyDays: host.busyDays,
    ...badCohortOf(cohortsNow(host.exposure), rates),
    incidents: near
      .filter((incident) => incidentWeight(incident) > 0)
      .toSorted((a, b) => telling(b) - telling(a)),
  };
}

function badCohortOf(cohorts: Cohorts, { device }: FleetRates): Pick<Hazard, 'badCohort'> {
  let worst: Hazard['badCohort'];
  for (const name of eachCohort(cohorts)) {
    const ratio = device.ratios.get(name) ?? 1;
    if (ratio >= BAD_COHORT_RATIO && ratio > (worst?.ratio ?? 0)) worst = { name, ratio };
  }
  return worst === undefined ? {} : { badCohort: worst };
}

/** Matches devices of a resource, and devices of which no resource is known. */
export function ofResource(resource: string): DeviceChoice['isOf'] {
  return (incident) => incident.resource === undefined || incident.resource === resource;
}

function weighted(
  parts: readonly { readonly hazard: UnitHazard; readonly share: number }[],
): UnitHazard {
  const sum = (of: (hazard: UnitHazard) => number) =>
    parts.reduce((total, { hazard, share }) => total + share * of(hazard), 0);
  return {
    faultsPerDay: sum(({ faultsPerDay }) => faultsPerDay),
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
    likeRate: sum(({ likeRate }) => likeRate),
  };
}
