import type { Expectations } from '../../webhook/words/expectations.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import type { FleetRates } from '../hazard/rates.ts';
import { groupOf } from '../state/image-pulls.ts';
import type { View } from '../state/snapshot.ts';
import { candidateOn } from './candidate.ts';
import { HomeBoard } from './home-forecasts.ts';
import { type PodImages, podImages } from './pod-images.ts';

/** Hazards fade over hours: a forecast of a node where nothing has happened may be this old. */
export const OLDEST_SECONDS = 120;
/**
 * What a pull under way has brought differs from moment to moment; by so much at most a forecast may be wrong.
 * When a large group starts, every node pulls.
 */
export const OLDEST_OF_A_PULL_SECONDS = 5;
/** What rates of the fleet a forecast was made with may be older by so much: they move in days. */
const OLDEST_RATES_SECONDS = 180;
/** Workloads that start again at the same time, and those who have nobody away. */
const MOST_RELATIONS = 4;
/** Not all forecasts get old at the same moment. */
const PHASES = 64;

/**
 * Forecasts for pods that ask for the same, devices, images and expectations, each of a node as if it were nobody's
 * home. What each question looks at of every node stands side by side in lists of numbers, by the node's place.
 */
export class Board {
  readonly rates: FleetRates;
  askedAtSeconds: number;
  readonly #pod: PodFacts;
  readonly #expectations: Expectations;
  readonly #begunAtSeconds: number;
  /** What is known of the images, wherever they are. */
  readonly #images: string;
  readonly #podImages: PodImages;
  readonly #wholeNodeSeconds: number;
  /** Bytes a second, by kind of machine. */
  readonly #bandwidth = new Map<string, number>();
  readonly #forecasts: (Forecast | undefined)[] = [];
  #count = 0;
  /** By relation. */
  readonly #homeBoards = new Map<string, HomeBoard>();
  #lossSeconds = new Float64Array();
  /** A forecast holds until then, unless its node has another version than it was made for. */
  #untilSeconds = new Float64Array();
  #versions = new Float64Array();
  #isFull = new Uint8Array();
  /** What was asked last. */
  #asked = new Float64Array();

  constructor(pod: PodFacts, expectations: Expectations, view: View) {
    this.#pod = pod;
    this.#expectations = expectations;
    this.rates = view.rates;
    this.#begunAtSeconds = view.nowSeconds;
    this.askedAtSeconds = view.nowSeconds;
    this.#images = imagesKnown(pod, view);
    this.#podImages = podImages(pod, view);
    this.#wholeNodeSeconds = view.config.wholeNodeSeconds;
  }

  /** How many forecasts there are, those of homes as well. */
  get count(): number {
    return this.#homeBoards.values().reduce((sum, { count }) => sum + count, this.#count);
  }

  /** The same, to be made anew with what is true now. */
  begunAnew(view: View): Board {
    const board = new Board(this.#pod, this.#expectations, view);
    board.askedAtSeconds = this.askedAtSeconds;
    return board;
  }

  /** Whether what is true of all nodes is as it was when the board was begun. */
  holds(view: View): boolean {
    const isOfTheseRates =
      this.rates === view.rates || view.nowSeconds - this.#begunAtSeconds < OLDEST_RATES_SECONDS;
    return (
      isOfTheseRates &&
      this.#wholeNodeSeconds === view.config.wholeNodeSeconds &&
      this.#images === imagesKnown(this.#pod, view) &&
      this.#pullsAlike(view)
    );
  }

  /**
   * Seconds lost on each of these nodes, in their order; made anew only where something has changed. The list is used
   * again at the next question.
   */
  lossSecondsOn(places: Int32Array, view: View): Float64Array {
    this.#makeRoom(view.cluster.names.places);
    const { versions } = view.cluster;
    const { nowSeconds } = view;
    const made = this.#versions;
    const untilSeconds = this.#untilSeconds;
    const kept = this.#lossSeconds;
    const lossSeconds = this.#asked.subarray(0, places.length);
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as number;
      const holds = made[place] === versions[place] && (untilSeconds[place] as number) > nowSeconds;
      if (!holds) this.make(place, view);
      lossSeconds[index] = kept[place] as number;
    }
    return lossSeconds;
  }

  /** Whether the node had no room for such a pod when it was asked about last. */
  isFull(place: number): boolean {
    return this.#isFull[place] === 1;
  }

  /** What the node cost when it was asked about last. */
  last(place: number): Forecast | undefined {
    return this.#forecasts[place];
  }

  /** What is kept of nodes that are somebody's home, for pods of one relation to those who are away. */
  homeBoard(relation: string): HomeBoard {
    const known = this.#homeBoards.get(relation);
    if (known !== undefined) return known;
    const made = new HomeBoard();
    this.#homeBoards.set(relation, made);
    dropOldest(this.#homeBoards, MOST_RELATIONS);
    return made;
  }

  /** Makes the forecast of one node anew, if there is a node. */
  make(place: number, now: View): void {
    const { cluster, pulls, config, nowSeconds } = now;
    const node = cluster.at(place);
    if (node === undefined) return;
    this.#makeRoom(cluster.names.places);
    const candidate = candidateOn(node, this.#pod, { ...now, rates: this.rates }, this.#podImages);
    const made = forecast(candidate, this.#expectations);
    const group = groupOf(node);
    if (!this.#bandwidth.has(group)) {
      this.#bandwidth.set(group, pulls.bytesPerSecondIn(group, config.pullBytesPerSecond));
    }
    if (this.#forecasts[place] === undefined) this.#count += 1;
    const oldestSeconds = pulls.isPulling(node.name) ? OLDEST_OF_A_PULL_SECONDS : OLDEST_SECONDS;
    this.#forecasts[place] = made;
    this.#lossSeconds[place] = made.lossSeconds;
    this.#isFull[place] = candidate.isFull ? 1 : 0;
    this.#versions[place] = cluster.versions[place] as number;
    this.#untilSeconds[place] =
      nowSeconds + oldestSeconds * (0.5 + (place % PHASES) / (2 * PHASES));
  }

  #makeRoom(places: number): void {
    if (places <= this.#isFull.length) return;
    const bytes = places * Float64Array.BYTES_PER_ELEMENT;
    this.#lossSeconds = new Float64Array(this.#lossSeconds.buffer.transfer(bytes));
    this.#untilSeconds = new Float64Array(this.#untilSeconds.buffer.transfer(bytes));
    this.#versions = new Float64Array(this.#versions.buffer.transfer(bytes));
    this.#isFull = new Uint8Array(this.#isFull.buffer.transfer(places));
    this.#asked = new Float64Array(places);
  }

  /** Whether the kinds of machines pull as fast as when the board was made. */
  #pullsAlike({ pulls, config }: View): boolean {
    for (const [group, bytesPerSecond] of this.#bandwidth) {
      if (pulls.bytesPerSecondIn(group, config.pullBytesPerSecond) !== bytesPerSecond) return false;
    }
    return true;
  }
}

function imagesKnown({ images }: PodFacts, { cluster }: View): string {
  return images.map((image) => cluster.images.stampOf(image)).join(' ');
}
