/**
 * Lots between nodes that cost a pod the same: another one for each pod and node, the same in every
 * replica and at every question.
 */

/**
 * The lot of a pod on a node, from the hashes of its uid and of the node's name: 0 to 2^32 - 1. Mixed as
 * MurmurHash3 ends, for neighbouring names must not draw neighbouring lots.
 */
export function drawnLot(uidHash: number, nameHash: number): number {
  return mixed(mixed(uidHash) ^ nameHash) >>> 0;
}

function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
