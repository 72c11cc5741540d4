import type { HostId } from '../facts/facts.ts';
import { blankHistory, type HostHistory } from '../history/host-history.ts';
import type { HistoryChanged, HistoryStore } from './store.ts';

/** Keeps history for as long as the process lives. */
export class MemoryStore implements HistoryStore {
  readonly #histories = new Map<HostId, HostHistory>();
  readonly #onChange: HistoryChanged;
  readonly #listeners: ((host: HostId) => void)[] = [];

  constructor(onChange: HistoryChanged = () => {}) {
    this.#onChange = onChange;
  }

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
    this.#onChange(before, history);
    this.#tell(history.host);
  }

  remove(host: HostId): void {
    this.#histories.delete(host);
    this.#tell(host);
  }

  subscribe(listener: (host: HostId) => void): void {
    this.#listeners.push(listener);
  }

  missing(): undefined {
    return undefined;
  }

  #tell(host: HostId): void {
    for (const listener of this.#listeners) listener(host);
  }
}
