import type { Logger } from 'pino';
import { briefly } from '../../certs/cluster/api-error.ts';
import type { GatedPods } from './gated-pods.ts';
import { isStillGated, type PodVersion, type PodWriter } from './pod-writer.ts';

export interface CanLiftDeps {
  readonly writer: Pick<PodWriter, 'tryForbidden' | 'tryLift' | 'anyPodIn' | 'get'>;
  readonly gated: GatedPods;
  /** Why this replica does not lead, or does not see pods; `undefined` when it does. */
  readonly blind: () => string | undefined;
  /** Our own, in which our own pods are: one of them is tried on. */
  readonly namespace: string;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** What the policy says of the forbidden try; see manifests/components/wait-for-home/policy.yaml. */
const DENIED = 'the lifter changes no metadata';
const GONE = 'the pod that it was tried on is gone';
/** A try is good for so long, and is made anew well before. */
const GOOD_FOR_MS = 30_000;
const TRY_MS = 10_000;

/**
 * Whether this replica can lift gates, and nothing beside: it leads, its watch is fresh, and a dry run has shown within
 * 30 s that our account may patch pods and that the policy keeps it from everything else.
 */
export class CanLift {
  readonly #deps: CanLiftDeps;
  #triedMs = Number.NEGATIVE_INFINITY;
  #goodUntilMs = Number.NEGATIVE_INFINITY;
  #why = 'nothing has been tried yet';
  #isTrying = false;

  constructor(deps: CanLiftDeps) {
    this.#deps = deps;
  }

  /** Why not; `undefined` when it can. */
  cannot(): string | undefined {
    const { blind, nowMs } = this.#deps;
    return blind() ?? (nowMs() < this.#goodUntilMs ? undefined : this.#why);
  }

  /** A lift was refused: none is promised until one succeeds. */
  refused(error: unknown): void {
    this.#fail(`the API server refused to lift a gate (${briefly(error)})`);
  }

  /** To be called about every second. */
  async round(): Promise<void> {
    const { nowMs, blind } = this.#deps;
    if (this.#isTrying || blind() !== undefined || nowMs() - this.#triedMs < TRY_MS) return;
    this.#isTrying = true;
    this.#triedMs = nowMs();
    try {
      const why = await this.#try();
      if (why === undefined) this.#succeed();
      else if (why === GONE) this.#triedMs = Number.NEGATIVE_INFINITY;
      else this.#fail(why);
    } catch (error) {
      this.#fail(`the API server does not answer (${briefly(error)})`);
    } finally {
      this.#isTrying = false;
    }
  }

  #succeed(): void {
    this.#goodUntilMs = this.#deps.nowMs() + GOOD_FOR_MS;
    this.#why = `nothing was tried for ${GOOD_FOR_MS / 1000} s`;
  }

  #fail(why: string): void {
    if (why !== this.#why) this.#deps.log.warn(`no pod is gated: ${why}`);
    this.#why = why;
    this.#goodUntilMs = Number.NEGATIVE_INFINITY;
  }

  async #try(): Promise<string | undefined> {
    const { writer } = this.#deps;
    const waiting = this.#deps.gated.all().find(({ isLastGate }) => isLastGate);
    const lifted = waiting === undefined ? undefined : await this.#tryLift(waiting);
    if (lifted !== undefined) return lifted;
    const { namespace = '', name } = (await writer.anyPodIn(this.#deps.namespace))?.metadata ?? {};
    if (name === undefined) {
      return `there is no pod in ${this.#deps.namespace} to try it on`;
    }
    const { status, text } = await writer.tryForbidden({ namespace, name });
    if (status === 200) {
      return 'no policy keeps our account from changing pods; apply the component wait-for-home of the manifests';
    }
    // Deleted between the two looks: nothing was learned, and the next round tries another.
    if (status === 404) return GONE;
    return text.includes(DENIED)
      ? undefined
      : `we may not patch pods (${status}); apply the component wait-for-home of the manifests`;
  }

  async #tryLift(waiting: PodVersion): Promise<string | undefined> {
    const { writer } = this.#deps;
    const { status, text } = await writer.tryLift(waiting);
    if (status === 200) return undefined;
    // Lifted in earnest meanwhile, or gone: what is refused then is no sign.
    const isMoot = !isStillGated(waiting, await writer.get(waiting));
    return isMoot ? undefined : `a gate cannot be lifted: ${text.slice(0, 200)}`;
  }
}
