import { nameHash } from '../../webhook/words/name-hash.ts';
import type { Forecast } from './loss.ts';
import { drawnLot } from './lot.ts';

/** A node's score on the wire. The scheduler adds `Score x weight x 10` to its own points. */
export interface Level {
  readonly node: string;
  readonly score: number;
}

/**
 * The lowest level. With weight 1 it moves 500 points: more than any default plugin (TaintToleration
 * 300, NodeAffinity, PodTopologySpread and InterPodAffinity 200 each), less than all of them
 * together (1,200), so that what users ask for by hand still wins where it agrees.
 */
const DEEPEST_LEVEL = -50;
/** The extender API documents scores of 0 to 10 (`MaxExtenderPriority`). */
const DOCUMENTED_MOST = 10;

/** -50 x (1 - 2^(-excess / halving)): half of the reach for the first `halvingSeconds` lost. */
export function levelOf(excessSeconds: number, halvingSeconds: number): number {
  return Math.round(DEEPEST_LEVEL * (1 - 2 ** (-excessSeconds / halvingSeconds))) || 0;
}

/** What a question is answered with. */
export interface Answer {
  readonly levels: readonly Level[];
  /** What was said of this one of the forecasts; `undefined`: nothing. It holds none of the others. */
  readonly scoreOf: (forecast: Forecast) => number | undefined;
}

/**
 * Only what differs from the commonest level, so that the answer grows with the exceptions and
 * not with the fleet. One node of the commonest level is answered with 0: the scheduler draws
 * lots among answered nodes only, and an unanswered crowd would pile up on one of them.
 */
export function sparseLevels(
  forecasts: readonly Forecast[],
  halvingSeconds: number,
  podUid: string,
): Answer {
  const best = leastLoss(forecasts);
  const levels = levelsOf(forecasts, best, halvingSeconds);
  const commonest = commonestLevel(levels);
  const ties = new Ties(nameHash(podUid));
  const answer: Level[] = [];
  for (let index = 0; index < forecasts.length; index += 1) {
    const forecast = forecasts[index] as Forecast;
    const level = levels[index] as number;
    if (level !== commonest) {
      answer.push({ node: forecast.candidate.node, score: level - commonest });
    } else ties.consider(forecast);
  }
  const tieBreaking = ties.first?.candidate.node;
  if (tieBreaking !== undefined) answer.push({ node: tieBreaking, score: 0 });
  return { levels: answer, scoreOf: sparseScore({ best, commonest, halvingSeconds, tieBreaking }) };
}

/** By itself, so that it holds no more than this. */
function sparseScore(of: {
  readonly best: number;
  readonly commonest: number;
  readonly halvingSeconds: number;
  readonly tieBreaking: string | undefined;
}): Answer['scoreOf'] {
  return ({ candidate, lossSeconds }) => {
    const score = levelOf(lossSeconds - of.best, of.halvingSeconds) - of.commonest;
    return score === 0 && candidate.node !== of.tieBreaking ? undefined : score;
  };
}

/** The dense form of the extender API's documentation: every node, 0 to 10, 10 the best. */
export function documentedLevels(forecasts: readonly Forecast[], halvingSeconds: number): Answer {
  const scoreOf = documentedScore(leastLoss(forecasts), halvingSeconds);
  const levels = forecasts.map(({ candidate, lossSeconds }) => ({
    node: candidate.node,
    score: scoreOf(lossSeconds),
  }));
  return { levels, scoreOf: ({ lossSeconds }) => scoreOf(lossSeconds) };
}

function documentedScore(best: number, halvingSeconds: number): (lossSeconds: number) => number {
  return (lossSeconds) =>
    Math.round(DOCUMENTED_MOST * 2 ** (-(lossSeconds - best) / halvingSeconds));
}

function leastLoss(forecasts: readonly Forecast[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { lossSeconds } of forecasts) if (lossSeconds < least) least = lossSeconds;
  return least;
}

/** The level of each; most nodes cost the same as one of the two before, and powers are dear. */
function levelsOf(forecasts: readonly Forecast[], best: number, halvingSeconds: number): Int8Array {
  const levels = new Int8Array(forecasts.length);
  let last = { seconds: best, level: 0 };
  let other = last;
  for (let index = 0; index < forecasts.length; index += 1) {
    const { lossSeconds } = forecasts[index] as Forecast;
    if (lossSeconds !== last.seconds) [last, other] = [other, last];
    if (lossSeconds !== last.seconds) {
      last = { seconds: lossSeconds, level: levelOf(lossSeconds - best, halvingSeconds) };
    }
    levels[index] = last.level;
  }
  return levels;
}

/** Of several that are equally common the highest. */
function commonestLevel(levels: Int8Array): number {
  const counts = new Uint32Array(1 - DEEPEST_LEVEL);
  for (const level of levels) counts[-level] = (counts[-level] as number) + 1;
  return -counts.indexOf(Math.max(...counts)) || 0;
}

/**
 * Of equals the one to answer: the smaller loss; losses within the same second are a tie, because no forecast is
 * that exact, and a tie is drawn by a hash that differs from pod to pod.
 */
class Ties {
  readonly #uidHash: number;
  first: Forecast | undefined;
  #seconds = 0;
  #lot = 0;

  constructor(uidHash: number) {
    this.#uidHash = uidHash;
  }

  consider(forecast: Forecast): void {
    const seconds = Math.round(forecast.lossSeconds);
    if (this.first !== undefined && seconds > this.#seconds) return;
    const lot = drawnLot(this.#uidHash, forecast.candidate.nameHash);
    if (this.first !== undefined && seconds === this.#seconds && lot >= this.#lot) return;
    this.first = forecast;
    this.#seconds = seconds;
    this.#lot = lot;
  }
}
