import { mixedBits, nameHash } from '../../webhook/words/name-hash.ts';

/**
 * Decides between nodes that cost a pod the same: returns a number from 0 to 2^32 - 1 for the hash of a node's name,
 * the same in every replica and at every question.
 */
export function tieBreakHashes(podUid: string): (nodeNameHash: number) => number {
  const ofPod = mixedBits(nameHash(podUid));
  return (nodeNameHash) => mixedBits(ofPod ^ nodeNameHash) >>> 0;
}
