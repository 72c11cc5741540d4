/** A time in which nobody saw what came and went. */
export interface Gap {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly why: string;
}

const MOST_GAPS = 50;
/** Shorter ones are the time between two tries. */
const LEAST_SECONDS = 1;

/** When the history was not watched: what stood afterwards is in it, what had passed by then is not. */
export class WatchGaps {
  #gaps: readonly Gap[] = [];
  readonly #onGap: (gap: Gap) => void;

  constructor(onGap: (gap: Gap) => void) {
    this.#onGap = onGap;
  }

  add(fromSeconds: number, toSeconds: number, why: string): void {
    if (toSeconds - fromSeconds < LEAST_SECONDS) return;
    const gap = { fromSeconds, toSeconds, why };
    this.#gaps = [...this.#gaps, gap].slice(-MOST_GAPS);
    this.#onGap(gap);
  }

  /** The latest ones, newest first. */
  list(): readonly Gap[] {
    return this.#gaps.toReversed();
  }
}
