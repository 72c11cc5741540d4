/** FNV-1a, 32 bits, step by step: a number that stands for a name. */
export const NAME_HASH_BASIS = 0x811c9dc5;

/** The hash after one more byte. */
export function nextNameHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** The hash of a name, as signed 32 bits; of one that is not ASCII that of its UTF-16 units. */
export function nameHash(name: string): number {
  let hash = NAME_HASH_BASIS;
  for (let index = 0; index < name.length; index += 1) {
    hash = nextNameHash(hash, name.charCodeAt(index));
  }
  return hash;
}

/** Mixes all bits as MurmurHash3 ends, signed: FNV-1a gives neighbouring names neighbouring numbers. */
export function mixedBits(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
