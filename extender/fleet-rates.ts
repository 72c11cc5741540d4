import { busyDaysOn } from './clock.ts';
import type { HostHistory } from './history/host-history.ts';
import { lifeOf } from './history/life.ts';
import { FleetExperience, type FleetRates, fleetRates } from './history/rates.ts';
import type { HistoryStore } from './storage/store.ts';
import type { Cluster } from './watch/cluster.ts';

/** Rates move in days: what a fault says of the fleet may wait for so long. */
const EVERY_SECONDS = 60;
/** Hosts that are gone through at a time, so that no answer waits long (40 ms where each has 64 incidents). */
const HOSTS_AT_A_TIME = 250;

/** What all histories teach of the fleet, reckoned anew every minute; every replica comes to the same. */
export class RatesOfFleet {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  #current: FleetRates = fleetRates([], 0);
  #reckonedAtSeconds = Number.NEGATIVE_INFINITY;
  #underWay:
    | {
        readonly experience: FleetExperience;
        readonly rest: Iterator<HostHistory>;
        /** Once all hosts are gone through. */
        readonly steps: Iterator<undefined, FleetRates>;
      }
    | undefined;

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  get current(): FleetRates {
    return this.#current;
  }

  /** Goes on with what is under way, or begins anew when it is time. To be called about every second. */
  tick(nowSeconds: number): void {
    if (this.#underWay === undefined) {
      if (nowSeconds - this.#reckonedAtSeconds < EVERY_SECONDS) return;
      this.#reckonedAtSeconds = nowSeconds;
      const begun = new FleetExperience(nowSeconds);
      this.#underWay = {
        experience: begun,
        // A copy: histories come and go between two ticks.
        rest: [...this.#store.all()].values(),
        steps: begun.steps(),
      };
    }
    const { experience, rest, steps } = this.#underWay;
    for (let host = 0; host < HOSTS_AT_A_TIME; host += 1) {
      const { done, value: history } = rest.next();
      if (done === true) {
        this.#learn(steps);
        return;
      }
      this.#add(experience, history, nowSeconds);
    }
  }

  #learn(steps: Iterator<undefined, FleetRates>): void {
    const { done, value } = steps.next();
    if (done !== true) return;
    this.#current = value;
    this.#underWay = undefined;
  }

  /** All of it at once: before the first answer. */
  reckon(nowSeconds: number): void {
    this.#reckonedAtSeconds = nowSeconds;
    this.#underWay = undefined;
    const experience = new FleetExperience(nowSeconds);
    for (const history of this.#store.all()) this.#add(experience, history, nowSeconds);
    this.#current = experience.rates();
  }

  #add(experience: FleetExperience, history: HostHistory, nowSeconds: number): void {
    const newest = this.#store.draft(history.host);
    const { exposure } = newest;
    const node = this.#cluster.onHost(history.host);
    const busyDays =
      node === undefined ? exposure.busyDays : busyDaysOn(node, newest, this.#cluster, nowSeconds);
    const workedUntilSeconds = busyDays > exposure.busyDays ? nowSeconds : exposure.atSeconds;
    experience.add(lifeOf({ ...history, exposure }, busyDays, workedUntilSeconds));
  }
}
