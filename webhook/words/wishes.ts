import { createHash } from 'node:crypto';
import type { Pod } from './pod.ts';

/** 80 bits. */
const HASH_DIGITS = 20;

/**
 * A hash of the pod's selectors, affinities and spread constraints: whether two pods want the same of a node is all that
 * is asked of them. `undefined` for a pod that has none.
 */
export function wishesOf({ spec }: Pod): string | undefined {
  const { nodeSelector, affinity, topologySpreadConstraints } = spec;
  const said = [nodeSelector, affinity, topologySpreadConstraints].filter(
    (part) => part != null && Object.keys(part).length > 0,
  );
  if (said.length === 0) return undefined;
  const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex');
  return digest.slice(0, HASH_DIGITS);
}
