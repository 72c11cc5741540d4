import { type Cohorts, eachCohort, kindOf } from '../history/cohorts.ts';
import { cohortsAt, type Era } from '../history/exposure.ts';
import { decayedDays, halved, recencyStep } from './decay.ts';
import type { HazardConstants } from './fitted.ts';

/** The faults and eras of one host, in its busy days. */
export interface HostLife {
  readonly busyDays: number;
  readonly workedUntilSeconds: number;
  readonly eras: readonly Era[];
  /** How many devices it has. */
  readonly devices: number;
  readonly faults: readonly LifeFault[];
}

export interface LifeFault {
  /** The device; empty for one that struck the node. */
  readonly unit: string;
  /** The device is unknown, so what came after it says nothing about any device. */
  readonly isNameless: boolean;
  readonly atBusyDays: number;
  readonly atSeconds: number;
  /** The chance that it was a hardware fault, whatever was repaired since. */
  readonly weight: number;
  /** Which busy day the unit came on, and which day it was replaced, if it was. */
  readonly unitFromBusyDays: number;
  readonly replacedAtBusyDays?: number;
}

/** Units of the same cohorts, taken together. */
export interface Likes {
  /** By kind. */
  readonly cohorts: ReadonlyMap<string, string>;
  /** Unit-days that count: by the half-life, and by the fleet's. */
  days: number;
  fleetDays: number;
  /** How many times as often as the fleet such units fail, as far as is known. */
  ratio: number;
  /** Their faults, each for as much as it was a surprise. */
  surprises: number;
}

/** A fault, with what its unit had been through before it. */
export interface Told {
  readonly likes: Likes;
  readonly weight: number;
  readonly fleetWeight: number;
  readonly faultsBefore: number;
  readonly daysBefore: number;
  readonly step: number;
}

/** Unit-days within a step after a fault. */
export interface Aftermath {
  readonly likes: Likes;
  readonly step: number;
  readonly days: number;
}

const SECONDS_PER_DAY = 86_400;
/** A host that has not worked yet is there all the same. */
const LEAST_DAYS = 1e-3;

/** Everything that units of one kind have been through. */
export class Experience {
  readonly #nowSeconds: number;
  readonly #constants: HazardConstants;
  readonly #likes = new Map<Cohorts, Likes>();
  readonly faults: Told[] = [];
  readonly aftermaths: Aftermath[] = [];

  constructor(nowSeconds: number, constants: HazardConstants) {
    this.#nowSeconds = nowSeconds;
    this.#constants = constants;
  }

  get likes(): readonly Likes[] {
    return [...this.#likes.values()];
  }

  add(life: HostLife, units: number, isOfKind: (fault: LifeFault) => boolean): void {
    const { busyDays, eras, workedUntilSeconds } = life;
    const { halfLifeDays, fleetHalfLifeDays } = this.#constants;
    for (const [index, era] of eras.entries()) {
      const next = eras[index + 1];
      const days = Math.max(0, (next?.fromBusyDays ?? busyDays) - era.fromBusyDays);
      const until = Math.min(workedUntilSeconds, next?.fromSeconds ?? workedUntilSeconds);
      const likes = this.#likesOf(era.cohorts);
      const left = (halfLife: number) => this.#meanLeft(era.fromSeconds, until, halfLife);
      likes.days += units * (LEAST_DAYS + days * left(halfLifeDays));
      likes.fleetDays += units * days * left(fleetHalfLifeDays);
    }
    if (life.faults.length === 0) return;
    const byUnit = Map.groupBy(life.faults.filter(isOfKind), ({ unit }) => unit);
    for (const faults of byUnit.values()) {
      this.#addFaults(
        faults.toSorted((a, b) => a.atBusyDays - b.atBusyDays),
        life,
      );
    }
  }

  #addFaults(faults: readonly LifeFault[], { eras, busyDays }: HostLife): void {
    const { halfLifeDays, fleetHalfLifeDays, recencyDays } = this.#constants;
    let faultsBefore = 0;
    for (const [index, fault] of faults.entries()) {
      const {
        atBusyDays,
        atSeconds,
        weight,
        unitFromBusyDays,
        replacedAtBusyDays = busyDays,
      } = fault;
      const likes = this.#likesOf(cohortsAt({ eras }, atBusyDays));
      const last = faults[index - 1];
      let step = recencyDays.length;
      if (last !== undefined) {
        const days = atBusyDays - last.atBusyDays;
        faultsBefore = (faultsBefore + last.weight) * halved(days, halfLifeDays);
        step = recencyStep(days, recencyDays);
      }
      this.faults.push({
        likes,
        weight: weight * this.#left(atSeconds, halfLifeDays),
        fleetWeight: weight * this.#left(atSeconds, fleetHalfLifeDays),
        faultsBefore,
        daysBefore: decayedDays(atBusyDays - unitFromBusyDays, halfLifeDays),
        step,
      });
      if (fault.isNameless) continue;
      const until = Math.min(replacedAtBusyDays, faults[index + 1]?.atBusyDays ?? busyDays);
      let from = atBusyDays;
      for (const [step, days] of recencyDays.entries()) {
        const to = Math.min(atBusyDays + days, until);
        if (to <= from) continue;
        const counting = (to - from) * this.#left(atSeconds, halfLifeDays);
        this.aftermaths.push({ likes, step, days: counting });
        from = to;
      }
    }
  }

  /** What is left of one after the time since then. */
  #left(atSeconds: number, halfLifeDays: number): number {
    return halved((this.#nowSeconds - atSeconds) / SECONDS_PER_DAY, halfLifeDays);
  }

  /** The same on average over a stretch of time, as if work had been even. */
  #meanLeft(fromSeconds: number, untilSeconds: number, halfLifeDays: number): number {
    const days = (untilSeconds - fromSeconds) / SECONDS_PER_DAY;
    if (days <= LEAST_DAYS) return this.#left(untilSeconds, halfLifeDays);
    return (this.#left(untilSeconds, halfLifeDays) * decayedDays(days, halfLifeDays)) / days;
  }

  #likesOf(cohorts: Cohorts): Likes {
    const known = this.#likes.get(cohorts);
    if (known !== undefined) return known;
    const byKind = new Map(eachCohort(cohorts).map((cohort) => [kindOf(cohort), cohort]));
    const likes = { cohorts: byKind, days: 0, fleetDays: 0, ratio: 1, surprises: 0 };
    this.#likes.set(cohorts, likes);
    return likes;
  }
}
