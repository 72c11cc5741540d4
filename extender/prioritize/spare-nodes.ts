import type { NodeFacts } from '../facts/facts.ts';
import type { View } from '../state/snapshot.ts';

/** What a slot that is displaced misses where it goes instead. */
export interface Elsewhere {
  /** Bytes of the image, if its home has it and no node has where it could go: its devices by resource. */
  bytesMissed(home: NodeFacts, image: string, needs: ReadonlyMap<string, number>): number;
}

/**
 * The candidates of one question that are nobody's home: where a displaced slot would go. Looked up
 * only when somebody is displaced, and each thing once.
 */
export class Spares implements Elsewhere {
  readonly #places: Int32Array;
  readonly #isHome: Uint8Array;
  readonly #view: View;
  readonly #answers = new Map<string, boolean>();

  /** `isHome`: 1 at the places that are somebody's home, or were until a moment ago. */
  constructor(candidates: Int32Array, isHome: Uint8Array, view: View) {
    this.#places = candidates;
    this.#isHome = isHome;
    this.#view = view;
  }

  /** True when one of them has the image, and room for a slot that needs these devices. */
  have(image: string, needs: ReadonlyMap<string, number>): boolean {
    const key = spareKey(image, needs);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const found = this.#places.some((place) => this.#isSpare(place, image, needs));
    this.#answers.set(key, found);
    return found;
  }

  bytesMissed(home: NodeFacts, image: string, needs: ReadonlyMap<string, number>): number {
    const { cluster, nowSeconds } = this.#view;
    if (!cluster.images.isOn(home, image, nowSeconds) || this.have(image, needs)) return 0;
    return cluster.images.bytesOf(image) ?? 0;
  }

  #isSpare(place: number, image: string, needs: ReadonlyMap<string, number>): boolean {
    const { cluster, homes, nowSeconds } = this.#view;
    const node = cluster.at(place);
    if (node === undefined) return false;
    if (this.#isHome[place] === 1 && homes.on(node.name, nowSeconds).length > 0) return false;
    return (
      cluster.images.isOn(node, image, nowSeconds) &&
      needs.entries().every(([resource, count]) => cluster.freeDevices(node, resource) >= count)
    );
  }
}

/** Tells one image for these devices from another. */
export function spareKey(image: string, needs: ReadonlyMap<string, number>): string {
  return `${image} ${[...needs].join(' ')}`;
}
