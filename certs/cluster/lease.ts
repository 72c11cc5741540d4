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
}

/** How a lease is reached. Errors carry the HTTP status as `code`. */
export interface LeaseApi {
  /** `undefined` when there is none. */
  get(): Promise<Lease | undefined>;
  create(holder: string, durationSeconds: number): Promise<Lease>;
  /** Replaces it if it still has this version. */
  replace(resourceVersion: string, holder: string, durationSeconds: number): Promise<Lease>;
}

export interface LeaderDeps {
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
export class Leader {
  readonly #deps: LeaderDeps;
  readonly #timing: LeaseTiming;
  readonly #stop = new AbortController();
  #isLeading = false;
  #seen:
    | { readonly renewedAt: string; readonly holder: string; readonly sinceMs: number }
    | undefined;
  #renewedMs = 0;

  constructor(deps: LeaderDeps) {
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
    if (this.#isLeading) await this.#release();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #attempt(): Promise<void> {
    const begunMs = performance.now();
    try {
      await within(this.#timing.renewDeadlineMs / 2, this.#acquire());
    } catch (error) {
      const isOld = performance.now() - this.#renewedMs > this.#timing.renewDeadlineMs;
      if (this.#isLeading && isOld) this.#lose(error);
      else this.#deps.log.debug({ err: error }, 'the lease could not be reached');
      return;
    }
    if (this.#isLeading) this.#renewedMs = begunMs;
  }

  async #acquire(): Promise<void> {
    const { api, identity } = this.#deps;
    const lease = await api.get();
    if (lease === undefined) {
      await api.create(identity, this.#timing.durationSeconds);
      this.#lead(undefined);
      return;
    }
    if (lease.holder !== identity && lease.holder !== '' && !this.#hasExpired(lease)) {
      if (this.#isLeading) this.#lose(new Error(`${lease.holder} holds the lease`));
      return;
    }
    await api.replace(lease.resourceVersion, identity, this.#timing.durationSeconds);
    this.#lead(lease.renewedAt);
  }

  #hasExpired({ renewedAt, holder, durationSeconds }: Lease): boolean {
    const nowMs = performance.now();
    if (this.#seen?.renewedAt !== renewedAt || this.#seen.holder !== holder) {
      this.#seen = { renewedAt, holder, sinceMs: nowMs };
    }
    return nowMs - this.#seen.sinceMs > durationSeconds * 1000;
  }

  #lead(lastRenewedAt: string | undefined): void {
    if (this.#isLeading) return;
    this.#isLeading = true;
    this.#renewedMs = performance.now();
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
      const lease = await this.#deps.api.get();
      if (lease?.holder === this.#deps.identity) {
        await this.#deps.api.replace(lease.resourceVersion, '', 1);
      }
    } catch (error) {
      this.#deps.log.debug({ err: error }, 'the lease could not be let go; it will expire');
    }
  }
}

function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const { promise: gaveUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  return Promise.race([promise, gaveUp]).finally(() => clearTimeout(timer));
}
