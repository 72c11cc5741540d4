import type { NodeFacts } from './history/facts.ts';
import type { Homes } from './history/homes.ts';
import type { Cluster } from './watch/cluster.ts';

export interface SparesView {
  readonly cluster: Cluster;
  readonly homes: Homes;
  readonly nowSeconds: number;
}

/**
 * The candidates of one question that are nobody's home: where a displaced slot would go. Looked up
 * only when somebody is displaced, and each thing once.
 */
export class Spares {
  readonly #places: Int32Array;
  readonly #view: SparesView;
  readonly #answers = new Map<string, boolean>();
  #spares: readonly NodeFacts[] | undefined;

  constructor(candidates: Int32Array, view: SparesView) {
    this.#places = candidates;
    this.#view = view;
  }

  /** True when one of them has the image, and room for a slot that needs these devices. */
  have(image: string, needs: ReadonlyMap<string, number>): boolean {
    const { cluster, homes, nowSeconds } = this.#view;
    const key = `${image} ${[...needs].join(' ')}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    this.#spares ??= [...this.#places]
      .flatMap((place) => cluster.at(place) ?? [])
      .filter((node) => homes.on(node.name, nowSeconds).length === 0);
    const found = this.#spares.some(
      (node) =>
        cluster.images.isOn(node, image, nowSeconds) &&
        [...needs].every(([resource, count]) => cluster.freeDevices(node, resource) >= count),
    );
    this.#answers.set(key, found);
    return found;
  }
}
