import type { Logger } from 'pino';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { PlacementStore } from './placement-days.ts';
import { joined, type Placement, type PlacementDay, withPlacement } from './placement-sums.ts';

/** As long as a host that is gone is remembered. */
const MOST_DAYS = 90;
const HOUR_SECONDS = 3600;
/** Two restarts of the largest jobs that are known. */
const MOST_AN_HOUR = 1024;
const MOST_WORKLOADS = 10_000;

/**
 * What placements came to, day by day, of all replicas together. Whichever replica was asked counts; what it has
 * counted waits in memory until the next round, so that a crash loses some minutes of it.
 */
export class PlacementBook {
  readonly #store: PlacementStore;
  readonly #log: Logger;
  #stored: readonly PlacementDay[] = [];
  #waiting: ReadonlyMap<string, PlacementDay> = new Map();
  /** By workload, in this hour. */
  readonly #counted = new Map<string, number>();
  #hour = 0;
  #isTold = false;

  constructor(store: PlacementStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * A pod of a workload was placed. Of each workload only so many count in an hour: what a pod says of itself makes up what
   * it saves, and one that ends at once and comes again would fill the book.
   */
  add(workload: string, placement: Placement): void {
    const hour = Math.floor(placement.atSeconds / HOUR_SECONDS);
    if (hour !== this.#hour) this.#counted.clear();
    this.#hour = hour;
    const counted = this.#counted.get(workload) ?? 0;
    if (counted >= MOST_AN_HOUR) return;
    this.#counted.delete(workload);
    this.#counted.set(workload, counted + 1);
    dropOldest(this.#counted, MOST_WORKLOADS);
    this.#waiting = withPlacement(this.#waiting, placement);
  }

  /** The oldest first. */
  days(): readonly PlacementDay[] {
    return joined(this.#stored, this.#waiting.values(), MOST_DAYS);
  }

  /** Adds what waits to what is stored, and takes in what other replicas have added. */
  async round(): Promise<void> {
    const writing = this.#waiting;
    this.#waiting = new Map();
    try {
      this.#stored = await this.#store.change((days) =>
        writing.size === 0 ? days : joined(days, writing.values(), MOST_DAYS),
      );
      this.#isTold = false;
    } catch (error) {
      const again = joined(writing.values(), this.#waiting.values(), MOST_DAYS);
      this.#waiting = new Map(again.map((one) => [one.day, one]));
      if (!this.#isTold) this.#log.warn({ err: error }, 'placements cannot be kept; trying again');
      this.#isTold = true;
    }
  }
}
