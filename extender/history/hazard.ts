import { type Incident, incidentWeight } from './incident.ts';

const SECONDS_PER_DAY = 86_400;

/**
 * A device fault's shadow has two parts: days of high risk, then a lasting difference between
 * devices (seen in the failure records of LANL, LA-UR-05-7318, and of Titan, SC20; 3 and 90 days were chosen
 * by eye on the LANL record and are to be fitted).
 */
const HALF_LIVES_DAYS = [3, 90] as const;

/**
 * Faults per device-day of a device nobody knows anything about: 6.5 per 1,000 node-days of eight
 * GPUs (Meta RSC-1, "Revisiting Reliability", HPCA 2025).
 */
const PRIOR_FAULTS_PER_DEVICE_DAY = 6.5 / 1000 / 8;

/**
 * How many device-days of experience the prior counts for. With 20, a device that has just failed
 * is expected to fail again within 7 days with 1 - exp(-7/20) = 30 %, as on Titan when the device
 * was left in its node (n = 323; "GPU Lifetimes on Titan Supercomputer", SC20).
 */
const PRIOR_DEVICE_DAYS = 20;

/** Busy device-time of a host, decayed on both scales: only work proves health, idling does not. */
export interface Exposure {
  readonly deviceDays: readonly [number, number];
  readonly atSeconds: number;
}

export const NO_EXPOSURE: Exposure = { deviceDays: [0, 0], atSeconds: 0 };

/** The exposure after `deviceSeconds` more of work that ended at `atSeconds`. */
export function withWork(exposure: Exposure, deviceSeconds: number, atSeconds: number): Exposure {
  // Ends are not told in order: whichever of the two is older decays to the younger one's time.
  const latest = Math.max(exposure.atSeconds, atSeconds);
  const deviceDays = deviceSeconds / SECONDS_PER_DAY;
  const [fast, slow] = decayed(exposure, latest);
  const [addedFast, addedSlow] = decayed(
    { deviceDays: [deviceDays, deviceDays], atSeconds },
    latest,
  );
  return { deviceDays: [fast + addedFast, slow + addedSlow], atSeconds: latest };
}

/** The devices a pod would take on a node, and what is known of the ones it may get. */
export interface DeviceChoice {
  readonly resource: string;
  /** How many the pod asks for. */
  readonly count: number;
  /** How many the node has. */
  readonly total: number;
  /** Devices that running pods are known to hold: a newcomer cannot get them. */
  readonly busy: ReadonlySet<string>;
}

/** Hazard for one pod on one node, and the incidents that raise it, worst first. */
export interface Hazard {
  readonly faultsPerDay: number;
  readonly incidents: readonly Incident[];
}

/**
 * The rate of faults that would hit a pod which takes these devices: for each device the prior
 * rate, and for each incident its decayed weight times the chance of getting that device. The
 * broken device is most often the free one, so only devices known busy are left out of the draw.
 */
export function hazardFor(
  choice: DeviceChoice,
  incidents: readonly Incident[],
  exposure: Exposure,
  nowSeconds: number,
): Hazard {
  const { resource, count, total, busy } = choice;
  const drawnFrom = Math.max(total - busy.size, count, 1);
  const near = incidents.filter(
    (incident) =>
      isOf(incident, resource) &&
      (incident.scope === 'node' || incident.device === undefined || !busy.has(incident.device)),
  );
  return weighed(
    count,
    near,
    ({ scope }) => (scope === 'node' ? 1 : count / drawnFrom),
    experienceOf(exposure, total, nowSeconds),
    nowSeconds,
  );
}

/** One device of a node; `id` is absent for one that no pod and no signal has named yet. */
export interface OneDevice {
  readonly resource: string;
  readonly id?: string;
  /** How many the node has. */
  readonly total: number;
}

/**
 * The rate of faults of one device, whoever has it: the prior rate, its own incidents, and its
 * share of those of which nobody knows whose they were.
 */
export function deviceHazard(
  { resource, id, total }: OneDevice,
  incidents: readonly Incident[],
  exposure: Exposure,
  nowSeconds: number,
): Hazard {
  const own = incidents.filter(
    (incident) =>
      isOf(incident, resource) && (incident.device === undefined || incident.device === id),
  );
  const share = ({ device, scope }: Incident) =>
    device === undefined && scope === 'device' ? 1 / Math.max(total, 1) : 1;
  return weighed(1, own, share, experienceOf(exposure, total, nowSeconds), nowSeconds);
}

/** How a hazard stands to that of a device nobody knows anything about. */
export type HazardClass = 'normal' | 'elevated' | 'high';

/**
 * Multiples of the prior rate from which a device's hazard is `elevated` and `high`. Judgements: one
 * certain fault is 62 times the prior rate, falls below 20 after two months and below 3 after a year.
 */
const ELEVATED_TIMES = 3;
const HIGH_TIMES = 20;

/** The class of one device's rate, and how many times the usual rate it is. */
export function hazardClass(faultsPerDeviceDay: number): { name: HazardClass; times: number } {
  const times = faultsPerDeviceDay / PRIOR_FAULTS_PER_DEVICE_DAY;
  if (times >= HIGH_TIMES) return { name: 'high', times };
  return { name: times >= ELEVATED_TIMES ? 'elevated' : 'normal', times };
}

/** Where nobody has told of which resource it is, it may be of any. */
function isOf(incident: Incident, resource: string): boolean {
  return incident.resource === undefined || incident.resource === resource;
}

/** The prior rate of `count` devices and, each by its share, what the incidents add to it. */
function weighed(
  count: number,
  incidents: readonly Incident[],
  shareOf: (incident: Incident) => number,
  experience: readonly number[],
  nowSeconds: number,
): Hazard {
  const priorRate = mean(
    experience.map((days) => (PRIOR_FAULTS_PER_DEVICE_DAY * PRIOR_DEVICE_DAYS) / days),
  );
  const rates = incidents
    .filter((incident) => incidentWeight(incident) > 0)
    .map((incident) => ({
      incident,
      rate: shareOf(incident) * incidentRate(incident, experience, nowSeconds),
    }))
    .sort((a, b) => b.rate - a.rate);
  return {
    faultsPerDay: rates.reduce((sum, { rate }) => sum + rate, count * priorRate),
    incidents: rates.map(({ incident }) => incident),
  };
}

/** Device-days that a device of the host has proven itself, on both scales, the prior's included. */
function experienceOf(exposure: Exposure, total: number, nowSeconds: number): readonly number[] {
  return decayed(exposure, nowSeconds).map(
    (deviceDays) => PRIOR_DEVICE_DAYS + deviceDays / Math.max(total, 1),
  );
}

function incidentRate(
  incident: Incident,
  experience: readonly number[],
  nowSeconds: number,
): number {
  const age = Math.max(0, nowSeconds - (incident.closedAtSeconds ?? nowSeconds)) / SECONDS_PER_DAY;
  return mean(
    HALF_LIVES_DAYS.map(
      (halfLife, scale) =>
        (incidentWeight(incident) * 2 ** (-age / halfLife)) / (experience[scale] as number),
    ),
  );
}

function decayed(exposure: Exposure, nowSeconds: number): readonly [number, number] {
  const days = Math.max(0, nowSeconds - exposure.atSeconds) / SECONDS_PER_DAY;
  const [fast, slow] = exposure.deviceDays;
  return [fast * 2 ** (-days / HALF_LIVES_DAYS[0]), slow * 2 ** (-days / HALF_LIVES_DAYS[1])];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
