import { nameHash } from '../../webhook/words/name-hash.ts';

/** A power of two, to begin with. */
const FIRST_NAMES = 64;
/** Bytes of a name, to begin with. */
const FIRST_BYTES = 16;
/** The place of a name that is not known. */
export const NOWHERE = -1;
/** What stands in a row for each name. */
const HASH = 0;
const FROM = 1;
const TO = 2;
/** The next name of the same bucket, or NOWHERE. */
const NEXT = 3;
const ROW = 4;

/**
 * Gives each name a place, 0 to `places` - 1, by which what is known of a node is kept; of a name that is gone another
 * one gets it. Names are found as texts or as the bytes of a request: those of a large fleet come with every
 * question, and making 5,000 texts takes longer than all else that is done with them. What is looked at for that
 * stands side by side in a few lists of numbers, for what is all over the memory comes slowly.
 */
export class NodeNames {
  readonly #placeOf = new Map<string, number>();
  readonly #free: number[] = [];
  /** The first name of each bucket, or NOWHERE. */
  #heads = new Int32Array(FIRST_NAMES).fill(NOWHERE);
  #rows = new Int32Array(FIRST_NAMES * ROW);
  /** All names as they stand in a JSON text, one after the other; those that are gone, too, until there is no room. */
  #bytes = Buffer.alloc(FIRST_NAMES * FIRST_BYTES);
  #used = 0;

  get size(): number {
    return this.#placeOf.size;
  }

  /** How many places there are, taken or free. */
  get places(): number {
    return this.#placeOf.size + this.#free.length;
  }

  /** The place of a name, or NOWHERE. */
  placeOf(name: string): number {
    return this.#placeOf.get(name) ?? NOWHERE;
  }

  /** The place of the name in `bytes`, of which the hash is known; or NOWHERE. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const rows = this.#rows;
    let place = this.#heads[this.#bucketOf(hash)] as number;
    while (place !== NOWHERE) {
      if (rows[place * ROW + HASH] === hash && this.#isAt(place, bytes, from, to)) return place;
      place = rows[place * ROW + NEXT] as number;
    }
    return NOWHERE;
  }

  /** The `nameHash` of the name there. */
  hashAt(place: number): number {
    return this.#rows[place * ROW + HASH] as number;
  }

  /** How many bytes `write` writes. */
  lengthAt(place: number): number {
    return (this.#rows[place * ROW + TO] as number) - (this.#rows[place * ROW + FROM] as number);
  }

  /** Writes the name there as it stands in a JSON text, without quotes; gives where that ends. */
  write(place: number, into: Uint8Array, at: number): number {
    const own = this.#bytes;
    const to = this.#rows[place * ROW + TO] as number;
    let end = at;
    for (let from = this.#rows[place * ROW + FROM] as number; from < to; from += 1) {
      into[end] = own[from] as number;
      end += 1;
    }
    return end;
  }

  /** Gives a name its place; the one it has, if it is known. */
  add(name: string): number {
    const known = this.#placeOf.get(name);
    if (known !== undefined) return known;
    const place = this.#free.pop() ?? this.#placeOf.size;
    if ((place + 1) * ROW > this.#rows.length) this.#grow();
    this.#rows[place * ROW + HASH] = nameHash(name);
    this.#keep(place, JSON.stringify(name).slice(1, -1));
    this.#placeOf.set(name, place);
    this.#link(place);
    return place;
  }

  /** Gives up the name and its place. */
  delete(name: string): void {
    const place = this.#placeOf.get(name);
    if (place === undefined) return;
    this.#placeOf.delete(name);
    this.#free.push(place);
    const rows = this.#rows;
    const bucket = this.#bucketOf(this.hashAt(place));
    const after = rows[place * ROW + NEXT] as number;
    let before = this.#heads[bucket] as number;
    if (before === place) {
      this.#heads[bucket] = after;
      return;
    }
    while (rows[before * ROW + NEXT] !== place) before = rows[before * ROW + NEXT] as number;
    rows[before * ROW + NEXT] = after;
  }

  /** Twice as many names. */
  #grow(): void {
    this.#rows = new Int32Array(this.#rows.buffer.transfer(2 * this.#rows.byteLength));
    this.#heads = new Int32Array(this.#rows.length / ROW).fill(NOWHERE);
    for (const place of this.#placeOf.values()) this.#link(place);
  }

  #keep(place: number, text: string): void {
    const length = Buffer.byteLength(text);
    if (this.#used + length > this.#bytes.length) this.#makeRoom(length);
    this.#rows[place * ROW + FROM] = this.#used;
    this.#used += this.#bytes.write(text, this.#used);
    this.#rows[place * ROW + TO] = this.#used;
  }

  /** Leaves out the names that are gone. */
  #makeRoom(more: number): void {
    const before = this.#bytes;
    let length = more;
    for (const place of this.#placeOf.values()) length += this.lengthAt(place);
    this.#bytes = Buffer.alloc(2 * length);
    this.#used = 0;
    for (const place of this.#placeOf.values()) {
      const from = this.#rows[place * ROW + FROM] as number;
      const to = this.#rows[place * ROW + TO] as number;
      this.#rows[place * ROW + FROM] = this.#used;
      this.#used += before.copy(this.#bytes, this.#used, from, to);
      this.#rows[place * ROW + TO] = this.#used;
    }
  }

  #link(place: number): void {
    const bucket = this.#bucketOf(this.hashAt(place));
    this.#rows[place * ROW + NEXT] = this.#heads[bucket] as number;
    this.#heads[bucket] = place;
  }

  #bucketOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#heads.length - 1);
  }

  #isAt(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.lengthAt(place) !== to - from) return false;
    const own = this.#bytes;
    let at = this.#rows[place * ROW + FROM] as number;
    for (let other = from; other < to; other += 1) {
      if (own[at] !== bytes[other]) return false;
      at += 1;
    }
    return true;
  }
}
