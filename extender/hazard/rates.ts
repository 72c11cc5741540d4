import { type Cohorts, eachCohort } from '../history/cohorts.ts';
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
export class FleetExperience {
  readonly #constants: HazardConstants;
  readonly #devices: Experience;
  readonly #nodes: Experience;

  constructor(nowSeconds: number, constants: HazardConstants = FITTED) {
    this.#constants = constants;
    this.#devices = new Experience(nowSeconds, constants);
    this.#nodes = new Experience(nowSeconds, constants);
  }

  add(life: HostLife): void {
    this.#devices.add(life, life.devices, ({ unit }) => unit !== '');
    this.#nodes.add(life, 1, ({ unit }) => unit === '');
  }

  rates(): FleetRates {
    const steps = this.steps();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** The same in steps of some milliseconds, so that questions need not wait for all of it. */
  *steps(): Generator<undefined, FleetRates> {
    const { priorDeviceFaultsPerDay, priorNodeFaultsPerDay } = this.#constants;
    const device = new Lesson(this.#devices, priorDeviceFaultsPerDay, this.#constants);
    const node = new Lesson(this.#nodes, priorNodeFaultsPerDay, this.#constants);
    return { device: yield* device.steps(), node: yield* node.steps() };
  }
}

/** The same of all of them at once. */
export function fleetRates(
  lives: Iterable<HostLife>,
  nowSeconds: number,
  constants = FITTED,
): FleetRates {
  const experience = new FleetExperience(nowSeconds, constants);
  for (const life of lives) experience.add(life);
  return experience.rates();
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
  readonly #namesakes: ReadonlyMap<string, number>;
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
    this.#namesakes = namesakesIn(this.#likes);
  }

  *steps(): Generator<undefined, UnitRates> {
    const kinds = kindsThatDiffer(this.#likes);
    for (let round = 0; round < ROUNDS; round += 1) {
      this.#fleetRate = this.#rateBy('days', 'weight');
      for (const kind of kinds) {
        this.#learn(kind);
        yield;
      }
      this.#recencyRatios = this.#recency();
      yield;
    }
    return unitRates(this.#rateBy('fleetDays', 'fleetWeight'), this.#ratios, this.#recencyRatios);
  }

  #rateBy(days: 'days' | 'fleetDays', weight: 'weight' | 'fleetWeight'): number {
    const { fleetPriorFaults } = this.#constants;
    const seen = sumOf(this.#faults, (one) => one[weight] * this.#surprise(one));
    const expected = sumOf(this.#likes, (one) => one[days] * one.ratio);
    return (fleetPriorFaults + seen) / (fleetPriorFaults / this.#priorRate + expected);
  }

  #learn(kind: string): void {
    for (const one of this.#likes) one.surprises = 0;
    for (const one of this.#faults) one.likes.surprises += one.weight * this.#surprise(one);
    const tally = new Tally(this.#constants.cohortPriorFaults, this.#namesakes);
    for (const { cohorts, ratio, days, surprises } of this.#likes) {
      const cohort = cohorts.get(kind);
      if (cohort === undefined) continue;
      const others = ratio / (this.#ratios.get(cohort) ?? 1);
      tally.add(cohort, surprises, this.#fleetRate * others * days);
    }
    for (const [cohort, ratio] of tally.ratios()) this.#ratios.set(cohort, ratio);
    for (const one of this.#likes) one.ratio = product(one.cohorts.values(), this.#ratios);
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
      expected[step] = (expected[step] ?? 0) + this.#fleetRate * likes.ratio * days;
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
    const expected = this.#fleetRate * likes.ratio * daysBefore;
    return (ownPriorFaults + faultsBefore) / (ownPriorFaults + expected);
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

/** Kinds of cohort with more than one value; what all devices share is the fleet's rate. */
function kindsThatDiffer(likes: readonly Likes[]): readonly string[] {
  const values = new Map<string, Set<string | undefined>>();
  for (const kind of new Set(likes.flatMap(({ cohorts }) => [...cohorts.keys()]))) {
    values.set(kind, new Set(likes.map(({ cohorts }) => cohorts.get(kind))));
  }
  return [...values].filter(([, cohorts]) => cohorts.size > 1).map(([kind]) => kind);
}

/** Of two cohorts of one device, neither of which has twice the days of the other, most devices are in both. */
const ALIKE = 2;

/** By cohort: how many cohorts, itself and the fleet included, hold about the same devices. */
function namesakesIn(likes: readonly Likes[]): ReadonlyMap<string, number> {
  const days = new Map<string, number>();
  for (const one of likes) {
    for (const cohort of one.cohorts.values()) {
      days.set(cohort, (days.get(cohort) ?? 0) + one.days);
    }
  }
  const fleetDays = sumOf(likes, (one) => one.days);
  const namesakes = new Map<string, number>();
  for (const { cohorts } of likes) {
    const ofOne = [fleetDays, ...[...cohorts.values()].map((cohort) => days.get(cohort) ?? 0)];
    for (const cohort of cohorts.values()) {
      const own = days.get(cohort) ?? 0;
      const alike = ofOne.filter((other) => other < ALIKE * own && ALIKE * other > own);
      namesakes.set(cohort, Math.max(namesakes.get(cohort) ?? 1, alike.length));
    }
  }
  return namesakes;
}

/** What cohorts of one kind had, and what they could expect. */
class Tally {
  readonly #priorFaults: number;
  readonly #namesakes: ReadonlyMap<string, number>;
  readonly #cohorts = new Map<string, { readonly seen: number; readonly expected: number }>();

  constructor(priorFaults: number, namesakes: ReadonlyMap<string, number>) {
    this.#priorFaults = priorFaults;
    this.#namesakes = namesakes;
  }

  add(cohort: string, seen: number, expected: number): void {
    const sum = this.#cohorts.get(cohort) ?? { seen: 0, expected: 0 };
    this.#cohorts.set(cohort, { seen: sum.seen + seen, expected: sum.expected + expected });
  }

  /**
   * While little could be expected, cohorts of the same devices share what these show: the first fault of
   * a new batch is one, not one of its model, one of its driver and one of its rack.
   */
  #ratioOf(cohort: string, seen: number, expected: number): number {
    const prior = this.#priorFaults;
    const share = 1 / (this.#namesakes.get(cohort) ?? 1);
    return (
      ((prior + seen) / (prior + expected)) ** ((expected + prior * share) / (expected + prior))
    );
  }

  ratios(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#cohorts].map(([cohort, { seen, expected }]) => [
        cohort,
        this.#ratioOf(cohort, seen, expected),
      ]),
    );
  }
}

function product(cohorts: Iterable<string>, ratios: ReadonlyMap<string, number>): number {
  let all = 1;
  for (const cohort of cohorts) all *= ratios.get(cohort) ?? 1;
  return all;
}

function sumOf<One>(all: readonly One[], of: (one: One) => number): number {
  let sum = 0;
  for (const one of all) sum += of(one);
  return sum;
}
