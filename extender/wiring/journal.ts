import { isMaintained } from '../history/maintenance.ts';
import { Journal } from '../page/journal.ts';
import type { Engine } from './engine.ts';

/** A journal of what the engine takes in from now on. */
export function journalOf(
  { ingest, store, cluster }: Pick<Engine, 'ingest' | 'store' | 'cluster'>,
  nowSeconds: () => number,
): Journal {
  const journal = new Journal();
  ingest.subscribe({
    nodeChanged(previous, current, at) {
      const isPlanned = isMaintained(store.get(current.host).maintenance, at);
      journal.nodeChanged(previous, current, isPlanned, at);
    },
    departed: (...change) => journal.departed(...change),
  });
  store.subscribe({
    stored(before, after) {
      const node = cluster.onHost(after.host);
      if (node === undefined) return;
      journal.incidentsChanged(node, before.incidents, after.incidents, nowSeconds());
    },
  });
  return journal;
}
