import type { Expectations } from '../../webhook/words/expectations.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import type { View } from '../state/snapshot.ts';
import { candidateOn } from './candidate.ts';
import type { HomeBoard } from './home-forecasts.ts';
import { Board, OLDEST_SECONDS } from './node-forecasts.ts';
import { podImages } from './pod-images.ts';

/** Forecasts kept altogether: up to a kilobyte each. */
const MOST_FORECASTS = 40_000;
/** Forecasts made anew at a time, between questions: about 8 ms. */
const RENEWED_AT_A_TIME = 1000;
/** Kinds of pods that are asked about within a minute; tenants make up as many as they like. */
const MOST_BOARDS = 64;

/** Forecasts for pods of one kind, of nodes by their places. */
export interface KindForecasts {
  /** Seconds that such a pod loses now on each of these, in their order; until somebody else asks. */
  lossSecondsOn(places: Int32Array): Float64Array;
  /** Whether the node had no room for such a pod when it was asked about last. */
  isFull(place: number): boolean;
  /** What it cost when it was asked about last. It holds no list that would be let go of otherwise. */
  readonly last: (place: number) => Forecast | undefined;
  /** What is kept of nodes that are somebody's home, for pods of one relation to those who are away. */
  homeBoard(relation: string): HomeBoard;
}

/** A board that is in use, and the same with newer rates, under way; `place`: the next node that it lacks. */
interface InUse {
  readonly board: Board;
  next?: { readonly board: Board; place: number };
}

/**
 * What each node costs pods of one kind, made anew only where something has changed. All that is told
 * of one node, its pods (and so of pulls there) or its host gives the node another version; what holds for all
 * of them is compared once a question.
 */
export class Boards {
  readonly #boards = new Map<string, InUse>();

  /** The forecasts for pods of this one's kind, each of a node as if it were nobody's home. */
  forecastsFor(pod: PodFacts, expectations: Expectations, view: View): KindForecasts {
    // Which devices are published is not told by a node's version, so nothing of claims is kept.
    const isKept = pod.devices.claims.length === 0;
    const board = isKept
      ? this.#board(pod, expectations, view)
      : new Board(pod, expectations, view);
    return {
      lossSecondsOn: (places) => board.lossSecondsOn(places, view),
      isFull: (place) => board.isFull(place),
      homeBoard: (relation) => board.homeBoard(relation),
      last: isKept ? lastOn(board) : madeAnew(pod, expectations, view),
    };
  }

  /**
   * Goes on making anew what was made with other rates than now, so that no question has to. To be
   * called about every second.
   */
  renew(view: View, most = RENEWED_AT_A_TIME): void {
    let left = most;
    for (const [key, inUse] of this.#boards) {
      const { board } = inUse;
      if (board.rates === view.rates) continue;
      if (view.nowSeconds - board.askedAtSeconds > OLDEST_SECONDS) {
        this.#boards.delete(key);
        continue;
      }
      inUse.next ??= { board: board.begunAnew(view), place: 0 };
      const { next } = inUse;
      for (; next.place < view.cluster.names.places; next.place += 1) {
        if (board.last(next.place) === undefined) continue;
        if (left === 0) return;
        next.board.make(next.place, view);
        left -= 1;
      }
      this.#boards.set(key, { board: next.board });
    }
  }

  #board(pod: PodFacts, expectations: Expectations, view: View): Board {
    const key = kindOf(pod, expectations);
    const known = this.#boards.get(key)?.board;
    if (known?.holds(view)) {
      known.askedAtSeconds = view.nowSeconds;
      return known;
    }
    const board = new Board(pod, expectations, view);
    this.#boards.delete(key);
    this.#boards.set(key, { board });
    this.#drop();
    return board;
  }

  /** Drops the oldest beyond the bounds. */
  #drop(): void {
    let forecasts = 0;
    for (const { board } of this.#boards.values()) forecasts += board.count;
    for (const [key, { board }] of this.#boards) {
      if (this.#boards.size === 1) return;
      if (forecasts <= MOST_FORECASTS && this.#boards.size <= MOST_BOARDS) return;
      forecasts -= board.count;
      this.#boards.delete(key);
    }
  }
}

function lastOn(board: Board): KindForecasts['last'] {
  return (place) => board.last(place);
}

function madeAnew(pod: PodFacts, expectations: Expectations, view: View): KindForecasts['last'] {
  const images = podImages(pod, view);
  return (place) => {
    const node = view.cluster.at(place);
    return node && forecast(candidateOn(node, pod, view, images), expectations);
  };
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
