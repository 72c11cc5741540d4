import TinyQueue from 'tinyqueue';

type Action = () => void | Promise<void>;

interface Entry {
  readonly atSeconds: number;
  readonly order: number;
  readonly action: Action;
}

/**
 * The fleet's time: what is to happen, in order. Nothing in the fleet reads another clock, so a
 * day passes as fast as it can be computed, or in step with a wall clock at any speed.
 */
export class Timeline {
  #nowSeconds: number;
  #order = 0;
  readonly #queue = new TinyQueue<Entry>(
    [],
    (a, b) => a.atSeconds - b.atSeconds || a.order - b.order,
  );

  /** `startSeconds`: seconds since 1970 at which the fleet begins. */
  constructor(startSeconds: number) {
    this.#nowSeconds = startSeconds;
  }

  get nowSeconds(): number {
    return this.#nowSeconds;
  }

  /** Plans an action; of two for the same moment the one planned first happens first. */
  after(seconds: number, action: Action): void {
    const atSeconds = this.#nowSeconds + Math.max(0, seconds);
    this.#queue.push({ atSeconds, order: this.#order, action });
    this.#order += 1;
  }

  /** Lets everything happen up to that moment; each action ends before the next begins. */
  async runUntil(untilSeconds: number): Promise<void> {
    for (;;) {
      const next = this.#queue.peek();
      if (next === undefined || next.atSeconds > untilSeconds) break;
      this.#queue.pop();
      this.#nowSeconds = next.atSeconds;
      // Only what waits is waited for: a turn of the event loop for each action would cost more
      // than the actions.
      const waits = next.action();
      if (waits !== undefined) await waits;
    }
    this.#nowSeconds = Math.max(this.#nowSeconds, untilSeconds);
  }
}
