import type { Pod } from './pod.ts';
import { shortHash } from './short-hash.ts';

/**
 * A hash of the pod's selectors, affinities and spread constraints: whether two pods want the same of a node is all that
 * is asked of them. `undefined` for a pod that has none.
 */
export function wishesOf({ spec }: Pod): string | undefined {
  const { nodeSelector, affinity, topologySpreadConstraints } = spec;
  const said = [nodeSelector, affinity, topologySpreadConstraints].filter(
    (part) => part != null && Object.keys(part).length > 0,
  );
  return said.length === 0 ? undefined : shortHash(JSON.stringify(said));
}
