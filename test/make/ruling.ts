import type { Ruling } from '../../webhook/words/injection.ts';

/** A ruling as lines: the words of each injection, its operations, then what was declined. */
export function ruled({ injections, declined }: Ruling): readonly string[] {
  return [
    ...injections.flatMap(({ words, operations }) => [
      words,
      ...operations.map(({ path, value }) => `${path} = ${JSON.stringify(value)}`),
    ]),
    ...declined.map(({ code, words }) => `${code}: ${words}`),
  ];
}
