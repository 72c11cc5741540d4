import type { Reason } from '../../webhook/words/reason.ts';
import type { Decision } from '../decisions/record.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Endings } from './endings.ts';
import { whyUnfit } from './own-node.ts';

export interface BoundElsewhere {
  /** A pod that was bound just now; its slot still counts as away. */
  readonly pod: PodFacts;
  readonly snapshot: Snapshot;
  readonly endings: Endings;
  /** Forecasts a pod on nodes. */
  readonly decide: (pod: PodFacts, nodes: readonly string[]) => Decision | undefined;
}

/**
 * For whoever observes: what a pod would have saved by waiting for its own node, where its profile lets it wait.
 * `undefined` where it is at home, could not have gone there, or would not have waited.
 */
export function wouldHaveWaited({
  pod,
  snapshot,
  endings,
  decide,
}: BoundElsewhere): Reason | undefined {
  const { cluster, homes, nowSeconds } = snapshot;
  const { slot, node = '', expectations } = pod;
  const mostSeconds = expectations?.waitForHomeSeconds ?? 0;
  const [left] = mostSeconds === 0 || slot.interchangeable ? [] : homes.of(slot, nowSeconds);
  if (left === undefined || left.node === node) return undefined;
  const home = cluster.node(left.node);
  const { wishes, cause, podUid } = left;
  if (home === undefined) return undefined;
  if (whyUnfit(pod, { isBroken: cause === 'device fault', wishes }, home) !== undefined) {
    return undefined;
  }
  const waitSeconds = endings.remainingSeconds(cluster.pod(podUid), podUid, nowSeconds);
  if (waitSeconds === undefined || waitSeconds > mostSeconds) return undefined;
  const forecasts = decide(pod, [left.node, node])?.forecasts ?? [];
  const on = (name: string) => forecasts.find(({ candidate }) => candidate.node === name);
  const [atHome, elsewhere] = [on(left.node), on(node)];
  if (atHome === undefined || elsewhere === undefined) return undefined;
  // It displaces nobody at home, as in a plan.
  const homeSeconds = atHome.lossSeconds - atHome.seconds.displaced;
  const savedSeconds = Math.round(elsewhere.lossSeconds - homeSeconds - waitSeconds);
  if (savedSeconds <= 0) return undefined;
  const words = `waiting ${Math.round(waitSeconds)} s for its own node ${left.node} would have saved ${savedSeconds} s`;
  return { code: 'WouldHaveWaited', words };
}
