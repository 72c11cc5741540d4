import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { nameHash } from '../../webhook/words/name-hash.ts';

/**
 * Chance that can be had again. Each named stream draws on its own, so that one more device or one
 * more pod changes nothing for the others.
 */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number, stream: string) {
    this.#generator = xoroshiro128plus(nameHash(`${seed}/${stream}`) >>> 0);
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return uniformFloat64(this.#generator);
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /** Waiting time until the next of events that come at random, `meanSeconds` apart on average. */
  waitSeconds(meanSeconds: number): number {
    return -meanSeconds * Math.log(1 - this.fraction());
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** Five letters and digits, as Kubernetes appends them to generated names. */
  suffix(): string {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    return Array.from({ length: 5 }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}
