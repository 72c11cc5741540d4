import { type Cohorts, eachCohort } from './cohorts.ts';
import { type Aftermath, Experience, type HostLife, type Likes, type Told } from './experience.ts';
import { FITTED, type HazardConstants } from './fitted.ts';

/** What the fleet has taught about units of one kind. */
export interface UnitRates {
  /** Faults per busy day of the average unit that has had none of late. */
  readonly fleetRate: number;
  /** By cohort: how many times as often its units fail as the average, all else being equal. */
  readonly ratios: ReadonlyMap<string, number>;
  /** By step of the recency: how many times as often a unit fails that long after a fault. */
  readonly recencyRatios: readonly number[];
  /** Faults per busy day of a unit of these cohorts that has had none of late. */
  likeRate(cohorts: Cohorts): number;
}

export interface FleetRates {
  readonly device: UnitRates;
  readonly node: UnitRates;
}

/**
 * What all hosts together teach; their order does not matter. What they lived through fades by the
 * calendar: a host whose clock has stopped, for it is broken, would be young for ever.
 */
export function fleetRates(
  lives: Iterable<HostLife>,
  nowSeconds: number,
  constants = FITTED,
): FleetRates {
  const devices = new Experience(nowSeconds, constants);
  const nodes = new Experience(nowSeconds, constants);
  for (const life of lives) {
    devices.add(life, life.devices, ({ unit }) => unit !== '');
    nodes.add(life, 1, ({ unit }) => unit === '');
  }
  return {
    device: new Lesson(devices, constants.priorDeviceFaultsPerDay, constants).learned(),
    node: new Lesson(nodes, constants.priorNodeFaultsPerDay, constants).learned(),
  };
}

/** Ratios depend on one another: after so many rounds they change by less than 1 % (both records). */
const ROUNDS = 3;

/**
 * Each rate and ratio is what was seen over what was expected, all else being equal, both with their
 * prior. A fault counts for as much as it was a surprise: one that the unit's own record made likely
 * counts less, so that a lemon blackens neither its rack nor its fleet.
 */
class Lesson {
  readonly #likes: readonly Likes[];
  readonly #faults: readonly Told[];
  readonly #aftermaths: readonly Aftermath[];
  readonly #priorRate: number;
  readonly #constants: HazardConstants;
  readonly #ratios = new Map<string, number>();
  #recencyRatios: readonly number[];
  #fleetRate: number;

  constructor(experience: Experience, priorRate: number, constants: HazardConstants) {
    this.#likes = experience.likes;
    this.#faults = experience.faults;
    this.#aftermaths = experience.aftermaths;
    this.#priorRate = priorRate;
    this.#constants = constants;
    this.#recencyRatios = [...constants.recencyPriorRatios, 1];
    this.#fleetRate = priorRate;
  }

  learned(): UnitRates {
    const kinds = new Set(this.#likes.flatMap(({ cohorts }) => cohorts.map(kindOf)));
    for (let round = 0; round < ROUNDS; round += 1) {
      this.#fleetRate = this.#rateBy('days', 'weight');
      for (const kind of kinds) {
        for (const [cohort, ratio] of this.#ratiosOf(kind)) this.#ratios.set(cohort, ratio);
      }
      this.#recencyRatios = this.#recency();
    }
    return unitRates(this.#rateBy('fleetDays', 'fleetWeight'), this.#ratios, this.#recencyRatios);
  }

  #rateBy(days: 'days' | 'fleetDays', weight: 'weight' | 'fleetWeight'): number {
    const { fleetPriorFaults } = this.#constants;
    const seen = sumOf(this.#faults, (one) => one[weight] * this.#surprise(one));
    const expected = sumOf(this.#likes, (one) => one[days] * this.#ratioOf(one));
    return (fleetPriorFaults + seen) / (fleetPriorFaults / this.#priorRate + expected);
  }

  #ratiosOf(kind: string): ReadonlyMap<string, number> {
    const tally = new Tally(this.#constants.cohortPriorFaults);
    const cohortOf = ({ cohorts }: Likes) => cohorts.find((name) => kindOf(name) === kind);
    for (const one of this.#likes) {
      const cohort = cohortOf(one);
      if (cohort === undefined) continue;
      const others = this.#ratioOf(one) / (this.#ratios.get(cohort) ?? 1);
      tally.expect(cohort, this.#fleetRate * others * one.days, one.days);
    }
    for (const one of this.#faults) {
      const cohort = cohortOf(one.likes);
      if (cohort !== undefined) tally.saw(cohort, one.weight * this.#surprise(one));
    }
    return tally.ratios();
  }

  /** How many times as often a unit fails in each step after a fault; the longer ago, the less. */
  #recency(): readonly number[] {
    const { recencyPriorRatios, recencyPriorFaults, mostRecencyRatio } = this.#constants;
    const seen = recencyPriorRatios.map(() => recencyPriorFaults);
    const expected = recencyPriorRatios.map((prior) => recencyPriorFaults / prior);
    for (const one of this.#faults) {
      const known = seen[one.step];
      if (known !== undefined) seen[one.step] = known + one.weight / this.#ownRatio(one);
    }
    for (const { likes, step, days } of this.#aftermaths) {
      expected[step] = (expected[step] ?? 0) + this.#fleetRate * this.#ratioOf(likes) * days;
    }
    const ratios: number[] = [1];
    for (const [step, faults] of [...seen.entries()].reverse()) {
      const ratio = Math.min(mostRecencyRatio, faults / (expected[step] ?? 1));
      // What a few faults say otherwise is chance.
      ratios.unshift(Math.max(ratio, ratios[0] ?? 1));
    }
    return ratios;
  }

  #surprise(fault: Told): number {
    return 1 / this.#ownRatio(fault) / (this.#recencyRatios[fault.step] ?? 1);
  }

  /** How many times as often as its like the unit had failed until then. */
  #ownRatio({ likes, faultsBefore, daysBefore }: Told): number {
    const { ownPriorFaults } = this.#constants;
    const expected = this.#fleetRate * this.#ratioOf(likes) * daysBefore;
    return (ownPriorFaults + faultsBefore) / (ownPriorFaults + expected);
  }

  #ratioOf({ cohorts }: Likes): number {
    return product(cohorts, this.#ratios);
  }
}

function unitRates(
  fleetRate: number,
  ratios: ReadonlyMap<string, number>,
  recencyRatios: readonly number[],
): UnitRates {
  const known = new Map<Cohorts, number>();
  return {
    fleetRate,
    ratios,
    recencyRatios,
    likeRate(cohorts) {
      let rate = known.get(cohorts);
      if (rate === undefined) {
        rate = fleetRate * product(eachCohort(cohorts), ratios);
        known.set(cohorts, rate);
      }
      return rate;
    },
  };
}

/** What cohorts of one kind had, and what they could expect. */
class Tally {
  readonly #priorFaults: number;
  readonly #cohorts = new Map<string, { seen: number; expected: number; days: number }>();

  constructor(priorFaults: number) {
    this.#priorFaults = priorFaults;
  }

  expect(cohort: string, faults: number, days: number): void {
    const one = this.#of(cohort);
    one.expected += faults;
    one.days += days;
  }

  saw(cohort: string, faults: number): void {
    this.#of(cohort).seen += faults;
  }

  /** In proportion: the average of all unit-days is 1, for what all share is the fleet's rate. */
  ratios(): ReadonlyMap<string, number> {
    const found = [...this.#cohorts].map(([cohort, { seen, expected, days }]) => ({
      cohort,
      days,
      ratio: (this.#priorFaults + seen) / (this.#priorFaults + expected),
    }));
    const mean = sumOf(found, ({ ratio, days }) => ratio * days) / sumOf(found, ({ days }) => days);
    return new Map(found.map(({ cohort, ratio }) => [cohort, ratio / mean]));
  }

  #of(cohort: string): { seen: number; expected: number; days: number } {
    const known = this.#cohorts.get(cohort);
    if (known !== undefined) return known;
    const fresh = { seen: 0, expected: 0, days: 0 };
    this.#cohorts.set(cohort, fresh);
    return fresh;
  }
}

function product(cohorts: readonly string[], ratios: ReadonlyMap<string, number>): number {
  let all = 1;
  for (const cohort of cohorts) all *= ratios.get(cohort) ?? 1;
  return all;
}

function sumOf<One>(all: readonly One[], of: (one: One) => number): number {
  let sum = 0;
  for (const one of all) sum += of(one);
  return sum;
}

function kindOf(cohort: string): string {
  return cohort.slice(0, cohort.indexOf('='));
}
