import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ApiError, httpStatusOf } from '../../certs/cluster/api-error.ts';
import { messageOf } from '../../certs/serving/message.ts';
import { Seldom } from '../../certs/serving/seldom.ts';

/** What a reflector needs of an API object: who it is, and which version of it this is. */
export interface Listed {
  readonly metadata?: {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string | Date;
  };
}

/** How a reflector reaches the API: lists object by object, and one watch at a time. */
export interface Source<T> {
  /** Gives every object to `take`, some maybe twice; resolves with the version that a watch goes on from. */
  list(take: (object: T) => void, signal: AbortSignal): Promise<string>;
  /**
   * Delivers events until the watch ends; resolves with the error that ended it, if there was one. `TOO_LONG` is an
   * event that was too large to hold.
   */
  watch(
    resourceVersion: string,
    onEvent: (type: string, object: T) => void,
    signal: AbortSignal,
  ): Promise<Error | undefined>;
}

/** A kind that was not served is served now: everything of it is new. */
export class ServedNow extends ApiError {
  constructor(plural: string) {
    super(410, `${plural} are served now`);
  }
}

/** What a reflector makes of the objects it sees, and whom it tells. */
export interface Changes<T, Facts> {
  /**
   * The facts worth keeping of an object: a list of all of them is held, never of the objects. `undefined` for an
   * object that does not matter; nothing of it is kept, and its earlier facts are reported as removed.
   */
  read(object: T): Facts | undefined;
  /** Objects of this kind are moments: nothing of them is kept, and their ends are not reported. */
  readonly areMoments?: true;
  /** `isListed`: found by a list, so that what led to it was not seen. */
  changed(facts: Facts, isListed: boolean): void;
  /** `last` is its final state, or absent when it vanished between two lists. */
  removed(uid: string, last: Facts | undefined): void;
}

interface Found<Facts> {
  readonly uid: string;
  readonly version: string;
  readonly createdAtMs: number;
  readonly facts: Facts;
}

export interface ReflectorMetrics {
  restarted(why: 'expired' | 'failed' | 'ended'): void;
  handlerFailed(): void;
  /** An answer of the API server has been seen. */
  heard(): void;
}

export interface ReflectorDeps {
  readonly metrics: ReflectorMetrics;
  readonly log: Logger;
  /** A list had to take the place of a watch, which had been silent for so long: what came and went
   * meanwhile was not seen. */
  readonly onGap?: (seconds: number) => void;
}

const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 30_000;
/** A watch that ends sooner without a word is a server that hangs up, not a quiet cluster. */
const QUIET_BUT_WELL_MS = 5000;

/**
 * Follows one kind of object for as long as the program lives: list, watch, and from the start
 * again after whatever goes wrong. The client's own informer stops for good at the first error;
 * this loop survives errors, an expired resource version (410), and handlers that throw.
 */
export class Reflector<T extends Listed, Facts> {
  readonly #name: string;
  readonly #source: Source<T>;
  readonly #changes: Changes<T, Facts>;
  readonly #metrics: ReflectorMetrics;
  readonly #log: Logger;
  /** Uid to resource version: shows after a new list what has changed and what is gone. */
  readonly #known = new Map<string, string>();
  readonly #complaint = new Seldom();
  readonly #complaintOfSize = new Seldom();
  readonly #stop = new AbortController();
  #watching = new AbortController();
  readonly #onGap: (seconds: number) => void;
  #heardMs = 0;
  /** The refresh with which the last list was reported. */
  #told: number | undefined;
  /** Counts refreshes. */
  #meaning = 0;
  /** Whether this round has reported anything. */
  #heard = false;
  #resourceVersion = '';
  #problem: string | undefined = 'nothing has been listed yet';
  /** What has ended the watch, until anything is heard again. */
  #silence: string | undefined;
  readonly #listedOnce = Promise.withResolvers<void>();

  constructor(name: string, source: Source<T>, changes: Changes<T, Facts>, deps: ReflectorDeps) {
    this.#name = name;
    this.#source = source;
    this.#changes = changes;
    this.#onGap = deps.onGap ?? (() => {});
    this.#metrics = deps.metrics;
    this.#log = deps.log;
  }

  /** Why the objects are not known yet; `undefined` once they were listed for the first time. */
  missing(): string | undefined {
    return this.#problem;
  }

  /** Why what is known may be old: nothing listed yet, or nothing heard since the watch failed. */
  stale(): string | undefined {
    return this.#problem ?? this.#silence;
  }

  /** Resolves once everything was listed for the first time, or at `stop`. */
  listed(): Promise<void> {
    return this.#listedOnce.promise;
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.#stop.signal.aborted) {
      this.#heard = false;
      const begun = performance.now();
      await this.#round();
      if (this.#heard || performance.now() - begun > QUIET_BUT_WELL_MS)
        backoffMs = FIRST_BACKOFF_MS;
      if (performance.now() - begun > QUIET_BUT_WELL_MS) continue;
      // Whatever ended it so soon, and however well it went: not again at once.
      await sleep(backoffMs * (0.5 + Math.random() / 2), undefined, {
        signal: this.#stop.signal,
      }).catch(() => {});
      if (!this.#heard) backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
    }
  }

  /** One list, if one is due, and one watch. */
  async #round(): Promise<void> {
    try {
      if (this.#resourceVersion === '') await this.#list();
      if (this.#resourceVersion !== '') await this.#watch();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const expired = isExpired(error);
      this.#metrics.restarted(expired ? 'expired' : 'failed');
      if (expired) this.#resourceVersion = '';
      if (error instanceof ServedNow) this.#told = undefined;
      const why = messageOf(error);
      if (this.#problem !== undefined) this.#problem = why;
      this.#silence = why;
      this.#log.warn({ watch: this.#name, why }, 'watch failed; starting again');
    }
  }

  /** Lists again and reports every object as changed, because their meaning has changed. */
  refresh(): void {
    this.#meaning += 1;
    this.#resourceVersion = '';
    for (const uid of this.#known.keys()) this.#known.set(uid, '');
    this.#watching.abort();
  }

  stop(): void {
    this.#stop.abort();
    this.#listedOnce.resolve();
    this.#watching.abort();
  }

  async #list(): Promise<void> {
    const meaning = this.#meaning;
    const present = new Set<string>();
    const found: Found<Facts>[] = [];
    const resourceVersion = await this.#source.list((object) => {
      // What cannot be read is there all the same.
      this.#attempt(() => {
        const uid = uidOf(object);
        if (this.#known.has(uid)) present.add(uid);
        const one = this.#found(object);
        if (one === undefined) present.delete(uid);
        else {
          present.add(uid);
          found.push(one);
        }
      });
    }, this.#stop.signal);
    this.#metrics.heard();
    // Their meaning changed while they were read: what was read is void, and the next round lists.
    if (meaning !== this.#meaning) return;
    if (this.#told === meaning) this.#onGap((performance.now() - this.#heardMs) / 1000);
    this.#told = meaning;
    this.#heardMs = performance.now();
    for (const uid of this.#known.keys()) {
      if (!present.has(uid)) this.#tellRemoved(uid);
    }
    // Oldest first, so that a slot's earlier pods come before their successor.
    for (const one of found.sort((a, b) => a.createdAtMs - b.createdAtMs)) {
      if (this.#known.get(one.uid) !== one.version) this.#tellChanged(one, true);
    }
    this.#resourceVersion = resourceVersion;
    this.#problem = undefined;
    this.#silence = undefined;
    this.#listedOnce.resolve();
  }

  /** One watch, until it ends; throws what ended it, if that was an error. */
  async #watch(): Promise<void> {
    let expired: Error | undefined;
    const watching = new AbortController();
    this.#watching = watching;
    const ended = await this.#source.watch(
      this.#resourceVersion,
      (type, object) => {
        if (watching.signal.aborted) return;
        this.#metrics.heard();
        if (type === 'ERROR') {
          expired = errorOf(object);
          return;
        }
        this.#silence = undefined;
        this.#heardMs = performance.now();
        if (type === 'TOO_LONG') this.#droppedTooLarge();
        else this.#apply(type, object);
      },
      watching.signal,
    );
    if (watching.signal.aborted) return;
    if (expired !== undefined) throw expired;
    if (ended !== undefined) throw ended;
    this.#metrics.restarted('ended');
  }

  #apply(type: string, object: T): void {
    if (type !== 'BOOKMARK') this.#heard = true;
    if (type === 'ADDED' || type === 'MODIFIED') {
      this.#attempt(() => {
        const found = this.#found(object);
        if (found !== undefined) this.#tellChanged(found, false);
        else if (this.#known.has(uidOf(object))) this.#tellRemoved(uidOf(object));
      });
    } else if (type === 'DELETED' && this.#changes.areMoments !== true) {
      let last: Facts | undefined;
      this.#attempt(() => {
        last = this.#changes.read(object);
      });
      this.#tellRemoved(uidOf(object), last);
    }
    this.#resourceVersion = versionOf(object) || this.#resourceVersion;
  }

  #droppedTooLarge(): void {
    this.#metrics.handlerFailed();
    if (!this.#complaintOfSize.isDue()) return;
    this.#log.warn(
      { watch: this.#name },
      'an object is too large to be read whole; going on with what was read of it',
    );
  }

  #found(object: T): Found<Facts> | undefined {
    const facts = this.#changes.read(object);
    if (facts === undefined) return undefined;
    return {
      uid: uidOf(object),
      version: versionOf(object),
      createdAtMs: new Date(object.metadata?.creationTimestamp ?? 0).getTime(),
      facts,
    };
  }

  #tellChanged({ uid, version, facts }: Found<Facts>, isListed: boolean): void {
    if (this.#changes.areMoments !== true) this.#known.set(uid, version);
    this.#attempt(() => this.#changes.changed(facts, isListed));
  }

  #tellRemoved(uid: string, last?: Facts): void {
    this.#known.delete(uid);
    this.#attempt(() => this.#changes.removed(uid, last));
  }

  /** One object that trips us must not stop the news of all the others. */
  #attempt(take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#metrics.handlerFailed();
      if (!this.#complaint.isDue()) return;
      this.#log.error(
        { watch: this.#name, err: error },
        'a change could not be taken in; going on',
      );
    }
  }
}

function uidOf(object: Listed): string {
  return object.metadata?.uid ?? '';
}

function versionOf(object: Listed): string {
  return object.metadata?.resourceVersion ?? '';
}

/** The API server's Status object inside an ERROR event. */
function errorOf(object: unknown): Error {
  const { code = 0, message = 'the watch failed' } = object as { code?: number; message?: string };
  return new ApiError(code, message);
}

function isExpired(error: unknown): boolean {
  return httpStatusOf(error) === 410;
}
