import { nameHash } from '../../webhook/words/name-hash.ts';

/**
 * Lots between nodes that cost a pod the same: another one for each pod and node, the same in every
 * replica and at every question.
 */

/**
 * The lots of a pod: 0 to 2^32 - 1 for a node, by the hash of its name. Mixed as MurmurHash3 ends, for neighbouring
 * names must not draw neighbouring lots.
 */
export function lotsOf(podUid: string): (nodeNameHash: number) => number {
  const ofPod = mixed(nameHash(podUid));
  return (nodeNameHash) => mixed(ofPod ^ nodeNameHash) >>> 0;
}

function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
