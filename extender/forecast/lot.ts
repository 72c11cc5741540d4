/**
 * Lots between nodes that cost a pod the same: another one for each pod and node, the same in every
 * replica and at every question. The part of the name is made once for a node, not for a question.
 */

/** A number that stands for a name: FNV-1a, 32 bits. */
export function nameLot(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The lot of a pod on a node, 0 to 2^32 - 1; mixed (MurmurHash3's last steps), for neighbouring names must not draw neighbouring lots. */
export function drawnLot(podLot: number, nodeLot: number): number {
  let hash = mixed(podLot) ^ nodeLot;
  hash = mixed(hash);
  return hash >>> 0;
}

function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
