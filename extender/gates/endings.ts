import { LONGEST_WAIT_SECONDS } from '../../webhook/words/profile.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import { holdsDevices, type PodFacts } from '../facts/facts.ts';
import { median } from '../homes/median.ts';

interface Ending {
  readonly workload: string;
  readonly sinceSeconds: number;
  /** When its grace is over. */
  readonly bySeconds: number;
}

interface Lingering {
  readonly pod: PodFacts;
  readonly untilSeconds: number;
}

/** Ends remembered of each workload, and workloads. */
const MOST_ENDS = 9;
const MOST_WORKLOADS = 5000;
/** A pod that has outlived its grace is killed at any moment; its kubelet needs some seconds (judgement). */
const OVERDUE_SECONDS = 5;
/** Pods that were deleted by force, and how long each is remembered: nobody waits for one any longer. */
const MOST_LINGERING = 5000;
const LONGEST_LINGERING_SECONDS = LONGEST_WAIT_SECONDS;
/** A pod that was not seen to begin its end before it was gone was taken off the API at once. */
const AT_ONCE_SECONDS = 1;

/** Pods that are ending: how long that takes yet, and which of them nobody shows any more though they still run. */
export class Endings {
  readonly #ending = new Map<string, Ending>();
  /** By workload: how many seconds its latest ends took. */
  readonly #took = new Map<string, readonly number[]>();
  /** Pods that were deleted by force, by uid. Their kubelet ends them as if they had not been. */
  readonly #lingering = new Map<string, Lingering>();

  podChanged(pod: PodFacts, nowSeconds: number): void {
    if (!holdsDevices(pod)) this.#ended(pod.uid, nowSeconds);
    else if (pod.isTerminating && !this.#ending.has(pod.uid)) {
      this.#ending.set(pod.uid, {
        workload: pod.slot.workload,
        sinceSeconds: nowSeconds,
        bySeconds: Math.max(nowSeconds, pod.endedAtSeconds ?? nowSeconds),
      });
    }
  }

  /** The pod is not in the API any more; `pod` is what was last seen of it. */
  podRemoved(pod: PodFacts, nowSeconds: number): void {
    const ending = this.#ending.get(pod.uid);
    this.#ending.delete(pod.uid);
    // A kubelet that has ended a pod says so before it lets go.
    if (!holdsDevices(pod) || pod.startedAtSeconds === undefined) return;
    const { sinceSeconds = nowSeconds, bySeconds = nowSeconds } = ending ?? {};
    const isAtOnce = nowSeconds - sinceSeconds < AT_ONCE_SECONDS;
    const graceEndsSeconds = isAtOnce ? nowSeconds + pod.graceSeconds : bySeconds;
    const untilSeconds = Math.min(graceEndsSeconds, nowSeconds + LONGEST_LINGERING_SECONDS);
    if (untilSeconds <= nowSeconds) return;
    this.#lingering.set(pod.uid, { pod, untilSeconds });
    dropOldest(this.#lingering, MOST_LINGERING);
  }

  /** Pods that still run, though they are not in the API any more, by node. */
  lingering(nowSeconds: number): ReadonlyMap<string, readonly PodFacts[]> {
    const found = new Map<string, PodFacts[]>();
    for (const [uid, { pod, untilSeconds }] of this.#lingering) {
      if (untilSeconds <= nowSeconds) {
        this.#lingering.delete(uid);
        continue;
      }
      const { node = '' } = pod;
      const there = found.get(node);
      if (there === undefined) found.set(node, [pod]);
      else there.push(pod);
    }
    return found;
  }

  /**
   * How long it takes until the pod lets go of its devices, in expected seconds: as long as its workload's pods mostly
   * take, and at most until its grace is over. `undefined` for a pod that is not ending; 0 for one that is gone.
   */
  remainingSeconds(pod: PodFacts | undefined, uid: string, nowSeconds: number): number | undefined {
    const lingering = this.#lingering.get(uid);
    if (lingering !== undefined) return Math.max(0, lingering.untilSeconds - nowSeconds);
    if (pod === undefined || !holdsDevices(pod)) return 0;
    const ending = this.#ending.get(uid);
    if (ending === undefined) return undefined;
    const leftSeconds = ending.bySeconds - nowSeconds;
    if (leftSeconds <= 0) return OVERDUE_SECONDS;
    const took = median(this.#took.get(ending.workload) ?? []);
    const usualSeconds = took === undefined ? 0 : ending.sinceSeconds + took - nowSeconds;
    return usualSeconds > 0 ? Math.min(usualSeconds, leftSeconds) : leftSeconds;
  }

  #ended(uid: string, nowSeconds: number): void {
    const ending = this.#ending.get(uid);
    if (ending === undefined) return;
    this.#ending.delete(uid);
    const before = this.#took.get(ending.workload) ?? [];
    this.#took.delete(ending.workload);
    this.#took.set(
      ending.workload,
      [...before, nowSeconds - ending.sinceSeconds].slice(-MOST_ENDS),
    );
    dropOldest(this.#took, MOST_WORKLOADS);
  }
}
