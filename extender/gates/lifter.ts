import type { Logger } from 'pino';
import { briefly, httpStatusOf } from '../../certs/cluster/api-error.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import type { Decision } from '../decisions/record.ts';
import { devicesAskedBy, type PodFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Endings } from './endings.ts';
import { type GatedPods, type Waiting, waitedSeconds } from './gated-pods.ts';
import { Ledger } from './ledger.ts';
import { type PlanInput, planGates, type Step } from './plan.ts';
import { isStillGated, type PodVersion, type PodWriter } from './pod-writer.ts';

/** How a pod's wait ended. */
export type Lifted = 'home' | 'elsewhere' | 'overdue';

export interface LifterDeps {
  readonly gated: GatedPods;
  readonly endings: Endings;
  readonly writer: Pick<PodWriter, 'nominate' | 'lift' | 'get'>;
  readonly snapshot: () => Snapshot;
  readonly decide: PlanInput['decide'];
  readonly isLeader: () => boolean;
  /** A pod was nominated to its own node, and waits for it. */
  readonly onWaiting: (pod: PodVersion, told: Told) => void;
  /** A gate was lifted, after so many seconds; `reason` says why then. */
  readonly onLifted: (how: Lifted, waited: number, pod: PodVersion, told: Told) => void;
  /** A nomination of ours has come to nothing and was taken back. */
  readonly onWithdrawn: () => void;
  /** The API server refused what only rights or policies refuse. */
  readonly onRefused: (error: unknown) => void;
  readonly log: Logger;
}

export interface Told {
  readonly reason: Reason;
  readonly decision?: Decision;
}

/** A pod that was let go to a node, and is not bound yet. */
interface LetGo {
  readonly pod: PodVersion;
  readonly node: string;
  readonly untilSeconds: number;
}

/** Requests under way at once: the API server's pool for one client is some hundred. */
const MOST_AT_ONCE = 16;
/** Changes come in bursts: one plan for all of them. */
const GATHER_MS = 25;
/** Plans take a fifth of the program's time at most: it answers a scheduler, too. */
const REST_TIMES = 4;
/** A nomination that has not become a binding after so long is taken back. */
const BIND_SECONDS = 30;
/** Nobody else clears one of a pod that preempts nobody, and it keeps others out meanwhile. */
const NEVER_SECONDS = 5;

/** A watch that shows an older version of a pod for longer is none to go by. */
const WATCH_LATE_SECONDS = 5;

/** Carries out the plan for pods that wait at our gate: nominates, lifts, withdraws. Only the leader does. */
export class Lifter {
  readonly #deps: LifterDeps;
  /** Pods with a step that is planned and not done, and the node that it nominates. */
  readonly #underWay = new Map<string, string | undefined>();
  /** Steps that wait for their turn, in the order of the plan. */
  readonly #queue: Step[] = [];
  #atOnce = 0;
  /** How long the last plan took. */
  #planMs = 0;
  readonly #letGo = new Map<string, LetGo>();
  /** Pods whose nomination the watch has not shown yet, and the node. */
  readonly #nominated = new Map<string, string>();
  /** Pods whose gate was lifted a moment ago, and when: the watch may show them with it yet. */
  readonly #lifted = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #heldDeviceSeconds = 0;
  #tickedSeconds = Number.NaN;
  #logged = '';

  constructor(deps: LifterDeps) {
    this.#deps = deps;
  }

  /** Devices times seconds that nominations of waiting pods have kept from others. */
  get heldDeviceSeconds(): number {
    return this.#heldDeviceSeconds;
  }

  /** Something has changed that may end a wait: a plan is made in a moment. */
  changed(): void {
    if (this.#deps.gated.size === 0 || !this.#deps.isLeader()) return;
    const restMs = Math.max(GATHER_MS, REST_TIMES * this.#planMs);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.round();
    }, restMs);
  }

  /** To be called about every second. */
  tick(): void {
    const { isLeader, snapshot, gated } = this.#deps;
    const { nowSeconds, cluster } = snapshot();
    for (const [uid, liftedSeconds] of this.#lifted) {
      if (nowSeconds - liftedSeconds > WATCH_LATE_SECONDS) this.#lifted.delete(uid);
    }
    if (!isLeader()) {
      this.#letGo.clear();
      this.#nominated.clear();
      this.#dropQueue();
      return;
    }
    this.#countHeld(nowSeconds);
    for (const uid of this.#nominated.keys()) {
      if (!gated.has(uid)) this.#nominated.delete(uid);
    }
    for (const [uid, letGo] of this.#letGo) {
      const pod = cluster.pod(uid);
      if (pod === undefined || pod.node !== undefined) this.#letGo.delete(uid);
      else if (nowSeconds > letGo.untilSeconds) {
        this.#letGo.delete(uid);
        void this.#withdraw(letGo);
      }
    }
    this.round();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Plans anew, and begins as many steps as may be under way. */
  round(): void {
    const { gated, isLeader, snapshot, endings, decide, log } = this.#deps;
    if (gated.size === 0 || !isLeader()) return;
    const begunMs = performance.now();
    try {
      const now = snapshot();
      const waiting = gated.inTurn((uid) => !this.#underWay.has(uid) && !this.#lifted.has(uid));
      const steps = planGates({
        waiting,
        snapshot: now,
        endings,
        ledger: this.#ledger(now),
        decide,
      });
      for (const step of steps) this.#underWay.set(step.waiting.uid, step.nominate ?? undefined);
      this.#queue.push(...steps);
      this.#next(now.nowSeconds);
    } catch (error) {
      log.error({ err: error }, 'pods that wait could not be looked at; trying again');
    }
    this.#planMs = performance.now() - begunMs;
  }

  /** What was planned while this replica led is another one's to plan. */
  #dropQueue(): void {
    for (const { waiting } of this.#queue.splice(0)) this.#underWay.delete(waiting.uid);
  }

  #next(nowSeconds: number): void {
    if (!this.#deps.isLeader()) this.#dropQueue();
    while (this.#atOnce < MOST_AT_ONCE) {
      const step = this.#queue.shift();
      if (step === undefined) return;
      this.#atOnce += 1;
      void this.#take(step, nowSeconds).finally(() => {
        this.#atOnce -= 1;
        this.#next(this.#deps.snapshot().nowSeconds);
      });
    }
  }

  /** Every nomination of a pod that is not bound, also those that the watch has not shown yet. */
  #ledger(now: Snapshot): Ledger {
    const ledger = new Ledger(now, this.#deps.endings);
    for (const pod of now.cluster.pending()) {
      const shown = pod.schedulingConstraints?.nominatedNode;
      const ours = this.#underWay.get(pod.uid) ?? this.#nominated.get(pod.uid);
      if (shown === ours) this.#nominated.delete(pod.uid);
      const node = ours ?? shown ?? this.#letGo.get(pod.uid)?.node;
      if (node !== undefined) ledger.hold(pod, node);
    }
    return ledger;
  }

  async #take(step: Step, nowSeconds: number): Promise<void> {
    const { waiting } = step;
    try {
      await this.#carryOut(step, nowSeconds);
    } catch (error) {
      // Somebody has changed it meanwhile: the watch will show what.
      if (httpStatusOf(error) !== 409) await this.#failed(waiting, error);
    } finally {
      this.#underWay.delete(waiting.uid);
      this.changed();
    }
  }

  async #carryOut(step: Step, nowSeconds: number): Promise<void> {
    const { waiting, nominate, lift } = step;
    const { writer, onWaiting } = this.#deps;
    let pod: PodVersion = waiting;
    if (nominate !== undefined) {
      pod = await writer.nominate(pod, nominate);
      if (nominate === null) this.#nominated.delete(pod.uid);
      else this.#nominated.set(pod.uid, nominate);
    }
    if (lift === undefined) {
      const { decision, waits } = step;
      if (waits !== undefined) onWaiting(pod, { reason: waits, ...(decision && { decision }) });
      return;
    }
    // Of a pod that was just nominated this very version: the scheduler must see both, in this order.
    await writer.lift(pod, { anyVersion: nominate === undefined });
    this.#letPodGo(step, pod, { reason: lift, ...step }, nowSeconds);
  }

  /** A step that failed is planned again, unless the pod is gone or somebody else has lifted its gate. */
  async #failed(waiting: Waiting, error: unknown): Promise<void> {
    const { gated, onRefused } = this.#deps;
    const isRefused = httpStatusOf(error) !== undefined;
    if (isRefused && (await this.#isMoot(waiting))) {
      gated.removed(waiting.uid);
      return;
    }
    this.#log(error);
    if (isRefused) onRefused(error);
  }

  async #isMoot(waiting: Waiting): Promise<boolean> {
    try {
      return !isStillGated(waiting, await this.#deps.writer.get(waiting));
    } catch {
      return false;
    }
  }

  #letPodGo(step: Step, pod: PodVersion, told: Told, nowSeconds: number): void {
    const { gated, snapshot, onLifted } = this.#deps;
    gated.removed(pod.uid);
    this.#lifted.set(pod.uid, nowSeconds);
    this.#nominated.delete(pod.uid);
    const facts = snapshot().cluster.pod(pod.uid);
    const node = step.nominate ?? facts?.schedulingConstraints?.nominatedNode;
    if (node !== undefined && step.nominate !== null) {
      const limit = step.waiting.neverPreempts ? NEVER_SECONDS : BIND_SECONDS;
      this.#letGo.set(pod.uid, { pod, node, untilSeconds: nowSeconds + limit });
    }
    const how = told.reason.code === 'WaitedForHome' ? 'home' : 'elsewhere';
    onLifted(how, waitedSeconds(step.waiting, nowSeconds), pod, told);
  }

  /** Takes a nomination back, if it is still ours: the scheduler writes the same field when it preempts. */
  async #withdraw({ pod, node }: LetGo): Promise<void> {
    const { writer, onWithdrawn } = this.#deps;
    try {
      const now = await writer.get(pod);
      if (now?.metadata.uid !== pod.uid || now.spec.nodeName) return;
      if (now.status?.nominatedNodeName !== node) return;
      const { resourceVersion = '' } = now.metadata;
      await writer.nominate({ ...pod, resourceVersion }, null);
      onWithdrawn();
    } catch (error) {
      if (httpStatusOf(error) === undefined) this.#log(error);
    }
  }

  #countHeld(nowSeconds: number): void {
    const since = Math.max(0, nowSeconds - this.#tickedSeconds) || 0;
    this.#tickedSeconds = nowSeconds;
    const { gated, snapshot } = this.#deps;
    if (gated.size === 0) return;
    const { cluster } = snapshot();
    for (const { uid } of gated.all()) {
      const pod: PodFacts | undefined = cluster.pod(uid);
      if (pod?.schedulingConstraints?.nominatedNode === undefined) continue;
      this.#heldDeviceSeconds += since * devicesAskedBy(pod);
    }
  }

  #log(error: unknown): void {
    const words = `a pod that waits could not be changed (${briefly(error)}); trying again`;
    if (words !== this.#logged) this.#deps.log.error(words);
    this.#logged = words;
  }
}
