import { createHash } from 'node:crypto';

/** 80 bits: of a million texts two share a hash once in a million fleets. */
const HASH_DIGITS = 20;

/** A hash of a text that is too long for where it is to stand, or nobody's business there. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
}
