import type { Expectations } from '../../webhook/words/expectations.ts';
import type { Candidate } from './candidate.ts';
import { LOSS_TERMS, type LossTerm, type TermName } from './loss-terms.ts';

/** Seconds that one pod can expect to lose on one node, term by term. */
export interface Forecast {
  readonly candidate: Candidate;
  /** Of the pod. */
  readonly expectations: Expectations;
  /** The table that it was made with. */
  readonly terms: readonly LossTerm[];
  /** By the names of the terms. */
  readonly seconds: TermSeconds;
  /** The sum of all terms. */
  readonly lossSeconds: number;
}

export type TermSeconds = Readonly<Record<string, number> & Record<TermName, number>>;

/** The forecast of one candidate: each term of the table, and their sum. */
export function forecast(
  candidate: Candidate,
  expectations: Expectations,
  terms: readonly LossTerm[] = LOSS_TERMS,
): Forecast {
  const seconds: Record<string, number> = {};
  let lossSeconds = 0;
  for (const term of terms) {
    const lost = term.seconds(candidate, expectations);
    seconds[term.name] = lost;
    lossSeconds += lost;
  }
  return { candidate, expectations, terms, seconds: seconds as TermSeconds, lossSeconds };
}
