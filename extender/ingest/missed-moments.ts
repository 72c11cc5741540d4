/** A moment that was seen while another replica kept the history. */
interface Missed {
  readonly atSeconds: number;
  readonly bytes: number;
  readonly judge: () => void;
}

/** Longer than it takes to notice that the replica that kept the history is gone. */
export const MISSED_SECONDS = 60;
/** What the facts of these moments may take as JSON; a moment of a usual pod takes one or two thousand bytes. */
const MOST_BYTES = 8 * 2 ** 20;

/** Moments of the last minute, for the case that this replica has to take over. Beyond the bound the oldest go. */
export class MissedMoments {
  #moments: Missed[] = [];
  #bytes = 0;

  /** `facts`: everything that `judge` refers to. */
  add(atSeconds: number, facts: object, judge: () => void): void {
    const bytes = JSON.stringify(facts).length;
    this.#moments.push({ atSeconds, bytes, judge });
    this.#bytes += bytes;
    const oldestSeconds = this.#moments[0]?.atSeconds ?? atSeconds;
    if (this.#bytes > MOST_BYTES || atSeconds - oldestSeconds > 2 * MISSED_SECONDS) {
      this.#drop(atSeconds);
    }
  }

  /** Judges those of the last minute, in their order, and forgets all. */
  judge(nowSeconds: number): void {
    const moments = this.#moments;
    this.#moments = [];
    this.#bytes = 0;
    for (const { atSeconds, judge } of moments) {
      if (nowSeconds - atSeconds <= MISSED_SECONDS) judge();
    }
  }

  /** Drops old moments, and a quarter of the bound at once when there are too many: each drop copies the list. */
  #drop(nowSeconds: number): void {
    const isTooMuch = this.#bytes > MOST_BYTES;
    const kept: Missed[] = [];
    let bytes = 0;
    for (const moment of this.#moments.toReversed()) {
      if (nowSeconds - moment.atSeconds > MISSED_SECONDS) break;
      if (isTooMuch && bytes + moment.bytes > (MOST_BYTES * 3) / 4) break;
      bytes += moment.bytes;
      kept.push(moment);
    }
    this.#moments = kept.reverse();
    this.#bytes = bytes;
  }
}
