import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** What bodies are spoilt with: what JSON is made of, and what its readers have stumbled over. */
const TOKENS = [
  '"',
  '\\',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '\n',
  '\u0000',
  '\\u0000',
  '\\u002d',
  '\\ud800',
  'ü',
  '🚀',
  '\u2028',
  'null',
  'true',
  '-0',
  '1e999',
  '""',
  '[]',
  '{}',
  ',"NodeNames":[',
  '"NodeNames":null',
  '"Nodes":{"items":[]}',
  '"Pod":',
  '"metadata":{}',
  '"__proto__":{}',
  '"gpu-1"',
  '"uid":1',
  '\ufeff',
].map((token) => Buffer.from(token));

/** Spoils bodies, each time in another way; the same seed spoils the same bodies in the same ways. */
export class Mutations {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** A whole number from 0 to below. */
  below(most: number): number {
    return uniformInt(this.#generator, 0, most - 1);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }

  /** A copy with none to four changes, mostly one. */
  spoilt(body: Buffer): Buffer {
    let spoilt = body;
    for (let changes = this.pick([0, 1, 1, 1, 2, 4]); changes > 0; changes -= 1) {
      spoilt = this.#changed(spoilt);
    }
    return spoilt;
  }

  #changed(body: Buffer): Buffer {
    const at = this.below(body.length + 1);
    const to = Math.min(body.length, at + this.pick([1, 1, 2, 8, 64]));
    const [before, within, after] = [
      body.subarray(0, at),
      body.subarray(at, to),
      body.subarray(to),
    ];
    switch (this.below(6)) {
      case 0:
        return Buffer.concat([before, after]);
      case 1:
        return Buffer.concat([before, this.pick(TOKENS), within, after]);
      case 2:
        return Buffer.concat([before, this.pick(TOKENS), after]);
      case 3:
        return Buffer.concat([before, within, within, after]);
      case 4:
        return Buffer.from(body.subarray(0, at));
      default:
        return Buffer.concat([before, Buffer.from([this.below(256)]), after]);
    }
  }
}
