import type { PodFacts } from '../facts/facts.ts';
import type { Forecast } from '../forecast/loss.ts';
import type { Departure } from '../homes/departure.ts';
import type { Homes } from '../homes/homes.ts';
import type { ExtenderConfig } from '../settings.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type Elsewhere, type SpareNodes, spareKey } from './spare-nodes.ts';

/** What forecasts relied on of an image that displaced slots would have to pull elsewhere. */
interface ImageReliedOn {
  readonly image: string;
  readonly needs: ReadonlyMap<string, number>;
  readonly hasSpare: boolean;
  /** What was known of the image. */
  readonly stamp: string;
}

/** A forecast, and what it was made from. */
interface Kept {
  readonly forecast: Forecast;
  readonly plain: Forecast;
  readonly away: readonly Departure[];
  /** When the first of the homes ends. */
  readonly untilSeconds: number;
}

/** Each question checks all of them. */
const MOST_IMAGES_RELIED_ON = 64;
/** Nobody says when an image is no longer relied on, so all forecasts are made again once a minute. */
const OLDEST_SECONDS = 60;

/**
 * Forecasts of nodes that are somebody's home, for pods of one kind with one relation to the departed slots
 * (`relationOf`). After a group has left there are hundreds of such nodes, and few of them change between two questions.
 */
export class HomeForecasts {
  /** By node index. */
  readonly #kept = new Map<number, Kept>();
  readonly #imagesReliedOn = new Map<string, ImageReliedOn>();
  #config: ExtenderConfig | undefined;
  #sinceSeconds = Number.NEGATIVE_INFINITY;

  /** How many forecasts are kept. */
  get count(): number {
    return this.#kept.size;
  }

  /**
   * To be called once before each question. Drops all forecasts when an input that they share has changed. Forecasts
   * that are kept afterwards must be made with the returned lookup, which records what they rely on.
   */
  begin(spareNodes: SpareNodes, { cluster, homes, config, nowSeconds }: Snapshot): Elsewhere {
    const hold =
      !homes.isEmpty &&
      config === this.#config &&
      nowSeconds - this.#sinceSeconds < OLDEST_SECONDS &&
      this.#imagesReliedOn.size <= MOST_IMAGES_RELIED_ON &&
      this.#imagesReliedOn
        .values()
        .every(
          ({ image, needs, hasSpare, stamp }) =>
            stamp === cluster.images.stampOf(image) && hasSpare === spareNodes.have(image, needs),
        );
    if (!hold) {
      this.#config = config;
      this.#sinceSeconds = nowSeconds;
      this.#kept.clear();
      this.#imagesReliedOn.clear();
    }
    return {
      bytesMissed: (home, image, needs) => {
        const stamp = cluster.images.stampOf(image);
        const hasSpare = spareNodes.have(image, needs);
        this.#imagesReliedOn.set(spareKey(image, needs), { image, needs, hasSpare, stamp });
        return spareNodes.bytesMissed(home, image, needs);
      },
    };
  }

  /** The kept forecast of a node, if `plain` is still its plain one and nobody has left it or come back since. */
  last(nodeIndex: number, plain: Forecast, { homes, nowSeconds }: Snapshot): Forecast | undefined {
    const kept = this.#kept.get(nodeIndex);
    const holds =
      kept !== undefined &&
      kept.plain === plain &&
      kept.away === homes.everOn(plain.candidate.node) &&
      nowSeconds < kept.untilSeconds;
    return holds ? kept.forecast : undefined;
  }

  /** Keeps a forecast that was made from `plain`, and returns it. */
  keep(
    nodeIndex: number,
    forecast: Forecast,
    plain: Forecast,
    { homes, nowSeconds }: Snapshot,
  ): Forecast {
    const away = homes.everOn(plain.candidate.node);
    const untilSeconds = away.reduce(
      (first, { homeUntilSeconds }) =>
        homeUntilSeconds > nowSeconds ? Math.min(first, homeUntilSeconds) : first,
      Number.POSITIVE_INFINITY,
    );
    this.#kept.set(nodeIndex, { forecast, plain, away, untilSeconds });
    return forecast;
  }
}

/**
 * How a pod stands to the departed slots: nothing of its workload is away, or something is. Pods of one kind and one
 * relation have the same forecasts on every home but their own; interchangeable pods on their own, too.
 */
export function relationOf({ slot }: PodFacts, homes: Homes): string {
  if (!homes.isAnyAway(slot.workload)) return '';
  return slot.interchangeable ? `any of ${slot.key}` : `one of ${slot.workload}`;
}
