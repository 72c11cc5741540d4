import type { EndCause, Life } from './kubelet.ts';
import type { WorkloadEntry } from './script.ts';

/** What ended running work that was not done. */
export type InterruptionCause = Exclude<EndCause, 'completed' | 'rejected'>;

/** Device-seconds in which devices were held or wanted, and no new work was done. */
export interface Lost {
  /** Work since the last checkpoint, which is done a second time. */
  work: number;
  /** From the end of a pod to a kubelet taking its successor on. */
  waiting: number;
  pulling: number;
  coldStart: number;
}

/** A workload as the ledger follows it. */
interface Followed {
  readonly entry: WorkloadEntry;
  /** Place to since when its pod runs. */
  readonly running: Map<number, number>;
  /** Place to since when it has been away; for a group, slot 0 stands for all of it. */
  readonly awaySince: Map<number, number>;
  /** Since when all of a group has been running. */
  upSinceSeconds?: number;
  /** True once a pod has started cold since the group went down. */
  isCold: boolean;
  /** True while a group is down because it was interrupted, not because it has just been created. */
  isComingBack: boolean;
}

const WHOLE_GROUP = 0;

/**
 * What the fleet's faults cost, counted from what truly happened. A group is as slow as its slowest
 * member: it is down from its first member's end until all of them run again, with all its devices.
 */
export class Ledger {
  /** Of pods that work on their own, and of whole groups. */
  readonly interruptions = new Map<InterruptionCause, number>();
  /** Those of groups alone. */
  readonly restarts = new Map<InterruptionCause, number>();
  readonly lost: Lost = { work: 0, waiting: 0, pulling: 0, coldStart: 0 };
  /** Pods that started instead of one that had been interrupted. */
  comebacks = 0;
  /** Those of them that found their node warm: the same slot had run there since its last boot. */
  warmComebacks = 0;
  rejections = 0;
  readonly #coldStartSeconds: number;
  readonly #followed = new Map<string, Followed>();

  constructor(coldStartSeconds: number) {
    this.#coldStartSeconds = coldStartSeconds;
  }

  /** The workload is created, and wants to run from now on. */
  begun(entry: WorkloadEntry, atSeconds: number): void {
    const awaySince = new Map<number, number>();
    if (entry.kind === 'group') awaySince.set(WHOLE_GROUP, atSeconds);
    this.#followed.set(entry.name, {
      entry,
      running: new Map(),
      awaySince,
      isCold: false,
      isComingBack: false,
    });
  }

  /** Since when all members of a group have been running; absent while one is away, and for other workloads. */
  upSinceSeconds(workload: string): number | undefined {
    return this.#followed.get(workload)?.upSinceSeconds;
  }

  /** Since when the pod at a place of a workload has been running. */
  runningSinceSeconds(workload: string, index: number): number | undefined {
    return this.#followed.get(workload)?.running.get(index);
  }

  left(workload: string, index: number, cause: EndCause, atSeconds: number): void {
    const followed = this.#followed.get(workload);
    if (followed === undefined) return;
    if (cause === 'rejected') this.rejections += 1;
    const since = followed.running.get(index);
    followed.running.delete(index);
    if (since === undefined || cause === 'completed' || cause === 'rejected') return;
    const { entry, awaySince, upSinceSeconds } = followed;
    if (entry.kind !== 'group') {
      this.#interrupted(cause);
      if (entry.kind === 'jobs') this.lost.work += entry.gpus * lostWork(entry, atSeconds - since);
      awaySince.set(index, atSeconds);
      return;
    }
    if (upSinceSeconds === undefined) return;
    this.#interrupted(cause);
    this.restarts.set(cause, (this.restarts.get(cause) ?? 0) + 1);
    this.lost.work += entry.pods * entry.gpus * lostWork(entry, atSeconds - upSinceSeconds);
    delete followed.upSinceSeconds;
    followed.isComingBack = true;
    awaySince.set(WHOLE_GROUP, atSeconds);
  }

  runs(workload: string, index: number, life: Life, atSeconds: number): void {
    const followed = this.#followed.get(workload);
    if (followed === undefined) return;
    const { entry, running, awaySince } = followed;
    running.set(index, atSeconds);
    const isGroup = entry.kind === 'group';
    const slot = isGroup ? WHOLE_GROUP : index;
    const away = awaySince.get(slot);
    if (isGroup ? followed.isComingBack : away !== undefined) {
      this.comebacks += 1;
      if (life.isWarm) this.warmComebacks += 1;
    }
    followed.isCold ||= !life.isWarm;
    if (isGroup && running.size < entry.pods) return;
    awaySince.delete(slot);
    const devices = entry.gpus * (isGroup ? entry.pods : 1);
    const pulling = atSeconds - life.takenAtSeconds;
    this.lost.pulling += devices * pulling;
    if (away !== undefined) this.lost.waiting += devices * (life.takenAtSeconds - away);
    if (followed.isCold) this.lost.coldStart += devices * this.#coldStartSeconds;
    followed.isCold = false;
    followed.isComingBack = false;
    if (isGroup) followed.upSinceSeconds = atSeconds;
  }

  #interrupted(cause: InterruptionCause): void {
    this.interruptions.set(cause, (this.interruptions.get(cause) ?? 0) + 1);
  }
}

/** Seconds of work since the last checkpoint; all of it where there are none. */
function lostWork({ checkpointSeconds }: WorkloadEntry, ranSeconds: number): number {
  return checkpointSeconds === undefined ? ranSeconds : ranSeconds % checkpointSeconds;
}
