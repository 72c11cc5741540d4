import type { HostLife } from '../hazard/experience.ts';
import { lifeOf } from '../hazard/host-life.ts';
import { type RackOutageRates, type RackRecord, rackOutageRates } from '../hazard/rack-outages.ts';
import { FleetExperience, type FleetRates, fleetRates } from '../hazard/rates.ts';
import { outagesOf } from '../history/away.ts';
import type { HostHistory } from '../history/host-history.ts';
import type { HistoryStore } from '../storage/store.ts';
import { busyDaysOf } from './busy-days.ts';
import type { Cluster } from './cluster.ts';

/** Rates move in days, so computing them once a minute is enough. */
const EVERY_SECONDS = 60;
/** Hosts per step, so that no question waits long (40 ms where each host has 64 incidents). */
const HOSTS_AT_A_TIME = 250;
const SECONDS_PER_DAY = 86_400;

type Reckoning = Generator<undefined, FleetRates, undefined>;

/** Rates of the fleet from all histories, computed again every minute. All replicas compute the same. */
export class RatesOfFleet {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  #current: FleetRates = fleetRates([], 0);
  #rackOutages: RackOutageRates = rackOutageRates([]);
  #reckonedAtSeconds = Number.NEGATIVE_INFINITY;
  #underWay: Reckoning | undefined;

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  get current(): FleetRates {
    return this.#current;
  }

  /** Outages of whole racks, as far as the histories tell. */
  get rackOutages(): RackOutageRates {
    return this.#rackOutages;
  }

  /** Does one step of the computation, or begins one when it is time. To be called about every second. */
  tick(nowSeconds: number): void {
    if (this.#underWay === undefined) {
      if (nowSeconds - this.#reckonedAtSeconds < EVERY_SECONDS) return;
      this.#begin(nowSeconds);
    }
    this.#goOn();
  }

  /** Computes all of it at once, before the first answer. */
  reckon(nowSeconds: number): void {
    this.#begin(nowSeconds);
    while (this.#underWay !== undefined) this.#goOn();
  }

  #begin(nowSeconds: number): void {
    this.#reckonedAtSeconds = nowSeconds;
    this.#underWay = this.#reckoning(nowSeconds);
  }

  #goOn(): void {
    const step = this.#underWay?.next();
    if (step?.done !== true) return;
    this.#current = step.value;
    this.#underWay = undefined;
  }

  *#reckoning(nowSeconds: number): Reckoning {
    const experience = new FleetExperience(nowSeconds);
    const racks = new Racks(this.#cluster, nowSeconds);
    // A copy, because histories come and go between two steps.
    const histories = [...this.#store.all()];
    for (const [index, history] of histories.entries()) {
      if (index > 0 && index % HOSTS_AT_A_TIME === 0) yield;
      experience.add(this.#lifeOf(history, nowSeconds));
      racks.add(history);
    }
    this.#rackOutages = rackOutageRates(racks.records());
    return yield* experience.steps();
  }

  #lifeOf(history: HostHistory, nowSeconds: number): HostLife {
    const newest = this.#store.draft(history.host);
    const { exposure } = newest;
    const busyDays = busyDaysOf(newest, this.#cluster, nowSeconds);
    const workedUntilSeconds = busyDays > exposure.busyDays ? nowSeconds : exposure.atSeconds;
    return lifeOf({ ...history, exposure }, busyDays, workedUntilSeconds);
  }
}

/** What the histories of its hosts tell of each rack. */
class Racks {
  readonly #cluster: Cluster;
  readonly #nowSeconds: number;
  readonly #byRack = new Map<string, { away: (readonly number[])[]; sinceSeconds: number }>();

  constructor(cluster: Cluster, nowSeconds: number) {
    this.#cluster = cluster;
    this.#nowSeconds = nowSeconds;
  }

  add({ host, awayAtSeconds, firstSeenAtSeconds = this.#nowSeconds }: HostHistory): void {
    const rack = this.#cluster.onHost(host)?.rack;
    if (rack === undefined) return;
    const known = this.#byRack.get(rack) ?? { away: [], sinceSeconds: this.#nowSeconds };
    this.#byRack.set(rack, known);
    known.sinceSeconds = Math.min(known.sinceSeconds, firstSeenAtSeconds);
    known.away.push(awayAtSeconds);
  }

  *records(): Generator<RackRecord> {
    for (const [rack, { away, sinceSeconds }] of this.#byRack) {
      const days = Math.max(0, this.#nowSeconds - sinceSeconds) / SECONDS_PER_DAY;
      yield { rack, outages: outagesOf(away, away.length), days };
    }
  }
}
