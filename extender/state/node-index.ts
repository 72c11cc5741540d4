import { nameHash } from '../../webhook/words/name-hash.ts';

/** A power of two, to begin with. */
const FIRST_NAMES = 64;
/** Bytes of a name, to begin with. */
const FIRST_BYTES = 16;
/** The index of a name that is not known. */
export const UNKNOWN_NODE = -1;
/** What stands in a row for each name. */
const HASH = 0;
const FROM = 1;
const TO = 2;
/** The next name of the same bucket, or UNKNOWN_NODE. */
const NEXT = 3;
const ROW = 4;

/**
 * Gives each node name an index from 0 to `capacity` - 1, which lists of numbers about nodes are read by. The index of
 * a name that is gone goes to another name. Names are found as texts or as the bytes of a request: every question
 * names all nodes of a large fleet, and making 5,000 texts takes longer than everything else that is done with them.
 * The lookup table is a few lists of numbers, because scattered objects are slow to read.
 */
export class NodeIndex {
  readonly #indexOf = new Map<string, number>();
  readonly #free: number[] = [];
  /** The first name of each bucket, or UNKNOWN_NODE. */
  #heads = new Int32Array(FIRST_NAMES).fill(UNKNOWN_NODE);
  #rows = new Int32Array(FIRST_NAMES * ROW);
  /** All names as they stand in a JSON text, one after the other; those that are gone, too, until there is no room. */
  #bytes = Buffer.alloc(FIRST_NAMES * FIRST_BYTES);
  #used = 0;

  get size(): number {
    return this.#indexOf.size;
  }

  /** How many indexes there are, taken or free. */
  get capacity(): number {
    return this.#indexOf.size + this.#free.length;
  }

  /** The index of a name, or UNKNOWN_NODE. */
  of(name: string): number {
    return this.#indexOf.get(name) ?? UNKNOWN_NODE;
  }

  /** The index of the name in `bytes`, whose hash is given; or UNKNOWN_NODE. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const rows = this.#rows;
    let nodeIndex = this.#heads[this.#bucketOf(hash)] as number;
    while (nodeIndex !== UNKNOWN_NODE) {
      if (rows[nodeIndex * ROW + HASH] === hash && this.#isAt(nodeIndex, bytes, from, to))
        return nodeIndex;
      nodeIndex = rows[nodeIndex * ROW + NEXT] as number;
    }
    return UNKNOWN_NODE;
  }

  /** The `nameHash` of the name there. */
  hashAt(nodeIndex: number): number {
    return this.#rows[nodeIndex * ROW + HASH] as number;
  }

  /** How many bytes `write` writes. */
  lengthAt(nodeIndex: number): number {
    return (
      (this.#rows[nodeIndex * ROW + TO] as number) - (this.#rows[nodeIndex * ROW + FROM] as number)
    );
  }

  /** Writes the name there as it stands in a JSON text, without quotes; gives where that ends. */
  write(nodeIndex: number, into: Uint8Array, at: number): number {
    const own = this.#bytes;
    const to = this.#rows[nodeIndex * ROW + TO] as number;
    let end = at;
    for (let from = this.#rows[nodeIndex * ROW + FROM] as number; from < to; from += 1) {
      into[end] = own[from] as number;
      end += 1;
    }
    return end;
  }

  /** Gives a name its index; the one it has, if it is known. */
  add(name: string): number {
    const known = this.#indexOf.get(name);
    if (known !== undefined) return known;
    const nodeIndex = this.#free.pop() ?? this.#indexOf.size;
    if ((nodeIndex + 1) * ROW > this.#rows.length) this.#grow();
    this.#rows[nodeIndex * ROW + HASH] = nameHash(name);
    this.#keep(nodeIndex, JSON.stringify(name).slice(1, -1));
    this.#indexOf.set(name, nodeIndex);
    this.#link(nodeIndex);
    return nodeIndex;
  }

  /** Gives up the name and its index. */
  delete(name: string): void {
    const nodeIndex = this.#indexOf.get(name);
    if (nodeIndex === undefined) return;
    this.#indexOf.delete(name);
    this.#free.push(nodeIndex);
    const rows = this.#rows;
    const bucket = this.#bucketOf(this.hashAt(nodeIndex));
    const after = rows[nodeIndex * ROW + NEXT] as number;
    let before = this.#heads[bucket] as number;
    if (before === nodeIndex) {
      this.#heads[bucket] = after;
      return;
    }
    while (rows[before * ROW + NEXT] !== nodeIndex) before = rows[before * ROW + NEXT] as number;
    rows[before * ROW + NEXT] = after;
  }

  /** Twice as many names. */
  #grow(): void {
    this.#rows = new Int32Array(this.#rows.buffer.transfer(2 * this.#rows.byteLength));
    this.#heads = new Int32Array(this.#rows.length / ROW).fill(UNKNOWN_NODE);
    for (const nodeIndex of this.#indexOf.values()) this.#link(nodeIndex);
  }

  #keep(nodeIndex: number, text: string): void {
    const length = Buffer.byteLength(text);
    if (this.#used + length > this.#bytes.length) this.#makeRoom(length);
    this.#rows[nodeIndex * ROW + FROM] = this.#used;
    this.#used += this.#bytes.write(text, this.#used);
    this.#rows[nodeIndex * ROW + TO] = this.#used;
  }

  /** Leaves out the names that are gone. */
  #makeRoom(more: number): void {
    const before = this.#bytes;
    let length = more;
    for (const nodeIndex of this.#indexOf.values()) length += this.lengthAt(nodeIndex);
    this.#bytes = Buffer.alloc(2 * length);
    this.#used = 0;
    for (const nodeIndex of this.#indexOf.values()) {
      const from = this.#rows[nodeIndex * ROW + FROM] as number;
      const to = this.#rows[nodeIndex * ROW + TO] as number;
      this.#rows[nodeIndex * ROW + FROM] = this.#used;
      this.#used += before.copy(this.#bytes, this.#used, from, to);
      this.#rows[nodeIndex * ROW + TO] = this.#used;
    }
  }

  #link(nodeIndex: number): void {
    const bucket = this.#bucketOf(this.hashAt(nodeIndex));
    this.#rows[nodeIndex * ROW + NEXT] = this.#heads[bucket] as number;
    this.#heads[bucket] = nodeIndex;
  }

  #bucketOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#heads.length - 1);
  }

  #isAt(nodeIndex: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.lengthAt(nodeIndex) !== to - from) return false;
    const own = this.#bytes;
    let at = this.#rows[nodeIndex * ROW + FROM] as number;
    for (let other = from; other < to; other += 1) {
      if (own[at] !== bytes[other]) return false;
      at += 1;
    }
    return true;
  }
}
