import type { HostId } from '../history/facts.ts';
import { blankHistory, type HostHistory } from '../history/host-history.ts';
import type { HistoryStore } from './store.ts';

/** Keeps history for as long as the process lives. */
export class MemoryStore implements HistoryStore {
  readonly #histories = new Map<HostId, HostHistory>();

  get(host: HostId): HostHistory {
    return this.#histories.get(host) ?? blankHistory(host);
  }

  all(): Iterable<HostHistory> {
    return this.#histories.values();
  }

  async put(history: HostHistory): Promise<void> {
    this.#histories.set(history.host, history);
  }

  async remove(host: HostId): Promise<void> {
    this.#histories.delete(host);
  }

  missing(): undefined {
    return undefined;
  }
}
