import type { Expectations } from '../webhook/words/expectations.ts';
import { type Forecast, forecast } from './forecast/loss.ts';
import type { NodeFacts, PodFacts } from './history/facts.ts';
import type { HostHistory } from './history/host-history.ts';
import type { FleetRates } from './history/rates.ts';
import { candidateOn } from './on-node.ts';
import type { View } from './view.ts';

/** Hazards fade over hours: a forecast of a node where nothing has happened may be this old. */
const OLDEST_SECONDS = 120;
/** Forecasts kept altogether: up to a kilobyte each. */
const MOST_FORECASTS = 40_000;
/** Kinds of pods that are asked about within a minute; tenants make up as many as they like. */
const MOST_BOARDS = 64;

/** A forecast, and what it was made from: it holds for as long as that is the same. */
interface Kept {
  readonly forecast: Forecast;
  /** Of the node's facts and its pods. */
  readonly version: number;
  /** Only to see whether they are the same, so not held; absent for a host of which nothing is known. */
  readonly written: WeakRef<HostHistory> | undefined;
  readonly newest: WeakRef<HostHistory> | undefined;
  /** All that the configuration has a say in. */
  readonly bytesPerSecond: number;
  readonly untilSeconds: number;
}

/** Forecasts for pods that ask for the same: same devices, images and expectations. */
interface Board {
  readonly rates: FleetRates;
  /** What is known of the images, wherever they are. */
  readonly images: string;
  readonly byNode: Map<string, Kept>;
}

/**
 * What each node costs pods of one kind, made anew only where something has changed: facts and
 * histories are replaced and never altered, so that it is enough to see that they are the same.
 */
export class Boards {
  readonly #boards = new Map<string, Board>();

  /** The forecasts for pods of this one's kind, each of a node as if it were nobody's home. */
  forecastsFor(
    pod: PodFacts,
    expectations: Expectations,
    view: View,
  ): (node: NodeFacts) => Forecast {
    const make = (node: NodeFacts) => forecast(candidateOn(node, pod, view), expectations);
    // Which devices are published is not told by any of what a forecast is checked against.
    if (pod.devices.claims.length > 0) return make;
    const { byNode } = this.#board(pod, expectations, view);
    return (node) =>
      // What a pull under way has brought differs from moment to moment.
      view.pulls.isPulling(node.name) ? make(node) : kept(node, byNode, view, make);
  }

  #board(pod: PodFacts, expectations: Expectations, view: View): Board {
    const key = kindOf(pod, expectations);
    const { rates } = view;
    const images = pod.images.map((image) => view.cluster.images.stampOf(image)).join(' ');
    const known = this.#boards.get(key);
    if (known?.rates === rates && known.images === images) return known;
    const fresh = { rates, images, byNode: new Map<string, Kept>() };
    this.#boards.delete(key);
    this.#boards.set(key, fresh);
    this.#drop(rates);
    return fresh;
  }

  /** Drops boards that a change of rates has made useless, and the oldest beyond the bounds. */
  #drop(rates: FleetRates): void {
    let forecasts = 0;
    for (const [key, board] of this.#boards) {
      if (board.rates === rates) forecasts += board.byNode.size;
      else this.#boards.delete(key);
    }
    for (const [key, { byNode }] of this.#boards) {
      if (this.#boards.size === 1) return;
      if (forecasts <= MOST_FORECASTS && this.#boards.size <= MOST_BOARDS) return;
      forecasts -= byNode.size;
      this.#boards.delete(key);
    }
  }
}

function kept(
  node: NodeFacts,
  byNode: Map<string, Kept>,
  { store, cluster, pulls, config, nowSeconds }: View,
  make: (node: NodeFacts) => Forecast,
): Forecast {
  const known = byNode.get(node.name);
  const written = store.get(node.host);
  const newest = store.draft(node.host);
  const version = cluster.versionOf(node.name);
  const bytesPerSecond = pulls.bytesPerSecond(node, config.pullBytesPerSecond, nowSeconds);
  if (
    known !== undefined &&
    known.version === version &&
    known.bytesPerSecond === bytesPerSecond &&
    known.untilSeconds > nowSeconds &&
    isSame(known.written, written) &&
    isSame(known.newest, newest)
  ) {
    return known.forecast;
  }
  const made = make(node);
  // Not all at the same moment.
  const untilSeconds = nowSeconds + OLDEST_SECONDS * (0.5 + (byNode.size % 64) / 128);
  byNode.set(node.name, {
    forecast: made,
    version,
    written: refTo(written),
    newest: refTo(newest),
    bytesPerSecond,
    untilSeconds,
  });
  return made;
}

function refTo(history: HostHistory): WeakRef<HostHistory> | undefined {
  return isBlank(history) ? undefined : new WeakRef(history);
}

function isSame(kept: WeakRef<HostHistory> | undefined, now: HostHistory): boolean {
  return isBlank(now) ? kept === undefined : kept?.deref() === now;
}

/** A store makes a new blank history each time that it is asked for one that it does not have. */
function isBlank({ node }: HostHistory): boolean {
  return node === '';
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
