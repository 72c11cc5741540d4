import type { DecisionRecord } from '../../extender/decisions/record.ts';
import type { LossTerm } from '../../extender/forecast/loss-terms.ts';
import { pageApp } from '../../extender/page/api.ts';
import { LiveFeed } from '../../extender/page/live.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import { listening } from './listening.ts';

export const NO_SIGNALS = {
  keepsHistory: true,
  rows: [],
  unmapped: [],
  refused: [],
  uncovered: [],
};

/** The page's port with these decisions, and nothing else to tell; gives its address. */
export function servingPage(deps: {
  readonly decisions: DecisionRecord;
  readonly snapshot: () => Snapshot;
  readonly terms?: readonly LossTerm[];
}): Promise<string> {
  const live = new LiveFeed({
    ...deps,
    entries: () => [],
    controls: [],
    cluster: () => undefined,
    alarm: () => undefined,
  });
  return listening(pageApp({ ...deps, live, signals: () => NO_SIGNALS }));
}
