import type { HostId } from '../history/facts.ts';
import type { HostHistory } from '../history/host-history.ts';

/** Where device history lives. */
export interface HistoryStore {
  /** The history of one host; a blank one where nothing is known. Answers from memory. */
  get(host: HostId): HostHistory;
  /** Every history that is not blank. */
  all(): Iterable<HostHistory>;
  /**
   * Replaces one host's history. `get` shows it at once; the promise resolves when it would
   * survive a restart, as far as this store survives one.
   */
  put(history: HostHistory): Promise<void>;
  /** Forgets a host; as `put`. */
  remove(host: HostId): Promise<void>;
  /** What keeps the store from being relied on, in words; `undefined` when nothing does. */
  missing(): string | undefined;
}
