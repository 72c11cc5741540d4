import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { mixedBits, nameHash } from '../../webhook/words/name-hash.ts';

/**
 * Chance that can be had again. Each named stream draws on its own, so that one more device or one
 * more pod changes nothing for the others.
 */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(seed: number, stream: string) {
    this.#generator = xoroshiro128plusFromState(stateFor(`${seed}/${stream}`));
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

/** What SplitMix32 adds for each number: 2^32 over the golden ratio. */
const GOLDEN_STEP = 0x9e3779b9;

/**
 * A state of four mixed numbers, as the authors of xoroshiro ask for (prng.di.unimi.it: a generator's state comes from
 * SplitMix). From the hash alone, streams whose names differ in the last letter would begin alike.
 */
function stateFor(name: string): readonly number[] {
  const hash = nameHash(name);
  return [1, 2, 3, 4].map((times) => mixedBits((hash + times * GOLDEN_STEP) | 0));
}
