import type { NodeFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';

/** What a displaced slot would have to pull on another node. */
export interface Elsewhere {
  /** Bytes of the image, if the home has it and no spare node with room for `needs` (devices by resource) has it. */
  bytesMissed(home: NodeFacts, image: string, needs: ReadonlyMap<string, number>): number;
}

/**
 * The candidates of one question that are nobody's home: where a displaced slot would go. Each lookup is done once, and
 * only when a slot is displaced.
 */
export class SpareNodes implements Elsewhere {
  readonly #nodeIndexes: Int32Array;
  readonly #isHome: Uint8Array;
  readonly #snapshot: Snapshot;
  readonly #answers = new Map<string, boolean>();

  /** `isHome`, by node index: 1 for a node that is somebody's home, or was until a moment ago. */
  constructor(candidates: Int32Array, isHome: Uint8Array, snapshot: Snapshot) {
    this.#nodeIndexes = candidates;
    this.#isHome = isHome;
    this.#snapshot = snapshot;
  }

  /** True when one of them has the image, and room for a slot that needs these devices. */
  have(image: string, needs: ReadonlyMap<string, number>): boolean {
    const key = spareKey(image, needs);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const found = this.#nodeIndexes.some((nodeIndex) => this.#isSpare(nodeIndex, image, needs));
    this.#answers.set(key, found);
    return found;
  }

  bytesMissed(home: NodeFacts, image: string, needs: ReadonlyMap<string, number>): number {
    const { cluster, nowSeconds } = this.#snapshot;
    if (!cluster.images.isOn(home, image, nowSeconds) || this.have(image, needs)) return 0;
    return cluster.images.bytesOf(image) ?? 0;
  }

  #isSpare(nodeIndex: number, image: string, needs: ReadonlyMap<string, number>): boolean {
    const { cluster, homes, nowSeconds } = this.#snapshot;
    const node = cluster.at(nodeIndex);
    if (node === undefined) return false;
    if (this.#isHome[nodeIndex] === 1 && homes.expectedOn(node.name, nowSeconds).length > 0)
      return false;
    return (
      cluster.images.isOn(node, image, nowSeconds) &&
      needs.entries().every(([resource, count]) => cluster.freeDevices(node, resource) >= count)
    );
  }
}

/** Identifies a lookup. */
export function spareKey(image: string, needs: ReadonlyMap<string, number>): string {
  return `${image} ${[...needs].join(' ')}`;
}
