import type { Expectations } from '../../webhook/words/expectations.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import { type ForecastInput, LOSS_TERMS, type LossTerm } from '../forecast/loss-terms.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { kindOf, mayBeKept, OLDEST_SECONDS } from './forecast-inputs.ts';
import type { HomeForecasts } from './home-forecasts.ts';
import { candidateOn } from './node-candidate.ts';
import { NodeForecasts } from './node-forecasts.ts';
import { podImages } from './pod-images.ts';

/** Forecasts kept altogether: up to a kilobyte each. */
const MOST_FORECASTS = 40_000;
/** Forecasts renewed at a time, between questions: about 8 ms. */
const RENEWED_AT_A_TIME = 1000;
/** Kinds of pods that are asked about within a minute; tenants make up as many as they like. */
const MOST_KINDS = 64;

/** Forecasts for pods of one kind, by node index. */
export interface KindForecasts {
  /** Seconds that such a pod loses now on each of these nodes, in their order. The next question overwrites the list. */
  lossSecondsOn(nodeIndexes: Int32Array): Float64Array;
  /** Whether the node had no room for such a pod at the last question. */
  isFull(nodeIndex: number): boolean;
  /** By node index: how many such pods had room there at the last question, which the next one may replace. */
  readonly places: Uint16Array;
  /** Nodes that have room by all that was seen, were asked about before and are not asked about now. */
  unasked(nodeIndexes: Int32Array): readonly number[];
  /** The node's forecast as of the last question. May be kept: it refers to no list of the question. */
  readonly last: (nodeIndex: number) => Forecast | undefined;
  /** The forecasts of homes for pods with this relation to the departed slots (`relationOf`). */
  homeForecastsFor(relation: string): HomeForecasts;
}

/** Forecasts in use, and those that will replace them once all are made with newer rates. */
interface Kind {
  readonly inUse: NodeForecasts;
  renewal?: { readonly forecasts: NodeForecasts; nextNodeIndex: number };
}

/**
 * Forecasts for all kinds of pods that are asked about. Each is made again only when something has changed that it
 * depends on; forecast-inputs.ts says what that is.
 */
export class ForecastCache {
  readonly #kinds = new Map<string, Kind>();
  readonly #terms: readonly LossTerm[];

  constructor(terms: readonly LossTerm[] = LOSS_TERMS) {
    this.#terms = terms;
  }

  /** Whether a term is computed from this. */
  dependsOn(input: ForecastInput): boolean {
    return this.#terms.some(({ dependsOn }) => dependsOn.includes(input));
  }

  /** The forecasts for pods of this one's kind, each for a node as if it were nobody's home. */
  forecastsFor(pod: PodFacts, expectations: Expectations, snapshot: Snapshot): KindForecasts {
    const isKept = mayBeKept(pod, this.#terms);
    const forecasts = isKept
      ? this.#kept(pod, expectations, snapshot)
      : new NodeForecasts(pod, expectations, this.#terms, snapshot);
    return {
      lossSecondsOn: (nodeIndexes) => forecasts.lossSecondsOn(nodeIndexes, snapshot),
      isFull: (nodeIndex) => forecasts.isFull(nodeIndex),
      unasked: (nodeIndexes) => forecasts.unasked(nodeIndexes, snapshot),
      get places() {
        return forecasts.places;
      },
      homeForecastsFor: (relation) => forecasts.homeForecastsFor(relation),
      last: isKept ? lastOf(forecasts) : madeOnDemand(pod, expectations, this.#terms, snapshot),
    };
  }

  /**
   * Makes forecasts again that were made with older rates, so that no question has to wait for it. To be called about
   * every second.
   */
  renew(snapshot: Snapshot, most = RENEWED_AT_A_TIME): void {
    let left = most;
    for (const [key, kind] of this.#kinds) {
      const { inUse } = kind;
      if (inUse.rates === snapshot.rates) continue;
      if (snapshot.nowSeconds - inUse.askedAtSeconds > OLDEST_SECONDS) {
        this.#kinds.delete(key);
        continue;
      }
      kind.renewal ??= { forecasts: inUse.emptied(snapshot), nextNodeIndex: 0 };
      const { renewal } = kind;
      for (; renewal.nextNodeIndex < snapshot.cluster.index.capacity; renewal.nextNodeIndex += 1) {
        if (inUse.last(renewal.nextNodeIndex) === undefined) continue;
        if (left === 0) return;
        renewal.forecasts.make(renewal.nextNodeIndex, snapshot);
        left -= 1;
      }
      this.#kinds.set(key, { inUse: renewal.forecasts });
    }
  }

  #kept(pod: PodFacts, expectations: Expectations, snapshot: Snapshot): NodeForecasts {
    const key = kindOf(pod, expectations);
    const known = this.#kinds.get(key)?.inUse;
    if (known?.hold(snapshot)) {
      known.askedAtSeconds = snapshot.nowSeconds;
      return known;
    }
    const inUse = new NodeForecasts(pod, expectations, this.#terms, snapshot);
    this.#kinds.delete(key);
    this.#kinds.set(key, { inUse });
    this.#dropBeyondBounds();
    return inUse;
  }

  #dropBeyondBounds(): void {
    let count = 0;
    for (const { inUse } of this.#kinds.values()) count += inUse.count;
    for (const [key, { inUse }] of this.#kinds) {
      if (this.#kinds.size === 1) return;
      if (count <= MOST_FORECASTS && this.#kinds.size <= MOST_KINDS) return;
      count -= inUse.count;
      this.#kinds.delete(key);
    }
  }
}

/** A function of its own, so that whoever keeps it keeps nothing else of the question. */
function lastOf(forecasts: NodeForecasts): KindForecasts['last'] {
  return (nodeIndex) => forecasts.last(nodeIndex);
}

function madeOnDemand(
  pod: PodFacts,
  expectations: Expectations,
  terms: readonly LossTerm[],
  snapshot: Snapshot,
): KindForecasts['last'] {
  const images = podImages(pod, snapshot);
  return (nodeIndex) => {
    const node = snapshot.cluster.at(nodeIndex);
    return node && forecast(candidateOn(node, pod, snapshot, images), expectations, terms);
  };
}
