import { nameHash } from '../../webhook/words/name-hash.ts';

/**
 * Decides between nodes that cost a pod the same: returns a number from 0 to 2^32 - 1 for the hash of a node's name,
 * the same in every replica and at every question. Mixed as MurmurHash3 ends, because neighbouring names must not get
 * neighbouring numbers.
 */
export function tieBreakHashes(podUid: string): (nodeNameHash: number) => number {
  const ofPod = mixed(nameHash(podUid));
  return (nodeNameHash) => mixed(ofPod ^ nodeNameHash) >>> 0;
}

function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
