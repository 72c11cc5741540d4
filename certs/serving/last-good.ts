import { setTimeout as sleep } from 'node:timers/promises';
import { WrongCall } from './lifecycle.ts';
import { messageOf } from './message.ts';
import type { Parsed } from './strict-yaml.ts';

export interface LastGoodOptions<Raw, Value> {
  /** Reads the source anew; may throw, which counts as a problem. */
  readonly read: () => Promise<Raw>;
  /** Text that differs when, and only when, the source differs. */
  readonly fingerprint: (raw: Raw) => string;
  readonly parse: (raw: Raw) => Parsed<Value>;
  /** Called with each new value but the first, just before it comes into force; may throw, which counts as a
   * problem. */
  readonly onSwap?: (value: Value) => void;
  /** Called once for each new broken state, with its sentences. */
  readonly onProblem?: (problems: readonly string[]) => void;
  /** Default 2 s: a changed ConfigMap or Secret reaches the files in 30 to 100 s, so reading them
   * often costs little and adds nothing; polling also sees what file events miss on such mounts. */
  readonly intervalMs?: number;
}

/**
 * Holds the last good reading of something that changes while the program runs: configuration
 * files, a serving pair. A broken new reading is reported once and otherwise ignored.
 */
export class LastGood<Raw, Value> {
  readonly #options: LastGoodOptions<Raw, Value>;
  readonly #stop = new AbortController();
  #value: Value;
  #fingerprint: string;
  #brokenFingerprint = '';
  #problems: readonly string[] = [];
  #loadedAt = new Date();
  readonly #listeners: (() => void)[] = [];

  private constructor(options: LastGoodOptions<Raw, Value>, raw: Raw, value: Value) {
    this.#options = options;
    this.#value = value;
    this.#fingerprint = options.fingerprint(raw);
  }

  /** Reads for the first time; the problems, if there is nothing good to start from. */
  static async load<Raw, Value>(
    options: LastGoodOptions<Raw, Value>,
  ): Promise<Parsed<LastGood<Raw, Value>>> {
    try {
      const raw = await options.read();
      const parsed = options.parse(raw);
      return parsed.ok ? { ok: true, value: new LastGood(options, raw, parsed.value) } : parsed;
    } catch (error) {
      return { ok: false, problems: [messageOf(error)] };
    }
  }

  /** As `load`, for a program's start: throws WrongCall with every problem, a line each. */
  static async loadForStart<Raw, Value>(
    options: LastGoodOptions<Raw, Value>,
  ): Promise<LastGood<Raw, Value>> {
    const loaded = await LastGood.load(options);
    if (loaded.ok) return loaded.value;
    throw new WrongCall(loaded.problems.join('\n'));
  }

  get value(): Value {
    return this.#value;
  }

  /** Identifies what is in force: the fingerprint of the last good reading. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** When what is in force was read. */
  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** What is wrong with the newest reading; empty while it is the one in force. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Calls whenever a new value has come into force. */
  subscribe(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads once more; true when a new good value came into force. */
  async reload(): Promise<boolean> {
    try {
      const raw = await this.#options.read();
      const fingerprint = this.#options.fingerprint(raw);
      if (fingerprint === this.#fingerprint) {
        this.#brokenFingerprint = '';
        this.#problems = [];
        return false;
      }
      const parsed = this.#options.parse(raw);
      if (!parsed.ok) {
        this.#report(fingerprint, parsed.problems);
        return false;
      }
      this.#options.onSwap?.(parsed.value);
      this.#value = parsed.value;
      this.#loadedAt = new Date();
      this.#fingerprint = fingerprint;
      this.#brokenFingerprint = '';
      this.#problems = [];
      for (const listener of this.#listeners) listener();
      return true;
    } catch (error) {
      const sentence = messageOf(error);
      this.#report(sentence, [sentence]);
      return false;
    }
  }

  /** Reloads at the interval until `stop`; resolves when stopped. */
  async follow(): Promise<void> {
    const { intervalMs = 2000 } = this.#options;
    while (!this.#stop.signal.aborted) {
      await sleep(intervalMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (!this.#stop.signal.aborted) await this.reload();
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #report(fingerprint: string, problems: readonly string[]): void {
    this.#problems = problems;
    if (fingerprint === this.#brokenFingerprint) return;
    this.#brokenFingerprint = fingerprint;
    this.#options.onProblem?.(problems);
  }
}
