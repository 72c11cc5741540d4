import { bounded, type HostHistory, isExpired, lastHeardSeconds } from '../history/host-history.ts';
import type { HostId } from '../signals/identity.ts';
import type { HistoryStore } from '../storage/store.ts';

/** Hosts that are gone are remembered up to this number, or up to the number of hosts that are there. */
const FEWEST_GONE = 1000;

/** What a round of pruning changes in the store. */
export interface Expiry {
  /** Histories of hosts that are there, without homes that have ended. */
  readonly shortened: readonly HostHistory[];
  /** Hosts that are gone for good. */
  readonly forgotten: readonly HostId[];
}

/** Finds homes that have ended and hosts that are gone for good; `present`: hosts that have a Node now. */
export function expiryOf(
  store: HistoryStore,
  present: ReadonlySet<HostId>,
  nowSeconds: number,
): Expiry {
  const shortened: HostHistory[] = [];
  const forgotten: HostId[] = [];
  const gone: HostHistory[] = [];
  for (const history of store.all()) {
    if (present.has(history.host)) {
      const draft = store.draft(history.host);
      const fresh = bounded(draft, nowSeconds);
      if (fresh.departures.length < draft.departures.length) shortened.push(fresh);
    } else if (isExpired(history, nowSeconds)) forgotten.push(history.host);
    else gone.push(history);
  }
  gone.sort((a, b) => lastHeardSeconds(a) - lastHeardSeconds(b));
  const tooMany = gone.slice(0, Math.max(0, gone.length - Math.max(FEWEST_GONE, present.size)));
  return { shortened, forgotten: [...forgotten, ...tooMany.map(({ host }) => host)] };
}
