import type { Forecast } from './loss.ts';

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
const DEEPEST_LEVEL = 50;
/** The extender API documents scores of 0 to 10 (`MaxExtenderPriority`). */
const DOCUMENTED_MOST = 10;

/** -50 x (1 - 2^(-excess / halving)): half of the reach for the first `halvingSeconds` lost. */
export function levelOf(excessSeconds: number, halvingSeconds: number): number {
  return Math.round(DEEPEST_LEVEL * (2 ** (-excessSeconds / halvingSeconds) - 1)) || 0;
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
): readonly Level[] {
  const best = leastLoss(forecasts);
  const levels = forecasts.map(({ lossSeconds }) => levelOf(lossSeconds - best, halvingSeconds));
  const commonest = commonestLevel(levels);
  const answer: Level[] = [];
  let tieBreaker: Forecast | undefined;
  for (const [index, forecast] of forecasts.entries()) {
    const level = levels[index] as number;
    if (level !== commonest) {
      answer.push({ node: forecast.candidate.node, score: level - commonest });
    } else if (tieBreaker === undefined || precedes(forecast, tieBreaker, podUid)) {
      tieBreaker = forecast;
    }
  }
  if (tieBreaker !== undefined) answer.push({ node: tieBreaker.candidate.node, score: 0 });
  return answer;
}

/** The dense form of the extender API's documentation: every node, 0 to 10, 10 the best. */
export function documentedLevels(
  forecasts: readonly Forecast[],
  halvingSeconds: number,
): readonly Level[] {
  const best = leastLoss(forecasts);
  return forecasts.map(({ candidate, lossSeconds }) => ({
    node: candidate.node,
    score: Math.round(DOCUMENTED_MOST * 2 ** (-(lossSeconds - best) / halvingSeconds)),
  }));
}

function leastLoss(forecasts: readonly Forecast[]): number {
  return forecasts.reduce((least, { lossSeconds }) => Math.min(least, lossSeconds), Infinity);
}

function commonestLevel(levels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const level of levels) counts.set(level, (counts.get(level) ?? 0) + 1);
  let commonest = 0;
  let most = 0;
  for (const [level, count] of counts) {
    if (count > most || (count === most && level > commonest)) {
      commonest = level;
      most = count;
    }
  }
  return commonest;
}

/**
 * The smaller loss first; losses within the same second are a tie, because no forecast is that
 * exact, and a tie is drawn by a hash that differs from pod to pod.
 */
function precedes(one: Forecast, other: Forecast, podUid: string): boolean {
  const difference = Math.round(one.lossSeconds) - Math.round(other.lossSeconds);
  if (difference !== 0) return difference < 0;
  return lot(podUid, one.candidate.node) < lot(podUid, other.candidate.node);
}

/** FNV-1a, 32 bits, with a last mix: neighbouring names must not draw neighbouring lots. */
function lot(podUid: string, node: string): number {
  let hash = 0x811c9dc5;
  for (const text of [podUid, '/', node]) {
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
