import { dropOldest } from '../bounds/drop-oldest.ts';

/** What nodes pull in a second, learned from how long pods took to start. */

/** One image of a pod that came over the network. */
export interface Pull {
  readonly node: string;
  /** Nodes that pull alike: of one kind of machine. */
  readonly group: string;
  readonly bytes: number;
  readonly seconds: number;
  /** Other pulls that went on at the same time on the node. */
  readonly others: number;
}

/** Below this, a start is mostly not pulling: creating the container takes a second or two. */
const LEAST_BYTES = 256 * 2 ** 20;
/** Rates beyond these are measuring errors or a tenant's tricks. */
const SLOWEST_BYTES_PER_SECOND = 2 ** 20;
const FASTEST_BYTES_PER_SECOND = 10 * 2 ** 30;
/** With fewer nodes nothing is typical. */
const FEWEST_NODES = 3;
const PULLS_OF_A_NODE = 3;
const MOST_NODES = 1000;
/** The typical rate is computed again once this share of the nodes has pulled. */
const WORTH_RECKONING = 0.02;
/** The typical rate moves in steps of some percent, because each change makes all forecasts again. */
const TYPICAL_DIGITS = 2;

export class Bandwidth {
  /** By group and node: the rates of its latest pulls. */
  readonly #rates = new Map<string, Map<string, readonly number[]>>();
  /** Pulls since the typical one was last reckoned. */
  readonly #unheard = new Map<string, number>();
  readonly #typical = new Map<string, number>();

  saw({ node, group, bytes, seconds, others }: Pull): void {
    if (bytes < LEAST_BYTES || seconds <= 0) return;
    const rate = (bytes / seconds) * (1 + others);
    const clamped = Math.min(FASTEST_BYTES_PER_SECOND, Math.max(SLOWEST_BYTES_PER_SECOND, rate));
    const ofGroup = this.#rates.get(group) ?? new Map<string, readonly number[]>();
    this.#rates.set(group, ofGroup);
    const earlier = ofGroup.get(node) ?? [];
    ofGroup.delete(node);
    ofGroup.set(node, [...earlier, clamped].slice(-PULLS_OF_A_NODE));
    dropOldest(ofGroup, MOST_NODES);
    const unheard = (this.#unheard.get(group) ?? 0) + 1;
    this.#unheard.set(group, unheard);
    if (ofGroup.size < FEWEST_NODES || unheard < ofGroup.size * WORTH_RECKONING) return;
    this.#unheard.set(group, 0);
    const typical = upperQuartile([...ofGroup.values()].map(upperQuartile));
    this.#typical.set(group, Number(typical.toPrecision(TYPICAL_DIGITS)));
  }

  /** Bytes a second of one pull alone, or `undefined` while too few nodes have shown it. */
  of(group: string): number | undefined {
    return this.#typical.get(group);
  }
}

/** Waiting for other things only ever makes a pull look slower, so the faster ones are nearer the truth. */
function upperQuartile(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(0.75 * (sorted.length - 1))] as number;
}
