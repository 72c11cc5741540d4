import { dropOldest } from '../bounds/drop-oldest.ts';
import { median } from './median.ts';

/** Ends kept of each workload, and workloads. */
const MOST_ENDS = 5;
const MOST_WORKLOADS = 5000;
/** Pods of a group that end together have stayed once: its restart is one end. */
const ONE_END_SECONDS = 60;
/** Fewer ends predict nothing (judgement). */
const FEWEST_STAYS = 3;
/** Pods that crash at once may stay once they work, so no stay shorter than an hour is predicted (judgement). */
const SHORTEST_STAY_SECONDS = 3600;

interface End {
  readonly atSeconds: number;
  readonly ranSeconds: number;
}

/** How long the pods of each workload ran and stayed, to predict the next ones. */
export class Runs {
  readonly #completed = new Map<string, readonly End[]>();
  readonly #stayed = new Map<string, readonly End[]>();

  /** A pod of the workload has completed after so long. */
  completed(workload: string, end: End): void {
    remember(this.#completed, workload, end);
  }

  /**
   * A pod has left for any reason but a fault of its own device. Most pods of a large group end because another one did,
   * and each end is a chance to place them again.
   */
  left(workload: string, end: End): void {
    remember(this.#stayed, workload, end);
  }

  /** The median of the latest runs to completion, or `undefined` while there is none. */
  expectedSeconds(workload: string): number | undefined {
    return medianOf(this.#completed.get(workload) ?? []);
  }

  /** The median of the latest stays, but at least an hour; `undefined` while there are too few. */
  staySeconds(workload: string): number | undefined {
    const ends = this.#stayed.get(workload) ?? [];
    const seconds = ends.length < FEWEST_STAYS ? undefined : medianOf(ends);
    return seconds === undefined ? undefined : Math.max(SHORTEST_STAY_SECONDS, seconds);
  }
}

function remember(ends: Map<string, readonly End[]>, workload: string, end: End): void {
  const earlier = ends.get(workload) ?? [];
  const last = earlier.at(-1);
  const isSame = last !== undefined && end.atSeconds - last.atSeconds < ONE_END_SECONDS;
  const kept = isSame ? longest(earlier, end) : [...earlier, end].slice(-MOST_ENDS);
  ends.delete(workload);
  ends.set(workload, kept);
  dropOldest(ends, MOST_WORKLOADS);
}

/** The longest stay of pods that end together; the others were placed meanwhile. */
function longest(ends: readonly End[], { ranSeconds }: End): readonly End[] {
  const last = ends.at(-1) as End;
  return ranSeconds <= last.ranSeconds ? ends : [...ends.slice(0, -1), { ...last, ranSeconds }];
}

function medianOf(ends: readonly End[]): number | undefined {
  return median(ends.map(({ ranSeconds }) => ranSeconds));
}
