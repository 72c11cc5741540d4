import { nameHash } from '../../webhook/words/name-hash.ts';

/** The number of no domain. */
export const NO_DOMAIN = -1;

/** Which domain of one level each node is in. Domains have numbers, so that questions read lists of them. */
export class Domains {
  readonly #numberOf = new Map<string, number>();
  readonly #names: string[] = [];
  /** By domain: the hash of its name. */
  readonly #hashes: number[] = [];
  /** By domain: how many nodes it has. */
  readonly #nodes: number[] = [];
  readonly #free: number[] = [];
  /** By node index: the number of its domain and one more; 0 for none. */
  #ofNode = new Int32Array();

  /** How many numbers there are, taken or free. */
  get capacity(): number {
    return this.#names.length;
  }

  /** The number of the node's domain, or NO_DOMAIN. */
  of(nodeIndex: number): number {
    return (this.#ofNode[nodeIndex] ?? 0) - 1;
  }

  /** By node index: the number of its domain and one more; 0 for none, as beyond the end. For loops over all nodes. */
  get numbers(): Int32Array {
    return this.#ofNode;
  }

  nameOf(domain: number): string {
    return this.#names[domain] ?? '';
  }

  /** The `nameHash` of its name. */
  hashOf(domain: number): number {
    return this.#hashes[domain] ?? 0;
  }

  /** How many nodes the largest one has. */
  get largest(): number {
    return this.#nodes.reduce((most, count) => Math.max(most, count), 0);
  }

  /** Puts a node into a domain; `undefined` or empty: into none. */
  set(nodeIndex: number, name: string | undefined): void {
    const before = this.of(nodeIndex);
    const now = name ? this.#numberFor(name) : NO_DOMAIN;
    if (before === now) return;
    if (nodeIndex >= this.#ofNode.length) {
      const bytes = 2 * (nodeIndex + 1) * Int32Array.BYTES_PER_ELEMENT;
      this.#ofNode = new Int32Array(this.#ofNode.buffer.transfer(bytes));
    }
    this.#ofNode[nodeIndex] = now + 1;
    if (now !== NO_DOMAIN) this.#nodes[now] = (this.#nodes[now] ?? 0) + 1;
    if (before !== NO_DOMAIN) this.#leave(before);
  }

  #leave(domain: number): void {
    const left = (this.#nodes[domain] ?? 1) - 1;
    this.#nodes[domain] = left;
    if (left > 0) return;
    this.#numberOf.delete(this.nameOf(domain));
    this.#free.push(domain);
  }

  #numberFor(name: string): number {
    const known = this.#numberOf.get(name);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#names.length;
    this.#names[number] = name;
    this.#hashes[number] = nameHash(name);
    this.#nodes[number] ??= 0;
    this.#numberOf.set(name, number);
    return number;
  }
}
