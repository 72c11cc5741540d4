import { busyDaysOn } from './clock.ts';
import type { HostLife } from './history/experience.ts';
import { lifeOf } from './history/life.ts';
import { type FleetRates, fleetRates } from './history/rates.ts';
import type { HistoryStore } from './storage/store.ts';
import type { Cluster } from './watch/cluster.ts';

/** Rates move in days: what a fault says of the fleet may wait for so long. */
const EVERY_SECONDS = 60;

/** What all histories teach of the fleet, reckoned anew every minute; every replica comes to the same. */
export class RatesOfFleet {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  #current: FleetRates = fleetRates([], 0);
  #reckonedAtSeconds = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  get current(): FleetRates {
    return this.#current;
  }

  /** To be called about every second; true when the rates are new. */
  tick(nowSeconds: number): boolean {
    if (nowSeconds - this.#reckonedAtSeconds < EVERY_SECONDS) return false;
    this.#reckonedAtSeconds = nowSeconds;
    this.#current = fleetRates(this.#lives(nowSeconds), nowSeconds);
    return true;
  }

  *#lives(nowSeconds: number): Iterable<HostLife> {
    for (const history of this.#store.all()) {
      const node = this.#cluster.onHost(history.host);
      const { busyDays, atSeconds } = history.exposure;
      const now =
        node === undefined ? busyDays : busyDaysOn(node, history, this.#cluster, nowSeconds);
      yield lifeOf(history, now, now > busyDays ? nowSeconds : atSeconds);
    }
  }
}
