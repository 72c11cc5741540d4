import type { Expectations } from '../../webhook/words/expectations.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import type { LossTerm } from '../forecast/loss-terms.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { holdsForSeconds, SharedInputs } from './forecast-inputs.ts';
import { HomeForecasts } from './home-forecasts.ts';
import { candidateOn } from './node-candidate.ts';
import { type PodImages, podImages } from './pod-images.ts';

/** Workloads that start again at the same time, and pods of which nothing is away. */
const MOST_RELATIONS = 4;
/** Of the nodes that are not asked about, so many are looked at anew: each takes some microseconds. */
const MOST_RENEWED = 64;
/** Spreads the ends of forecasts, so that not all are made again at the same moment. */
const PHASES = 64;

/**
 * Forecasts for one kind of pods (the same devices, images and expectations), each for a node as if it were nobody's
 * home. What every question reads of every node is kept in lists of numbers, by node index.
 */
export class NodeForecasts {
  askedAtSeconds: number;
  readonly #pod: PodFacts;
  readonly #expectations: Expectations;
  readonly #terms: readonly LossTerm[];
  readonly #inputs: SharedInputs;
  readonly #podImages: PodImages;
  readonly #forecasts: (Forecast | undefined)[] = [];
  #count = 0;
  /** By relation. */
  readonly #homeForecasts = new Map<string, HomeForecasts>();
  #lossSeconds = new Float64Array();
  /** A forecast holds until then, unless its node has another version than it was made for. */
  #untilSeconds = new Float64Array();
  #versions = new Float64Array();
  #isFull = new Uint8Array();
  #places = new Uint16Array();
  /** The answer to the last question. */
  #answer = new Float64Array();

  constructor(
    pod: PodFacts,
    expectations: Expectations,
    terms: readonly LossTerm[],
    snapshot: Snapshot,
  ) {
    this.#pod = pod;
    this.#expectations = expectations;
    this.#terms = terms;
    this.askedAtSeconds = snapshot.nowSeconds;
    this.#inputs = new SharedInputs(pod, snapshot);
    this.#podImages = podImages(pod, snapshot);
  }

  /** How many forecasts are kept, those of homes included. */
  get count(): number {
    return this.#homeForecasts.values().reduce((sum, { count }) => sum + count, this.#count);
  }

  get rates(): Snapshot['rates'] {
    return this.#inputs.rates;
  }

  /** Forecasts for the same pods, of which none is made yet. */
  emptied(snapshot: Snapshot): NodeForecasts {
    const empty = new NodeForecasts(this.#pod, this.#expectations, this.#terms, snapshot);
    empty.askedAtSeconds = this.askedAtSeconds;
    return empty;
  }

  /** Whether what is true of all nodes is as it was when the first forecast was made. */
  hold(snapshot: Snapshot): boolean {
    return this.#inputs.hold(snapshot);
  }

  /**
   * Seconds lost on each of these nodes, in their order. Only forecasts that hold no longer are made again. The next
   * question overwrites the list.
   */
  lossSecondsOn(nodeIndexes: Int32Array, snapshot: Snapshot): Float64Array {
    this.#makeRoom(snapshot.cluster.index.capacity);
    const { versions } = snapshot.cluster;
    const { nowSeconds } = snapshot;
    const madeFor = this.#versions;
    const untilSeconds = this.#untilSeconds;
    const kept = this.#lossSeconds;
    const answer = this.#answer.subarray(0, nodeIndexes.length);
    for (let at = 0; at < nodeIndexes.length; at += 1) {
      const nodeIndex = nodeIndexes[at] as number;
      const holds =
        madeFor[nodeIndex] === versions[nodeIndex] &&
        (untilSeconds[nodeIndex] as number) > nowSeconds;
      if (!holds) this.make(nodeIndex, snapshot);
      answer[at] = kept[nodeIndex] as number;
    }
    return answer;
  }

  /** By node index: how many such pods had room there at the last question. The next question may replace the list. */
  get places(): Uint16Array {
    return this.#places;
  }

  /**
   * Nodes that are not asked about now, though they had room when they last were, and still have by all that was seen:
   * somebody may have been placed there a moment ago.
   */
  unasked(nodeIndexes: Int32Array, snapshot: Snapshot): readonly number[] {
    const { versions } = snapshot.cluster;
    const isAsked = new Uint8Array(this.#places.length);
    for (let index = 0; index < nodeIndexes.length; index += 1) {
      isAsked[nodeIndexes[index] as number] = 1;
    }
    const unasked: number[] = [];
    let renewed = 0;
    for (let nodeIndex = 0; nodeIndex < isAsked.length; nodeIndex += 1) {
      if (isAsked[nodeIndex] === 1 || this.#places[nodeIndex] === 0) continue;
      if (this.#versions[nodeIndex] !== versions[nodeIndex]) {
        if (renewed === MOST_RENEWED) continue;
        renewed += 1;
        this.make(nodeIndex, snapshot);
      }
      if (this.#places[nodeIndex] !== 0) unasked.push(nodeIndex);
    }
    return unasked;
  }

  /** Whether the node had no room for such a pod at the last question. */
  isFull(nodeIndex: number): boolean {
    return this.#isFull[nodeIndex] === 1;
  }

  /** The node's forecast as of the last question. */
  last(nodeIndex: number): Forecast | undefined {
    return this.#forecasts[nodeIndex];
  }

  /** The forecasts of homes for pods with this relation to the departed slots (`relationOf`). */
  homeForecastsFor(relation: string): HomeForecasts {
    const known = this.#homeForecasts.get(relation);
    if (known !== undefined) return known;
    const made = new HomeForecasts();
    this.#homeForecasts.set(relation, made);
    dropOldest(this.#homeForecasts, MOST_RELATIONS);
    return made;
  }

  /** Makes the forecast of one node, if there is such a node. */
  make(nodeIndex: number, now: Snapshot): void {
    const { cluster, nowSeconds } = now;
    const node = cluster.at(nodeIndex);
    if (node === undefined) return;
    this.#makeRoom(cluster.index.capacity);
    const candidate = candidateOn(node, this.#pod, { ...now, rates: this.rates }, this.#podImages);
    const made = forecast(candidate, this.#expectations, this.#terms);
    this.#inputs.reliesOn(node, now);
    if (this.#forecasts[nodeIndex] === undefined) this.#count += 1;
    this.#forecasts[nodeIndex] = made;
    this.#lossSeconds[nodeIndex] = made.lossSeconds;
    this.#isFull[nodeIndex] = candidate.isFull ? 1 : 0;
    this.#places[nodeIndex] = candidate.places;
    this.#versions[nodeIndex] = cluster.versions[nodeIndex] as number;
    this.#untilSeconds[nodeIndex] =
      nowSeconds + holdsForSeconds(node, now) * (0.5 + (nodeIndex % PHASES) / (2 * PHASES));
  }

  #makeRoom(capacity: number): void {
    if (capacity <= this.#places.length) return;
    const bytes = capacity * Float64Array.BYTES_PER_ELEMENT;
    this.#lossSeconds = new Float64Array(this.#lossSeconds.buffer.transfer(bytes));
    this.#untilSeconds = new Float64Array(this.#untilSeconds.buffer.transfer(bytes));
    this.#versions = new Float64Array(this.#versions.buffer.transfer(bytes));
    this.#isFull = new Uint8Array(this.#isFull.buffer.transfer(capacity));
    this.#places = new Uint16Array(
      this.#places.buffer.transfer(capacity * Uint16Array.BYTES_PER_ELEMENT),
    );
    this.#answer = new Float64Array(capacity);
  }
}
