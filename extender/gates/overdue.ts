import type { Logger } from 'pino';
import { briefly } from '../../certs/cluster/api-error.ts';
import { LONGEST_WAIT_SECONDS } from '../../webhook/words/profile.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type GatedPods, type Waiting, waitedSeconds } from './gated-pods.ts';
import { liftIfGated, type PodWriter } from './pod-writer.ts';

export interface OverdueDeps {
  readonly gated: GatedPods;
  readonly writer: Pick<PodWriter, 'lift' | 'get'>;
  readonly pod: (uid: string) => PodFacts | undefined;
  /** When the API server says that it is, in seconds since 1970. */
  readonly serverSeconds: () => Promise<number>;
  readonly nowSeconds: () => number;
  readonly onLifted: (pod: Waiting, waited: number) => void;
  readonly log: Logger;
}

/** What whoever leads may be late by. */
const LATE_SECONDS = 30;
/** Lifted in a round: what is left comes in the next. */
const MOST_AT_ONCE = 64;

/**
 * Lifts every gate of ours that is older than its pod may wait, whoever leads and whatever profile, mode or policy say:
 * no pod is left behind one. Every replica does.
 */
export class Overdue {
  readonly #deps: OverdueDeps;
  #isBusy = false;

  constructor(deps: OverdueDeps) {
    this.#deps = deps;
  }

  /** To be called every few seconds. */
  async round(): Promise<void> {
    const { gated, nowSeconds } = this.#deps;
    if (this.#isBusy || gated.size === 0) return;
    this.#isBusy = true;
    try {
      const now = nowSeconds();
      const clock = (await this.#deps.serverSeconds()) - now;
      const overdue = gated.all().filter((waiting) => this.#isOverdue(waiting, now, clock));
      await Promise.all(
        overdue.take(MOST_AT_ONCE).map((waiting) => this.#lift(waiting, now, clock)),
      );
    } catch (error) {
      this.#deps.log.error(`gates that are overdue could not be lifted (${briefly(error)})`);
    } finally {
      this.#isBusy = false;
    }
  }

  #isOverdue(waiting: Waiting, nowSeconds: number, clock: number): boolean {
    if (!waiting.isLastGate) return false;
    const { expectations } = this.#deps.pod(waiting.uid) ?? {};
    const most = expectations?.waitForHomeSeconds ?? LONGEST_WAIT_SECONDS;
    return waitedSeconds(waiting, nowSeconds, clock) > most + LATE_SECONDS;
  }

  async #lift(waiting: Waiting, nowSeconds: number, clock: number): Promise<void> {
    const { gated, writer, onLifted } = this.#deps;
    if (await liftIfGated(writer, waiting)) {
      onLifted(waiting, waitedSeconds(waiting, nowSeconds, clock));
    }
    gated.removed(waiting.uid);
  }
}
