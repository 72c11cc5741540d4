import { dropOldest } from './drop-oldest.ts';

/** Runs kept of each workload, and workloads. */
const MOST_RUNS = 5;
const MOST_WORKLOADS = 5000;

/** How long pods of each workload have run until they were done: what the next ones will probably do. */
export class Runs {
  readonly #runs = new Map<string, readonly number[]>();

  /** A pod of the workload has completed after so long. */
  completed(workload: string, ranSeconds: number): void {
    const earlier = this.#runs.get(workload) ?? [];
    this.#runs.delete(workload);
    this.#runs.set(workload, [...earlier, ranSeconds].slice(-MOST_RUNS));
    dropOldest(this.#runs, MOST_WORKLOADS);
  }

  /** The median of the latest runs, or `undefined` while none has completed. */
  expectedSeconds(workload: string): number | undefined {
    const runs = this.#runs.get(workload)?.toSorted((a, b) => a - b) ?? [];
    return runs[Math.floor(runs.length / 2)];
  }
}
