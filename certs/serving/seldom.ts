const MINUTE_MS = 60_000;

/** Lets what repeats be said once a minute: what a tenant can cause must not fill the log. */
export class Seldom {
  readonly #nowMs: () => number;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  /** `nowMs`: milliseconds that only ever grow; default: those of this process. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** True when it has not been said for a minute; it counts as said then. */
  isDue(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#saidAtMs < MINUTE_MS) return false;
    this.#saidAtMs = nowMs;
    return true;
  }
}
