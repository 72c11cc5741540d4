import { nameHash } from '../../webhook/words/name-hash.ts';

/** A power of two, to begin with. */
const FIRST_NAMES = 64;
/** Bytes of a name, to begin with. */
const FIRST_BYTES = 16;
const NONE = -1;

/**
 * Entries by name, which is found as a text or as the bytes of a request: the names of a large fleet come
 * with every question, and making 5,000 texts takes longer than all else that is done with them. What is looked at
 * for that stands in a few lists of numbers, side by side, for what is all over the memory comes slowly.
 */
export class NodeNames<Entry> {
  /** By name: where it stands in the lists. */
  readonly #indexOf = new Map<string, number>();
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  /** The first name of each bucket, and the next one after each name; or NONE. */
  #heads = new Int32Array(FIRST_NAMES).fill(NONE);
  #next = new Int32Array(FIRST_NAMES);
  #hashes = new Int32Array(FIRST_NAMES);
  #from = new Int32Array(FIRST_NAMES);
  #to = new Int32Array(FIRST_NAMES);
  /** All names, one after the other; those that are gone, too, until there is no room. */
  #bytes = Buffer.alloc(FIRST_NAMES * FIRST_BYTES);
  #used = 0;

  get size(): number {
    return this.#indexOf.size;
  }

  get(name: string): Entry | undefined {
    const index = this.#indexOf.get(name);
    return index === undefined ? undefined : this.#entries[index];
  }

  /** The entry of the name in `bytes`, of which the hash is known. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    let index = this.#heads[this.#bucketOf(hash)] as number;
    while (index !== NONE) {
      if (this.#hashes[index] === hash && this.#isAt(index, bytes, from, to)) {
        return this.#entries[index];
      }
      index = this.#next[index] as number;
    }
    return undefined;
  }

  values(): IteratorObject<Entry> {
    return this.#indexOf.values().map((index) => this.#entries[index] as Entry);
  }

  set(name: string, entry: Entry): void {
    const known = this.#indexOf.get(name);
    if (known !== undefined) {
      this.#entries[known] = entry;
      return;
    }
    const index = this.#free.pop() ?? this.#entries.length;
    if (index >= this.#next.length) this.#grow();
    this.#entries[index] = entry;
    this.#hashes[index] = nameHash(name);
    this.#write(index, name);
    this.#indexOf.set(name, index);
    this.#link(index);
  }

  delete(name: string): void {
    const index = this.#indexOf.get(name);
    if (index === undefined) return;
    this.#indexOf.delete(name);
    this.#entries[index] = undefined;
    this.#free.push(index);
    const bucket = this.#bucketOf(this.#hashes[index] as number);
    const after = this.#next[index] as number;
    let before = this.#heads[bucket] as number;
    if (before === index) {
      this.#heads[bucket] = after;
      return;
    }
    while (this.#next[before] !== index) before = this.#next[before] as number;
    this.#next[before] = after;
  }

  /** Twice as many names. */
  #grow(): void {
    const most = 2 * this.#next.length;
    this.#next = longer(this.#next, most);
    this.#hashes = longer(this.#hashes, most);
    this.#from = longer(this.#from, most);
    this.#to = longer(this.#to, most);
    this.#heads = new Int32Array(most).fill(NONE);
    for (const index of this.#indexOf.values()) this.#link(index);
  }

  #write(index: number, name: string): void {
    const length = Buffer.byteLength(name);
    if (this.#used + length > this.#bytes.length) this.#makeRoom(length);
    this.#from[index] = this.#used;
    this.#used += this.#bytes.write(name, this.#used);
    this.#to[index] = this.#used;
  }

  /** Leaves out the names that are gone. */
  #makeRoom(more: number): void {
    const before = this.#bytes;
    let length = more;
    for (const index of this.#indexOf.values()) length += this.#lengthOf(index);
    this.#bytes = Buffer.alloc(2 * length);
    this.#used = 0;
    for (const index of this.#indexOf.values()) {
      const from = this.#from[index] as number;
      const to = this.#to[index] as number;
      this.#from[index] = this.#used;
      this.#used += before.copy(this.#bytes, this.#used, from, to);
      this.#to[index] = this.#used;
    }
  }

  #lengthOf(index: number): number {
    return (this.#to[index] as number) - (this.#from[index] as number);
  }

  #link(index: number): void {
    const bucket = this.#bucketOf(this.#hashes[index] as number);
    this.#next[index] = this.#heads[bucket] as number;
    this.#heads[bucket] = index;
  }

  #bucketOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#heads.length - 1);
  }

  #isAt(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#lengthOf(index) !== to - from) return false;
    const own = this.#bytes;
    let at = this.#from[index] as number;
    for (let other = from; other < to; other += 1) {
      if (own[at] !== bytes[other]) return false;
      at += 1;
    }
    return true;
  }
}

function longer(numbers: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const all = new Int32Array(length);
  all.set(numbers);
  return all;
}
