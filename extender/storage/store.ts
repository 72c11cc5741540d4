import type { HostHistory } from '../history/host-history.ts';
import type { HostId } from '../signals/identity.ts';

/** Where device history lives. */
export interface HistoryStore {
  /**
   * What may be relied on of one host: it would survive a restart, as far as this store survives one;
   * a blank history where nothing is known. Answers from memory.
   */
  get(host: HostId): HostHistory;
  /** The newest that was put, whether or not it is written yet: what the next change starts from. */
  draft(host: HostId): HostHistory;
  /** Every history that is not blank, as `get` gives it. */
  all(): Iterable<HostHistory>;
  /** Replaces one host's history: `draft` shows it at once, `get` once it is written. */
  put(history: HostHistory): void;
  /** Forgets a host. */
  remove(host: HostId): void;
  subscribe(listener: HistoryListener): void;
}

/** Whoever wants to know of changes. */
export interface HistoryListener {
  /** `get` or `draft` may return another history of this host than before. */
  changed?(host: HostId): void;
  /** What may be relied on has changed. */
  stored?(before: HostHistory, after: HostHistory): void;
}
