import type { PodFacts } from '../facts/facts.ts';
import type { Forecast } from '../forecast/loss.ts';
import type { Departure } from '../homes/departure.ts';
import type { Homes } from '../homes/homes.ts';
import type { ExtenderConfig } from '../settings.ts';
import type { View } from '../state/snapshot.ts';
import { type Elsewhere, type Spares, spareKey } from './spare-nodes.ts';

/** What was relied on of an image that slots would miss elsewhere. */
interface Relied {
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

/** Images and devices that are relied on; each question looks all of them up. */
const MOST_RELIED_ON = 64;
/** Nobody tells when an image is relied on no more, so all is made anew once a minute. */
const OLDEST_SECONDS = 60;

/**
 * Forecasts of nodes that are somebody's home, for pods of one kind that stand to the slots away as each other does
 * (`relationOf`). After a group has left, hundreds of nodes are; from one question to the next few of them change.
 */
export class HomeBoard {
  /** By place. */
  readonly #kept = new Map<number, Kept>();
  readonly #relied = new Map<string, Relied>();
  #config: ExtenderConfig | undefined;
  #begunAtSeconds = Number.NEGATIVE_INFINITY;

  /** How many forecasts there are. */
  get count(): number {
    return this.#kept.size;
  }

  /**
   * To be called before a question: lets go of all of them when something holds no more that no node's version tells.
   * What is kept then has to be made with what this gives, which notes what of the spares is relied on.
   */
  begin(spares: Spares, { cluster, homes, config, nowSeconds }: View): Elsewhere {
    const holds =
      !homes.isEmpty &&
      config === this.#config &&
      nowSeconds - this.#begunAtSeconds < OLDEST_SECONDS &&
      this.#relied.size <= MOST_RELIED_ON &&
      this.#relied
        .values()
        .every(
          ({ image, needs, hasSpare, stamp }) =>
            stamp === cluster.images.stampOf(image) && hasSpare === spares.have(image, needs),
        );
    if (!holds) {
      this.#config = config;
      this.#begunAtSeconds = nowSeconds;
      this.#kept.clear();
      this.#relied.clear();
    }
    return {
      bytesMissed: (home, image, needs) => {
        const stamp = cluster.images.stampOf(image);
        const hasSpare = spares.have(image, needs);
        this.#relied.set(spareKey(image, needs), { image, needs, hasSpare, stamp });
        return spares.bytesMissed(home, image, needs);
      },
    };
  }

  /** What such a pod loses at a place, if `plain` still holds there and nobody has left it or is back since. */
  last(place: number, plain: Forecast, { homes, nowSeconds }: View): Forecast | undefined {
    const kept = this.#kept.get(place);
    const holds =
      kept !== undefined &&
      kept.plain === plain &&
      kept.away === homes.everOn(plain.candidate.node) &&
      nowSeconds < kept.untilSeconds;
    return holds ? kept.forecast : undefined;
  }

  /** Keeps a forecast that was made after `plain`, and gives it back. */
  keep(place: number, forecast: Forecast, plain: Forecast, { homes, nowSeconds }: View): Forecast {
    const away = homes.everOn(plain.candidate.node);
    const untilSeconds = away.reduce(
      (first, { homeUntilSeconds }) =>
        homeUntilSeconds > nowSeconds ? Math.min(first, homeUntilSeconds) : first,
      Number.POSITIVE_INFINITY,
    );
    this.#kept.set(place, { forecast, plain, away, untilSeconds });
    return forecast;
  }
}

/**
 * Pods of one kind with the same relation are forecast alike on everybody's home but their own: nothing of theirs is
 * away, or slots of their workload are. Interchangeable ones are alike on their own, too.
 */
export function relationOf({ slot }: PodFacts, homes: Homes): string {
  if (!homes.isAnyAway(slot.workload)) return '';
  return slot.interchangeable ? `any of ${slot.key}` : `one of ${slot.workload}`;
}
