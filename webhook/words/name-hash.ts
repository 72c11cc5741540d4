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
