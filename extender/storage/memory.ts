import type { HostId } from '../history/facts.ts';
import { blankHistory, type HostHistory } from '../history/host-history.ts';
import type { HistoryChanged, HistoryStore } from './store.ts';

/** Keeps history for as long as the process lives. */
export class MemoryStore implements HistoryStore {
  readonly #histories = new Map<HostId, HostHistory>();
  readonly #onChange: HistoryChanged;

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
  }

  remove(host: HostId): void {
    this.#histories.delete(host);
  }

  missing(): undefined {
    return undefined;
  }
}
