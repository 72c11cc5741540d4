import { Random } from '../../../extender/fleet/random.ts';
import { lanlGroups, type RecordedHost, titanGroups } from '../evaluate/records.ts';

/** How the nodes of a fleet fail. */
export interface FleetKind {
  readonly name: string;
  /** Faults per busy node-day of the average node that has not failed lately. */
  readonly faultsPerNodeDay: number;
  /** Nodes differ: their rates are drawn from a gamma distribution of this shape and mean 1. */
  readonly frailtyShape: number;
  /** By how much a fault multiplies the rate for so many busy days after it. */
  readonly recency: readonly { readonly days: number; readonly times: number }[];
  /** Faults as they were recorded, in seconds from the beginning, by node; then nothing is drawn. */
  readonly recorded?: readonly (readonly number[])[];
}

export const NODES = 1000;
const DAY = 86_400;

/** A modern GPU cluster: Meta's RSC-1, 6.5 faults per 1,000 node-days (HPCA 2025), repaired in place. */
export const MODERN: FleetKind = {
  name: 'modern',
  faultsPerNodeDay: 0.005,
  frailtyShape: 0.5,
  recency: [
    { days: 1, times: 8 },
    { days: 7, times: 4 },
    { days: 30, times: 2 },
  ],
};

/** LANL's three largest systems: 3.3 failures per 1,000 node-days; 17, 6 and 3 times after one (LA-UR-05-7318). */
export const LANL_LIKE: FleetKind = {
  name: 'LANL-like',
  faultsPerNodeDay: 0.003,
  frailtyShape: 1,
  recency: [
    { days: 1, times: 10 },
    { days: 7, times: 4 },
    { days: 30, times: 2 },
  ],
};

/**
 * Titan's GPUs left in their nodes: 30, 59 and 80 % fail again within 7, 30 and 90 days (SC20); the rate of
 * first failures is raised from 0.3 to 1 per 1,000 node-days, or a month would tell nothing.
 */
export const TITAN_LIKE: FleetKind = {
  name: 'Titan-like',
  faultsPerNodeDay: 0.001,
  frailtyShape: 2,
  recency: [
    { days: 7, times: 50 },
    { days: 30, times: 25 },
    { days: 90, times: 12 },
  ],
};

/** Fleets of recorded failures, for as many days, another part of the record for each seed. */
export function replayed(
  lanl: string | undefined,
  titan: string | undefined,
  days: number,
  seed: number,
): readonly FleetKind[] {
  return [
    ...(lanl === undefined ? [] : [fleetOf('LANL replayed', lanlGroups(lanl), days, seed)]),
    ...(titan === undefined ? [] : [fleetOf('Titan replayed', titanGroups(titan), days, seed)]),
  ];
}

/**
 * 1,000 hosts of a record, each from a moment in the judged part of its own system. Half of the hosts that
 * failed then are taken first: of Titan's 18,000 too few failed within a month to see a difference.
 */
function fleetOf(
  name: string,
  groups: ReturnType<typeof lanlGroups>,
  days: number,
  seed: number,
): FleetKind {
  const random = new Random(seed, name);
  const spanSeconds = days * DAY;
  const hosts = groups.flatMap(({ hosts, judgedFromSeconds, toSeconds }) => {
    const room = toSeconds - judgedFromSeconds - spanSeconds;
    if (room < 0) return [];
    const from = judgedFromSeconds + random.fraction() * room;
    return hosts
      .filter((host) => isUp(host, from))
      .map(({ failures }) =>
        failures
          .map(({ atSeconds }) => atSeconds - from)
          .filter((atSeconds) => atSeconds >= 0 && atSeconds < spanSeconds),
      );
  });
  const failing = shuffled(
    hosts.filter(({ length }) => length > 0),
    random,
  ).slice(0, NODES / 2);
  const quiet = shuffled(
    hosts.filter(({ length }) => length === 0),
    random,
  );
  const recorded = shuffled([...failing, ...quiet.slice(0, NODES - failing.length)], random);
  return { name, faultsPerNodeDay: 0, frailtyShape: 1, recency: [], recorded };
}

function isUp({ up }: RecordedHost, atSeconds: number): boolean {
  return up.some(({ fromSeconds, toSeconds }) => fromSeconds <= atSeconds && toSeconds > atSeconds);
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  for (let last = left.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [left[last], left[other]] = [left[other] as T, left[last] as T];
  }
  return left;
}

/** A gamma variate of mean 1 (Marsaglia and Tsang, 2000). */
export function gammaOfMeanOne(shape: number, random: Random): number {
  if (shape < 1) {
    return (
      gammaOfMeanOne(shape + 1, random) * ((shape + 1) / shape) * random.fraction() ** (1 / shape)
    );
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.fraction()) < 0.5 * x * x + d - d * v + d * Math.log(v))
      return (d * v) / shape;
  }
}

/** A standard normal variate (Box and Muller). */
export function normal(random: Random): number {
  return (
    Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction())
  );
}
