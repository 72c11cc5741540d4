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
/**
 * What a pull under way has brought differs from moment to moment; by so much at most a forecast may be wrong.
 * When a large group starts, every node pulls.
 */
export const OLDEST_OF_A_PULL_SECONDS = 5;
/** What rates of the fleet a forecast was made with may be older by so much: they move in days. */
const OLDEST_RATES_SECONDS = 180;
/** Forecasts made anew at a time, between questions: about 8 ms. */
const RENEWED_AT_A_TIME = 1000;
/** Kinds of pods that are asked about within a minute; tenants make up as many as they like. */
const MOST_BOARDS = 64;

/** Forecasts for pods that ask for the same: same devices, images and expectations. */
interface Board {
  readonly pod: PodFacts;
  readonly expectations: Expectations;
  readonly rates: FleetRates;
  readonly begunAtSeconds: number;
  /** What is known of the images, wherever they are. */
  readonly images: string;
  readonly wholeNodeSeconds: number;
  /** Bytes a second, by kind of machine. */
  readonly bandwidth: Map<string, number>;
  /** By the node's place. */
  readonly kept: (Kept | undefined)[];
  /** How many there are. */
  count: number;
  askedAtSeconds: number;
  /** The same with newer rates, under way; and the nodes that it lacks. */
  next?: { readonly board: Board; readonly rest: Iterator<NodeEntry> };
}

/** A forecast, and until when it holds unless the node gets another version. */
interface Kept extends Plain {
  readonly version: number;
  readonly untilSeconds: number;
}

/** A node's forecast, as if it were nobody's home; whether it is full is at hand, for every node is asked that. */
interface Plain {
  readonly forecast: Forecast;
  readonly isFull: boolean;
}

/** Forecasts for pods of one kind. */
export interface KindForecasts {
  /** What the node costs now. */
  on(node: NodeEntry): Plain;
  /** What it cost when somebody asked last. */
  last(node: NodeEntry): Forecast | undefined;
}

/**
 * What each node costs pods of one kind, made anew only where something has changed. All that is told
 * of one node, its pods (and so of pulls there) or its host gives the node another version; what holds for all
 * of them is compared once a question.
 */
export class Boards {
  readonly #boards = new Map<string, Board>();

  /** The forecasts for pods of this one's kind, each of a node as if it were nobody's home. */
  forecastsFor(pod: PodFacts, expectations: Expectations, view: View): KindForecasts {
    // Which devices are published is not told by a node's version.
    if (pod.devices.claims.length > 0) {
      const last = ({ facts }: NodeEntry) => forecast(candidateOn(facts, pod, view), expectations);
      return { on: (node) => plain(last(node)), last };
    }
    const board = this.#board(pod, expectations, view);
    const { kept } = board;
    const { nowSeconds } = view;
    return {
      on(node) {
        const known = kept[node.place];
        return known?.version === node.version && known.untilSeconds > nowSeconds
          ? known
          : make(board, node, view);
      },
      last: ({ place }) => kept[place]?.forecast,
    };
  }

  /**
   * Goes on making anew what was made with other rates than now, so that no question has to. To be
   * called about every second.
   */
  renew(view: View, most = RENEWED_AT_A_TIME): void {
    let left = most;
    for (const [key, board] of this.#boards) {
      if (board.rates === view.rates) continue;
      if (view.nowSeconds - board.askedAtSeconds > OLDEST_SECONDS) {
        this.#boards.delete(key);
        continue;
      }
      board.next ??= { board: renewed(board, view), rest: view.cluster.names.values() };
      const { board: next, rest } = board.next;
      let node = rest.next();
      for (; node.done !== true; node = rest.next()) {
        if (board.kept[node.value.place] === undefined) continue;
        make(next, node.value, view);
        left -= 1;
        if (left <= 0) return;
      }
      this.#boards.set(key, next);
    }
  }

  #board(pod: PodFacts, expectations: Expectations, view: View): Board {
    const key = kindOf(pod, expectations);
    const known = this.#boards.get(key);
    if (known !== undefined && holds(known, view)) {
      known.askedAtSeconds = view.nowSeconds;
      return known;
    }
    const fresh = begun(pod, expectations, view);
    this.#boards.delete(key);
    this.#boards.set(key, fresh);
    this.#drop();
    return fresh;
  }

  /** Drops the oldest beyond the bounds. */
  #drop(): void {
    let forecasts = 0;
    for (const { count } of this.#boards.values()) forecasts += count;
    for (const [key, { count }] of this.#boards) {
      if (this.#boards.size === 1) return;
      if (forecasts <= MOST_FORECASTS && this.#boards.size <= MOST_BOARDS) return;
      forecasts -= count;
      this.#boards.delete(key);
    }
  }
}

function begun(pod: PodFacts, expectations: Expectations, view: View): Board {
  const { rates, nowSeconds, config } = view;
  const times = { begunAtSeconds: nowSeconds, askedAtSeconds: nowSeconds };
  const images = imagesKnown(pod, view);
  const nothing = { bandwidth: new Map<string, number>(), kept: [], count: 0 };
  const { wholeNodeSeconds } = config;
  return { pod, expectations, rates, images, wholeNodeSeconds, ...times, ...nothing };
}

function renewed({ pod, expectations, askedAtSeconds }: Board, view: View): Board {
  return { ...begun(pod, expectations, view), askedAtSeconds };
}

/** Whether what is true of all nodes is as it was when the board was begun. */
function holds(board: Board, view: View): boolean {
  const isOfTheseRates =
    board.rates === view.rates || view.nowSeconds - board.begunAtSeconds < OLDEST_RATES_SECONDS;
  return (
    isOfTheseRates &&
    board.wholeNodeSeconds === view.config.wholeNodeSeconds &&
    board.images === imagesKnown(board.pod, view) &&
    pullsAlike(board, view)
  );
}

function imagesKnown({ images }: PodFacts, { cluster }: View): string {
  return images.map((image) => cluster.images.stampOf(image)).join(' ');
}

/** Whether the kinds of machines pull as fast as when the board was made. */
function pullsAlike({ bandwidth }: Board, { pulls, config }: View): boolean {
  for (const [group, bytesPerSecond] of bandwidth) {
    if (pulls.bytesPerSecondIn(group, config.pullBytesPerSecond) !== bytesPerSecond) return false;
  }
  return true;
}

/** Makes a forecast for a board, and keeps it there. */
function make(board: Board, { place, facts, version }: NodeEntry, now: View): Plain {
  const { pod, expectations, rates, bandwidth, kept } = board;
  const view = { ...now, rates };
  const { pulls, config, nowSeconds } = view;
  const made = plain(forecast(candidateOn(facts, pod, view), expectations));
  const group = groupOf(facts);
  if (!bandwidth.has(group)) {
    bandwidth.set(group, pulls.bytesPerSecondIn(group, config.pullBytesPerSecond));
  }
  if (kept[place] === undefined) board.count += 1;
  const oldestSeconds = pulls.isPulling(facts.name) ? OLDEST_OF_A_PULL_SECONDS : OLDEST_SECONDS;
  // Not all at the same moment.
  const untilSeconds = nowSeconds + oldestSeconds * (0.5 + (place % 64) / 128);
  kept[place] = { ...made, version, untilSeconds };
  return made;
}

function plain(made: Forecast): Plain {
  return { forecast: made, isFull: made.candidate.isFull };
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
