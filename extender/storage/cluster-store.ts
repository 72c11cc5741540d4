import type { Logger } from 'pino';
import { httpStatusOf } from '../../certs/cluster/api-error.ts';
import { blankHistory, type HostHistory, united } from '../history/host-history.ts';
import type { HostId } from '../signals/identity.ts';
import { historyOf } from './decode.ts';
import { statusOf } from './encode.ts';
import { type DeviceHistory, objectNameOf } from './schema.ts';
import type { HistoryListener, HistoryStore } from './store.ts';

/** How the store reaches the API server. Errors carry the HTTP status as `code`. */
export interface DeviceHistoryApi {
  get(name: string): Promise<DeviceHistory>;
  create(name: string): Promise<DeviceHistory>;
  /** Replaces the status if the object still has this version. */
  replaceStatus(name: string, resourceVersion: string, status: object): Promise<DeviceHistory>;
  delete(name: string): Promise<void>;
}

export interface ClusterStoreDeps {
  readonly api: DeviceHistoryApi;
  readonly onWritten: (result: 'written' | 'conflict' | 'failed', seconds: number) => void;
  readonly log: Logger;
}

interface Stored {
  readonly history: HostHistory;
  readonly resourceVersion: string;
}

/** Writes at a time: enough for a group of 512 to be written in seconds, and no burden. */
const MOST_WRITES = 8;
/** Changes of one host within this time are one write. */
const COALESCE_MS = 50;
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 30_000;

/**
 * Keeps history in DeviceHistory objects. What is put is written when the API server takes it, and is
 * relied on from then: `get` never shows what a crash would lose. What cannot be written waits, one
 * newest draft for each host, so that a long outage costs no more memory than the fleet is large.
 */
export class ClusterStore implements HistoryStore {
  readonly #deps: ClusterStoreDeps;
  readonly #stored = new Map<HostId, Stored>();
  readonly #hostByName = new Map<string, HostId>();
  /** Newer than what is stored; `gone`: to be deleted. */
  readonly #drafts = new Map<HostId, HostHistory | 'gone'>();
  /** What was stored when a draft began. */
  readonly #bases = new Map<HostId, Stored | undefined>();
  readonly #queue = new Set<HostId>();
  readonly #writing = new Set<HostId>();
  /** Objects that cannot be read: never overwritten, and said. */
  readonly #unreadable = new Map<string, string>();
  #mayWrite = false;
  #backoffMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #problem: { readonly words: string; readonly sinceMs: number } | undefined;
  readonly #listeners: HistoryListener[] = [];
  readonly #settling = new Set<{ readonly host: HostId | undefined; resolve: () => void }>();

  constructor(deps: ClusterStoreDeps) {
    this.#deps = deps;
  }

  get(host: HostId): HostHistory {
    return this.#stored.get(host)?.history ?? blankHistory(host);
  }

  draft(host: HostId): HostHistory {
    const draft = this.#drafts.get(host);
    if (draft === 'gone') return blankHistory(host);
    return draft ?? this.get(host);
  }

  *all(): Iterable<HostHistory> {
    for (const { history } of this.#stored.values()) yield history;
  }

  put(history: HostHistory): void {
    if (!this.#drafts.has(history.host)) {
      this.#bases.set(history.host, this.#stored.get(history.host));
    }
    this.#draft(history.host, history);
    this.#enqueue(history.host);
  }

  remove(host: HostId): void {
    if (!this.#stored.has(host)) {
      this.#draft(host, undefined);
      return;
    }
    this.#draft(host, 'gone');
    this.#enqueue(host);
  }

  subscribe(listener: HistoryListener): void {
    this.#listeners.push(listener);
  }

  /** What is not written yet, in words; `undefined` when all is. */
  remark(): string | undefined {
    const unread = [...this.#unreadable.values()];
    if (unread.length > 0) return `${unread.length} histories cannot be read: ${unread[0]}`;
    if (this.#problem === undefined) return undefined;
    const seconds = Math.round((performance.now() - this.#problem.sinceMs) / 1000);
    return `history of ${this.#drafts.size} hosts has waited ${seconds} s to be written: ${this.#problem.words}`;
  }

  /** How many hosts have changes that are not written. */
  get unwritten(): number {
    return this.#drafts.size;
  }

  /** Only the replica that keeps the history writes. */
  beginWriting(): void {
    this.#mayWrite = true;
    for (const [host, draft] of this.#drafts) {
      const stored = this.#stored.get(host);
      // What another replica has written meanwhile is what ours is added to.
      if (draft !== 'gone' && stored !== undefined && stored !== this.#bases.get(host)) {
        this.#draft(host, united(stored.history, draft));
      }
      this.#enqueue(host);
    }
  }

  /** It is not our turn any more. What is not written stays: it may be our turn again after an outage. */
  stopWriting(): void {
    this.#mayWrite = false;
    this.#queue.clear();
  }

  /** Resolves once all that was put, or of one host, is written, or when this replica does not write. */
  settled(host?: HostId): Promise<void> {
    return new Promise((resolve) => {
      this.#settling.add({ host, resolve });
      this.#tellSettled();
    });
  }

  #tellSettled(): void {
    for (const one of this.#settling) {
      const waits = one.host === undefined ? this.#writable() : this.#drafts.has(one.host);
      if (this.#mayWrite && waits) continue;
      this.#settling.delete(one);
      one.resolve();
    }
  }

  /** Whether anything waits that can be written at all. */
  #writable(): boolean {
    return this.#drafts.keys().some((host) => !this.#unreadable.has(objectNameOf(host)));
  }

  /** An object as the watch shows it. */
  changed(object: DeviceHistory): void {
    const { name = '', resourceVersion = '' } = object.metadata;
    const known = this.#hostByName.get(name);
    const stored = known === undefined ? undefined : this.#stored.get(known);
    // What we wrote ourselves comes back by the watch, maybe after we have written again.
    if (stored !== undefined && !isNewer(resourceVersion, stored.resourceVersion)) return;
    if (object.status === undefined) return;
    const read = historyOf(object);
    if (!read.ok) {
      if (!this.#unreadable.has(name)) this.#deps.log.error(read.problem);
      this.#unreadable.set(name, read.problem);
      return;
    }
    this.#unreadable.delete(name);
    this.#set(name, { history: read.history, resourceVersion });
  }

  /** An object that is gone. */
  removed(name: string): void {
    this.#unreadable.delete(name);
    const host = this.#hostByName.get(name);
    if (host === undefined) return;
    const before = this.get(host);
    this.#hostByName.delete(name);
    this.#stored.delete(host);
    if (this.#drafts.get(host) === 'gone') this.#drafts.delete(host);
    this.#tellStored(before, blankHistory(host));
    this.#changed(host);
  }

  stop(): void {
    this.#mayWrite = false;
    this.#tellSettled();
    clearTimeout(this.#timer);
  }

  #set(name: string, stored: Stored): void {
    const { host } = stored.history;
    const before = this.get(host);
    this.#hostByName.set(name, host);
    this.#stored.set(host, stored);
    this.#tellStored(before, stored.history);
    this.#changed(host);
  }

  #draft(host: HostId, draft: HostHistory | 'gone' | undefined): void {
    if (draft === undefined) this.#drafts.delete(host);
    else this.#drafts.set(host, draft);
    this.#changed(host);
  }

  #changed(host: HostId): void {
    for (const listener of this.#listeners) listener.changed?.(host);
  }

  #tellStored(before: HostHistory, after: HostHistory): void {
    for (const listener of this.#listeners) listener.stored?.(before, after);
  }

  #enqueue(host: HostId): void {
    if (!this.#mayWrite) return;
    this.#queue.add(host);
    this.#schedule(COALESCE_MS);
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#writeSome();
      },
      Math.max(afterMs, this.#backoffMs),
    );
  }

  #writeSome(): void {
    for (const host of this.#queue) {
      if (!this.#mayWrite || this.#writing.size >= MOST_WRITES) break;
      if (this.#writing.has(host)) continue;
      this.#queue.delete(host);
      this.#writing.add(host);
      void this.#write(host).finally(() => {
        this.#writing.delete(host);
        if (this.#queue.size > 0) this.#schedule(0);
        this.#tellSettled();
      });
    }
  }

  async #write(host: HostId): Promise<void> {
    const draft = this.#drafts.get(host);
    const name = objectNameOf(host);
    if (draft === undefined || this.#unreadable.has(name)) return;
    const begun = performance.now();
    const done = (result: 'written' | 'conflict' | 'failed') =>
      this.#deps.onWritten(result, (performance.now() - begun) / 1000);
    try {
      if (draft === 'gone') await this.#delete(name);
      else await this.#replace(name, draft);
      done('written');
      this.#backoffMs = 0;
      this.#problem = undefined;
    } catch (error) {
      await this.#recover(host, error, done);
    }
  }

  async #recover(
    host: HostId,
    error: unknown,
    done: (result: 'conflict' | 'failed') => void,
  ): Promise<void> {
    const name = objectNameOf(host);
    if (this.#mayWrite) this.#queue.add(host);
    switch (httpStatusOf(error)) {
      case 409:
        done('conflict');
        await this.#adopt(host, name).catch((failure) => this.#postpone(failure));
        break;
      case 404:
        // Somebody has deleted it; a kind that is not served fails again when it is made.
        done('failed');
        if (this.#stored.delete(host)) {
          this.#changed(host);
          break;
        }
        this.#postpone(error);
        break;
      default:
        done('failed');
        this.#postpone(error);
    }
  }

  async #replace(name: string, draft: HostHistory): Promise<void> {
    const { status, history } = statusOf(draft);
    const version =
      this.#stored.get(draft.host)?.resourceVersion ??
      (await this.#deps.api.create(name)).metadata.resourceVersion ??
      '';
    const written = await this.#deps.api.replaceStatus(name, version, status);
    // It may have changed again while it was written; then that is the next write.
    if (this.#drafts.get(draft.host) === draft) this.#draft(draft.host, undefined);
    this.#set(name, { history, resourceVersion: written.metadata.resourceVersion ?? '' });
  }

  async #delete(name: string): Promise<void> {
    await this.#deps.api.delete(name).catch((error) => {
      if (httpStatusOf(error) !== 404) throw error;
    });
    this.removed(name);
  }

  /** Somebody else has written: what is new in theirs is kept, and ours is built on it. */
  async #adopt(host: HostId, name: string): Promise<void> {
    const object = await this.#deps.api.get(name);
    const { resourceVersion = '' } = object.metadata;
    const draft = this.#drafts.get(host);
    if (object.status === undefined) {
      // Made, but never filled: the replica that made it has gone.
      this.#hostByName.set(name, host);
      this.#stored.set(host, { history: blankHistory(host), resourceVersion });
      return;
    }
    this.changed(object);
    const theirs = this.#stored.get(host);
    if (draft === undefined || draft === 'gone' || theirs === undefined) return;
    this.#draft(host, united(draft, theirs.history));
  }

  #postpone(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    if (this.#problem === undefined) {
      this.#problem = { words, sinceMs: performance.now() };
      this.#deps.log.error({ err: error }, 'history cannot be written; trying again');
    }
    this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, FIRST_BACKOFF_MS), LAST_BACKOFF_MS);
    this.#schedule(this.#backoffMs);
  }
}

/** Versions of one kind can be compared (KEP-5504, 1.35); one that is no number is taken for newer. */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than;
  return BigInt(version) > BigInt(than);
}
