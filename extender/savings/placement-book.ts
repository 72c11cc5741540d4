import type { Logger } from 'pino';
import type { PlacementStore } from './placement-days.ts';
import { joined, type Placement, type PlacementDay, withPlacement } from './placement-sums.ts';

/** As long as a host that is gone is remembered. */
const MOST_DAYS = 90;

/**
 * What placements came to, day by day, of all replicas together. Whichever replica was asked counts; what it has
 * counted waits in memory until the next round, so that a crash loses some minutes of it.
 */
export class PlacementBook {
  readonly #store: PlacementStore;
  readonly #log: Logger;
  #stored: readonly PlacementDay[] = [];
  #waiting: ReadonlyMap<string, PlacementDay> = new Map();
  #isTold = false;

  constructor(store: PlacementStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** A pod was placed. */
  add(placement: Placement): void {
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
