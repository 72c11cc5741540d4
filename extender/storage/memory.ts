import { blankHistory, type HostHistory } from '../history/host-history.ts';
import type { HostId } from '../signals/identity.ts';
import type { HistoryListener, HistoryStore } from './store.ts';

/** Keeps history for as long as the process lives. */
export class MemoryStore implements HistoryStore {
  readonly #histories = new Map<HostId, HostHistory>();
  readonly #listeners: HistoryListener[] = [];

  get(host: HostId): HostHistory {
    return this.#histories.get(host) ?? blankHistory(host);
  }

  draft(host: HostId): HostHistory {
    return this.get(host);
  }

  all(): Iterable<HostHistory> {
    return this.#histories.values();
  }

  put(history: HostHistory): void {
    const before = this.get(history.host);
    this.#histories.set(history.host, history);
    for (const listener of this.#listeners) {
      listener.stored?.(before, history);
      listener.changed?.(history.host);
    }
  }

  remove(host: HostId): void {
    this.#histories.delete(host);
    for (const listener of this.#listeners) listener.changed?.(host);
  }

  subscribe(listener: HistoryListener): void {
    this.#listeners.push(listener);
  }
}
