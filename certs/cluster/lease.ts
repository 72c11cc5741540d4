import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** What Surefoot reads and writes of a coordination.k8s.io/v1 Lease. */
export interface Lease {
  readonly resourceVersion: string;
  /** Empty once its holder has let go. */
  readonly holder: string;
  /** As it stands there: only whether it changes is looked at, never the time that it says. */
  readonly renewedAt: string;
  readonly durationSeconds: number;
  /** When its holder got it; `undefined` where nobody wrote that. */
  readonly acquiredAt?: string;
  /** How often its holder has changed. */
  readonly transitions: number;
}

/** Who holds a lease after an attempt: we, or somebody else. */
interface Held {
  readonly by?: string;
  /** When its last holder renewed it, where there was one. */
  readonly lastRenewedAt?: string;
}

/** How a lease is reached. Refusals are ApiErrors. */
export interface LeaseApi {
  /** `undefined` when there is none. */
  get(signal?: AbortSignal): Promise<Lease | undefined>;
  create(holder: string, durationSeconds: number, signal?: AbortSignal): Promise<Lease>;
  /** Gives a lease that was read to a holder, if nobody has changed it since. All that is not ours in it stays. */
  replace(
    lease: Lease,
    holder: string,
    durationSeconds: number,
    signal?: AbortSignal,
  ): Promise<Lease>;
}

export interface LeaderElectorDeps {
  readonly api: LeaseApi;
  /** Who we are: unique among replicas. */
  readonly identity: string;
  /** What the leader does, for the log: `keeping the history`. */
  readonly duty: string;
  readonly log: Logger;
  /** Default: client-go's. */
  readonly timing?: LeaseTiming;
  /** Called when we hold it, with when its last holder renewed it; and when we do not any more. */
  readonly onLead: (lastRenewedAt: string | undefined) => void;
  readonly onLost: () => void;
}

export interface LeaseTiming {
  /** How long a lease holds that is not renewed. */
  readonly durationSeconds: number;
  /** A leader that has not renewed it for so long stops: well before it expires. */
  readonly renewDeadlineMs: number;
  /** How often it is renewed, or looked at. */
  readonly retryMs: number;
}

/** client-go's own numbers for leader election (tools/leaderelection). */
export const TIMING: LeaseTiming = { durationSeconds: 15, renewDeadlineMs: 10_000, retryMs: 2000 };

/** Who this process is, among replicas and across its own restarts. */
export function replicaIdentity(): string {
  return `${hostname()}_${process.pid}_${randomUUID().slice(0, 8)}`;
}

/**
 * One of several replicas leads: whoever holds the lease, for as long as it renews it. As client-go
 * does, a lease is taken over only after it has not changed for its duration on our own clock, so
 * that clocks that differ harm nobody, and a leader that cannot renew stops before that.
 */
export class LeaderElector {
  readonly #deps: LeaderElectorDeps;
  readonly #timing: LeaseTiming;
  readonly #stop = new AbortController();
  #isLeading = false;
  #seen:
    | { readonly renewedAt: string; readonly holder: string; readonly sinceMs: number }
    | undefined;
  #renewedMs = 0;

  constructor(deps: LeaderElectorDeps) {
    this.#deps = deps;
    this.#timing = deps.timing ?? TIMING;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Runs until `stop`; then it lets go, so that another replica need not wait. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#attempt();
      await sleep(this.#timing.retryMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    if (!this.#isLeading) return;
    // From now on nobody may act on it, whatever is under way.
    this.#isLeading = false;
    await this.#release();
  }

  stop(): void {
    this.#stop.abort();
  }

  /**
   * One try to renew the lease, or to get it. It counts from when it began, for nobody knows when the API server took
   * it; one that is given up on is aborted, and what it brings afterwards is not heard.
   */
  async #attempt(): Promise<void> {
    const begunMs = performance.now();
    const { renewDeadlineMs } = this.#timing;
    const deadlineMs = this.#isLeading
      ? this.#renewedMs + renewDeadlineMs - begunMs
      : renewDeadlineMs;
    const limitMs = Math.max(1, Math.min(renewDeadlineMs / 2, deadlineMs));
    try {
      const held = await within(limitMs, (signal) => this.#acquire(signal));
      if (performance.now() - begunMs > renewDeadlineMs)
        throw new Error('the answer came too late');
      if (held.by !== undefined) {
        if (this.#isLeading) this.#lose(new Error(`${held.by} holds the lease`));
        return;
      }
      this.#renewedMs = begunMs;
      this.#lead(held.lastRenewedAt);
    } catch (error) {
      const isOld = performance.now() - this.#renewedMs >= renewDeadlineMs;
      if (this.#isLeading && isOld) this.#lose(error);
      else this.#deps.log.debug({ err: error }, 'the lease could not be reached');
    }
  }

  /** Renews or takes the lease where that is ours to do; `by`: who else holds it. */
  async #acquire(signal: AbortSignal): Promise<Held> {
    const { api, identity } = this.#deps;
    const { durationSeconds } = this.#timing;
    const lease = await api.get(signal);
    if (lease === undefined) {
      // Deleted under its holder, who makes it again in time; an installer of an earlier version does that.
      const { holder = '' } = this.#seen ?? {};
      if (holder !== '' && holder !== identity && !this.#isOld()) return { by: holder };
      await api.create(identity, durationSeconds, signal);
      return {};
    }
    // Whatever an attempt sees that was given up on is older than what a later one has seen.
    signal.throwIfAborted();
    if (lease.holder !== identity && lease.holder !== '' && !this.#hasExpired(lease)) {
      return { by: lease.holder };
    }
    await api.replace(lease, identity, durationSeconds, signal);
    return { lastRenewedAt: lease.renewedAt };
  }

  #hasExpired({ renewedAt, holder, durationSeconds }: Lease): boolean {
    const nowMs = performance.now();
    if (this.#seen?.renewedAt !== renewedAt || this.#seen.holder !== holder) {
      this.#seen = { renewedAt, holder, sinceMs: nowMs };
    }
    return nowMs - this.#seen.sinceMs > durationSeconds * 1000;
  }

  /** Whether whoever held the lease last has had time enough to renew it. */
  #isOld(): boolean {
    const sinceMs = this.#seen?.sinceMs ?? Number.NEGATIVE_INFINITY;
    return performance.now() - sinceMs > this.#timing.durationSeconds * 1000;
  }

  #lead(lastRenewedAt: string | undefined): void {
    if (this.#isLeading) return;
    this.#isLeading = true;
    this.#deps.log.info(`${this.#deps.duty} from now on`);
    this.#deps.onLead(lastRenewedAt);
  }

  #lose(error: unknown): void {
    this.#isLeading = false;
    this.#deps.log.warn({ err: error }, `no longer ${this.#deps.duty}`);
    this.#deps.onLost();
  }

  async #release(): Promise<void> {
    try {
      await within(this.#timing.renewDeadlineMs / 2, async (signal) => {
        const lease = await this.#deps.api.get(signal);
        if (lease?.holder !== this.#deps.identity) return;
        await this.#deps.api.replace(lease, '', 1, signal);
      });
    } catch (error) {
      this.#deps.log.debug({ err: error }, 'the lease could not be let go; it will expire');
    }
  }
}

/** What work gives within a time; it is aborted then, and rejects. */
function within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const aborted = new AbortController();
  const { promise: gaveUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const why = new Error(`no answer within ${Math.round(limitMs)} ms`);
    aborted.abort(why);
    reject(why);
  }, limitMs);
  return Promise.race([work(aborted.signal), gaveUp]).finally(() => clearTimeout(timer));
}
