import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { DEVICE_FAULT } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { nodeOf } from '../hand.ts';
import type { UsedBed } from '../use-bed.ts';
import { indexedJob, type WorkloadOptions } from '../workloads.ts';

/** A home lives as long as its pod ran: longer than it takes to place all of them again. */
const HOME_GROWS_MS = 75_000;
const RESTART_SECONDS = 300;

/** Pods by index. */
export type Placed = ReadonlyMap<string, V1Pod>;

/** A group of slots, as JobSet keeps it: a child Job that is deleted and created anew at each restart. */
export class Group {
  readonly job: string;
  readonly slots: number;
  readonly #used: UsedBed;
  readonly #options: WorkloadOptions;

  constructor(used: UsedBed, job: string, slots: number, options: WorkloadOptions) {
    this.#used = used;
    this.job = job;
    this.slots = slots;
    this.#options = options;
  }

  async create(): Promise<void> {
    await this.#used.hand.createJob(this.#childJob());
  }

  /** The pods, once all of them run. */
  placed(): Promise<Placed> {
    return this.#used.hand.runningByIndex(this.job, this.slots, RESTART_SECONDS);
  }

  /** The first device of each of these slots breaks; resolves when its pod has failed. */
  async breakDevices(before: Placed, failing: readonly string[]): Promise<void> {
    if (failing.length === 0) return;
    const { hand } = this.#used;
    for (const index of failing) {
      const pod = before.get(index);
      if (pod !== undefined) await hand.annotatePod(pod, { [DEVICE_FAULT]: '1' });
    }
    await eventually('the devices to have failed', async () => {
      const pods = await hand.pods(`job-name=${this.job}`);
      return pods.filter(({ status }) => status?.phase === 'Failed').length >= failing.length;
    });
  }

  #childJob(): V1Job {
    const job = indexedJob(this.job, this.slots, this.#options);
    Object.assign(job.spec ?? {}, { backoffLimitPerIndex: 10, backoffLimit: undefined });
    Object.assign(job.spec?.template.metadata ?? {}, {
      labels: {
        'jobset.sigs.k8s.io/jobset-name': this.job,
        'jobset.sigs.k8s.io/replicatedjob-name': 'workers',
        'jobset.sigs.k8s.io/job-index': '0',
      },
    });
    return job;
  }
}

/** Waits until the homes of pods that run now would outlive a restart. */
export async function untilHomesLast(): Promise<void> {
  await sleep(HOME_GROWS_MS);
}

/** How many are where they were. */
export function homecomers(before: Placed, after: Placed): number {
  return before.size - strays(before, after).length;
}

/** Says how a restart went; of up to ten that did not come home, where they went and why. */
export async function report(
  used: UsedBed,
  what: string,
  before: Placed,
  after: Placed,
  failed = 0,
): Promise<number> {
  const home = homecomers(before, after);
  const unanswered = await used.bed.plane.unansweredCalls();
  console.log(
    `${what}: ${home} of ${before.size - failed} came home; the scheduler did without an answer ${unanswered} times so far`,
  );
  for (const index of strays(before, after).slice(0, 10)) {
    const pod = after.get(index);
    const decision = await used.bed.surefoot.decisionFor(pod?.metadata?.name ?? '');
    const forecasts = decision?.forecasts.slice(0, 2).map(({ words }) => words) ?? ['no decision'];
    const told = [
      ...(decision?.unasked === undefined ? [] : [decision.unasked.words]),
      ...forecasts,
    ];
    console.log(
      `  slot ${index}: ${nodeOf(before.get(index))} -> ${nodeOf(pod)}; ${told.join(' | ')}`,
    );
  }
  return home;
}

function strays(before: Placed, after: Placed): readonly string[] {
  return [...before.keys()].filter(
    (index) => nodeOf(after.get(index)) !== nodeOf(before.get(index)),
  );
}
