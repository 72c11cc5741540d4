import { nameHash } from '../../webhook/words/name-hash.ts';

interface Slot<Entry> {
  readonly name: string;
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly entry: Entry;
  next: Slot<Entry> | undefined;
}

/** A power of two, to begin with. */
const FIRST_BUCKETS = 64;

/**
 * Entries by name, which is found as a text or as the bytes of a request: the names of a large fleet come
 * with every question, and making 5,000 texts takes longer than all else that is done with them.
 */
export class NodeNames<Entry> {
  readonly #slots = new Map<string, Slot<Entry>>();
  /** Chains by hash. */
  #buckets: (Slot<Entry> | undefined)[] = new Array(FIRST_BUCKETS).fill(undefined);

  get size(): number {
    return this.#slots.size;
  }

  get(name: string): Entry | undefined {
    return this.#slots.get(name)?.entry;
  }

  /** The entry of the name in `bytes`, of which the hash is known. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): Entry | undefined {
    let slot = this.#buckets[this.#bucketOf(hash)];
    while (slot !== undefined && !(slot.hash === hash && isAt(slot.bytes, bytes, from, to))) {
      slot = slot.next;
    }
    return slot?.entry;
  }

  values(): IteratorObject<Entry> {
    return this.#slots.values().map(({ entry }) => entry);
  }

  set(name: string, entry: Entry): void {
    this.delete(name);
    if (this.#slots.size >= this.#buckets.length) this.#grow();
    const slot = { name, hash: nameHash(name), bytes: Buffer.from(name), entry, next: undefined };
    this.#slots.set(name, slot);
    this.#link(slot);
  }

  delete(name: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    this.#slots.delete(name);
    const bucket = this.#bucketOf(slot.hash);
    let before = this.#buckets[bucket];
    if (before === slot) {
      this.#buckets[bucket] = slot.next;
      return;
    }
    while (before !== undefined && before.next !== slot) before = before.next;
    if (before !== undefined) before.next = slot.next;
  }

  #grow(): void {
    this.#buckets = new Array(2 * this.#buckets.length).fill(undefined);
    for (const slot of this.#slots.values()) this.#link(slot);
  }

  #link(slot: Slot<Entry>): void {
    const bucket = this.#bucketOf(slot.hash);
    slot.next = this.#buckets[bucket];
    this.#buckets[bucket] = slot;
  }

  #bucketOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#buckets.length - 1);
  }
}

function isAt(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] !== bytes[from + index]) return false;
  }
  return true;
}
