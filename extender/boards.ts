import type { Expectations } from '../webhook/words/expectations.ts';
import { type Forecast, forecast } from './forecast/loss.ts';
import type { PodFacts } from './history/facts.ts';
import type { FleetRates } from './history/rates.ts';
import { candidateOn } from './on-node.ts';
import { groupOf } from './pulls.ts';
import type { View } from './view.ts';
import type { NodeEntry } from './watch/cluster.ts';

/** Hazards fade over hours: a forecast of a node where nothing has happened may be this old. */
const OLDEST_SECONDS = 120;
/** Forecasts kept altogether: up to a kilobyte each. */
const MOST_FORECASTS = 40_000;
/** Kinds of pods that are asked about within a minute; tenants make up as many as they like. */
const MOST_BOARDS = 64;

/** Forecasts for pods that ask for the same: same devices, images and expectations. */
interface Board {
  readonly rates: FleetRates;
  /** What is known of the images, wherever they are. */
  readonly images: string;
  /** Bytes a second, by kind of machine. */
  readonly bandwidth: Map<string, number>;
  /** By the node's place; see `Kept`. */
  readonly kept: (Kept | undefined)[];
  /** How many there are. */
  count: number;
}

/** A forecast, and until when it holds unless the node gets another version. */
interface Kept {
  readonly forecast: Forecast;
  readonly version: number;
  readonly untilSeconds: number;
}

/**
 * What each node costs pods of one kind, made anew only where something has changed. All that is told
 * of one node, its pods, its host or the pulls there gives the node another version; what holds for all
 * of them is compared once a question.
 */
export class Boards {
  readonly #boards = new Map<string, Board>();

  /** The forecasts for pods of this one's kind, each of a node as if it were nobody's home. */
  forecastsFor(
    pod: PodFacts,
    expectations: Expectations,
    view: View,
  ): (node: NodeEntry) => Forecast {
    const make = ({ facts }: NodeEntry) => forecast(candidateOn(facts, pod, view), expectations);
    // Which devices are published is not told by a node's version.
    if (pod.devices.claims.length > 0) return make;
    const board = this.#board(pod, expectations, view);
    const { kept } = board;
    const { nowSeconds } = view;
    return (node) => {
      const known = kept[node.place];
      if (known?.version === node.version && known.untilSeconds > nowSeconds) return known.forecast;
      const made = make(node);
      keep(board, node, made, view);
      return made;
    };
  }

  #board(pod: PodFacts, expectations: Expectations, view: View): Board {
    const key = kindOf(pod, expectations);
    const { rates } = view;
    const images = pod.images.map((image) => view.cluster.images.stampOf(image)).join(' ');
    const known = this.#boards.get(key);
    if (known?.rates === rates && known.images === images && pullsAlike(known, view)) return known;
    const fresh = { rates, images, bandwidth: new Map(), kept: [], count: 0 };
    this.#boards.delete(key);
    this.#boards.set(key, fresh);
    this.#drop(rates);
    return fresh;
  }

  /** Drops boards that a change of rates has made useless, and the oldest beyond the bounds. */
  #drop(rates: FleetRates): void {
    let forecasts = 0;
    for (const [key, board] of this.#boards) {
      if (board.rates === rates) forecasts += board.count;
      else this.#boards.delete(key);
    }
    for (const [key, { count }] of this.#boards) {
      if (this.#boards.size === 1) return;
      if (forecasts <= MOST_FORECASTS && this.#boards.size <= MOST_BOARDS) return;
      forecasts -= count;
      this.#boards.delete(key);
    }
  }
}

/** Whether the kinds of machines pull as fast as when the board was made. */
function pullsAlike({ bandwidth }: Board, { pulls, config }: View): boolean {
  for (const [group, bytesPerSecond] of bandwidth) {
    if (pulls.bytesPerSecondIn(group, config.pullBytesPerSecond) !== bytesPerSecond) return false;
  }
  return true;
}

function keep(
  board: Board,
  { place, facts, version }: NodeEntry,
  forecast: Forecast,
  { pulls, config, nowSeconds }: View,
): void {
  const group = groupOf(facts);
  if (!board.bandwidth.has(group)) {
    board.bandwidth.set(group, pulls.bytesPerSecondIn(group, config.pullBytesPerSecond));
  }
  if (board.kept[place] === undefined) board.count += 1;
  // What a pull under way has brought differs from moment to moment; the others not all at the same.
  const holdsSeconds = pulls.isPulling(facts.name)
    ? 0
    : OLDEST_SECONDS * (0.5 + (place % 64) / 128);
  board.kept[place] = { forecast, version, untilSeconds: nowSeconds + holdsSeconds };
}

/** What of a pod its plain forecasts depend on. */
function kindOf({ images, devices }: PodFacts, expectations: Expectations): string {
  const { durationSeconds, checkpointSeconds, restartSeconds, coldStartSeconds } = expectations;
  return JSON.stringify([
    images,
    devices.resources,
    durationSeconds,
    checkpointSeconds,
    restartSeconds,
    coldStartSeconds,
  ]);
}
