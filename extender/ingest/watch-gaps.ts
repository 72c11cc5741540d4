/** A time in which no replica watched. */
export interface Gap {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly why: string;
}

const MOST_GAPS = 50;
/** Shorter gaps are the pause between two tries. */
const LEAST_SECONDS = 1;

/** Times in which nothing was watched. What stood afterwards is in the history; what had passed by then is not. */
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
