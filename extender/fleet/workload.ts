import { CHECKPOINT, EXPECTED_DURATION, JOB_INDEX, PROFILE } from '../../webhook/words/keys.ts';
import type { ObjectMeta, Pod } from '../../webhook/words/pod.ts';
import { TEMPLATE_HASH } from '../../webhook/words/workload.ts';
import type { Tell } from './happening.ts';
import type { Kubelets } from './kubelet.ts';
import type { Ledger } from './ledger.ts';
import { type Change, keyOf, type Objects } from './objects.ts';
import { isOver } from './pod-status.ts';
import { GPU } from './racks.ts';
import type { Random } from './random.ts';
import type { WorkloadEntry } from './script.ts';
import type { Timeline } from './timeline.ts';

/** The Job controller waits 10 s before it replaces a failed pod (kubernetes.io, Jobs). */
const JOB_BACKOFF_SECONDS = 10;
/** ReplicaSets and StatefulSets replace at once, which takes about a second. */
const REPLACE_SECONDS = 1;
/** Ended pods stay to be looked at for so long. */
const KEEP_ENDED_SECONDS = 60;
const NAMESPACE = 'default';
const HASH = '5d9c7b64f8';

export interface WorkloadDeps {
  readonly timeline: Timeline;
  readonly pods: Objects<Pod>;
  readonly kubelets: Kubelets;
  readonly ledger: Ledger;
  readonly random: Random;
  /** What admission makes of a pod that is to be created. */
  readonly admit: (pod: Pod) => Promise<Pod>;
  readonly tell: Tell;
}

/** One workload and the controller that keeps it running. */
export class Workload {
  readonly entry: WorkloadEntry;
  readonly #deps: WorkloadDeps;
  /** Key of the pod that fills each slot now; absent between two pods. */
  readonly #filled = new Map<number, string>();
  /** Uid to slot of the same pods: most changes are of other workloads' pods. */
  readonly #slots = new Map<string, number>();
  /** Uids of pods that have been seen to run. */
  readonly #ran = new Set<string>();
  /** Place to the number of its Job, which goes on until it has completed. */
  readonly #jobs = new Map<number, number>();
  #jobsMade = 0;
  #isRestarting = false;

  constructor(entry: WorkloadEntry, deps: WorkloadDeps) {
    this.entry = entry;
    this.#deps = deps;
    deps.pods.subscribe((change) => this.#podChanged(change));
    deps.timeline.after(entry.atSeconds, () => {
      deps.ledger.begun(entry, deps.timeline.nowSeconds);
      return this.#createAll();
    });
  }

  /** Key of the pod at a slot, if there is one. */
  podAt(index: number): string | undefined {
    return this.#filled.get(index);
  }

  async #createAll(): Promise<void> {
    this.#isRestarting = false;
    for (let index = 0; index < this.entry.pods; index += 1) {
      if (!this.#filled.has(index)) await this.#create(index);
    }
  }

  async #create(index: number): Promise<void> {
    const { timeline, pods, admit, tell } = this.#deps;
    const bare = podOf(this.entry, index, this.#jobAt(index), this.#deps.random);
    const created = pods.create(await admit(bare), timeline.nowSeconds);
    if (created === undefined) {
      tell({ kind: 'refused', pod: keyOf(bare), words: 'cannot be created: its name is not free' });
      timeline.after(REPLACE_SECONDS, () => this.#create(index));
      return;
    }
    const { uid = '' } = created.metadata;
    this.#filled.set(index, keyOf(created));
    this.#slots.set(uid, index);
  }

  #jobAt(index: number): number {
    const current = this.#jobs.get(index);
    if (current !== undefined) return current;
    const next = this.#jobsMade;
    this.#jobsMade += 1;
    this.#jobs.set(index, next);
    return next;
  }

  #podChanged({ type, object }: Change<Pod>): void {
    const { uid = '' } = object.metadata;
    const index = this.#slots.get(uid);
    if (index === undefined) return;
    const key = keyOf(object);
    if (type === 'DELETED' || isOver(object)) this.#left(index, key, object, type === 'DELETED');
    else if (object.status?.phase === 'Running') this.#runs(index, key, uid);
  }

  #left(index: number, key: string, { metadata: { uid }, status }: Pod, isDeleted: boolean): void {
    const { timeline, pods, kubelets, ledger } = this.#deps;
    const { kind } = this.entry;
    this.#filled.delete(index);
    this.#slots.delete(uid ?? '');
    this.#ran.delete(uid ?? '');
    const cause = kubelets.life(uid ?? '')?.cause ?? 'deleted';
    ledger.left(this.entry.name, index, cause, timeline.nowSeconds);
    if (status?.phase === 'Succeeded') this.#jobs.delete(index);
    if (!isDeleted) {
      timeline.after(kind === 'notebooks' ? 0 : KEEP_ENDED_SECONDS, () => {
        if (pods.get(key)?.metadata.uid === uid) pods.delete(key);
      });
    }
    if (kind === 'group') {
      if (status?.phase !== 'Succeeded') this.#restart(key);
      return;
    }
    const waitSeconds = kind === 'jobs' ? JOB_BACKOFF_SECONDS : REPLACE_SECONDS;
    timeline.after(waitSeconds, () => this.#create(index));
  }

  /** One member has left, so the others cannot go on: all of them start again. */
  #restart(firstOut: string): void {
    if (this.#isRestarting) return;
    this.#isRestarting = true;
    const { timeline, kubelets, tell } = this.#deps;
    const { name, pods: members } = this.entry;
    tell({
      kind: 'group restart',
      pod: firstOut,
      words: `has left ${name}, whose ${members} pods start again`,
    });
    for (const key of this.#filled.values()) timeline.after(0, () => kubelets.terminate(key));
    timeline.after(JOB_BACKOFF_SECONDS, () => this.#createAll());
  }

  #runs(index: number, key: string, uid: string): void {
    if (this.#ran.has(uid)) return;
    this.#ran.add(uid);
    const { name, durationSeconds } = this.entry;
    const { timeline, pods, kubelets, ledger } = this.#deps;
    const life = kubelets.life(uid);
    if (life !== undefined) ledger.runs(name, index, life, timeline.nowSeconds);
    if (durationSeconds === undefined) return;
    timeline.after(durationSeconds, () => {
      if (pods.get(key)?.metadata.uid === uid) kubelets.end(key, 0);
    });
  }
}

/** The pod that fills a slot, as its controller writes it. */
function podOf(entry: WorkloadEntry, index: number, job: number, random: Random): Pod {
  const { name, kind, gpus, image, durationSeconds, checkpointSeconds } = entry;
  const annotations = {
    [PROFILE]: 'nvidia',
    ...(durationSeconds !== undefined && { [EXPECTED_DURATION]: `${durationSeconds}s` }),
    ...(checkpointSeconds !== undefined && { [CHECKPOINT]: `${checkpointSeconds}s` }),
  };
  return {
    metadata: { namespace: NAMESPACE, ...identity(kind, name, index, job, random, annotations) },
    spec: {
      containers: [{ name: 'main', image, resources: resourcesOf(gpus) }],
    },
  };
}

function identity(
  kind: WorkloadEntry['kind'],
  name: string,
  index: number,
  job: number,
  random: Random,
  annotations: Record<string, string>,
): ObjectMeta {
  switch (kind) {
    case 'group':
      return {
        name: `${name}-${index}-${random.suffix()}`,
        annotations: { ...annotations, [JOB_INDEX]: String(index) },
        ownerReferences: [{ kind: 'Job', name, controller: true }],
      };
    case 'replicas':
      return {
        name: `${name}-${HASH}-${random.suffix()}`,
        annotations,
        labels: { [TEMPLATE_HASH]: HASH },
        ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-${HASH}`, controller: true }],
      };
    case 'notebooks':
      return {
        name: `${name}-${index}`,
        annotations,
        ownerReferences: [{ kind: 'StatefulSet', name, controller: true }],
      };
    case 'jobs':
      return {
        name: `${name}-${job}-${random.suffix()}`,
        annotations,
        ownerReferences: [{ kind: 'Job', name: `${name}-${job}`, controller: true }],
      };
  }
}

function resourcesOf(gpus: number): NonNullable<Pod['spec']['containers'][number]['resources']> {
  const quantities = { [GPU]: String(gpus) };
  return { limits: quantities, requests: quantities };
}
