/** A node's score on the wire. The scheduler adds `Score x weight x 10` to its own points. */
export interface Level {
  readonly node: string;
  readonly score: number;
}

/** What the scheduler is told: nodes by their places, and side by side with them their scores. */
export interface Scores {
  readonly places: Int32Array;
  readonly scores: Int8Array;
}

export const NO_SCORES: Scores = { places: new Int32Array(), scores: new Int8Array() };

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

/** Candidates by their places, and side by side with them what the pod loses on each. */
export interface Losses {
  readonly places: Int32Array;
  readonly lossSeconds: Float64Array;
}

/** What a question is answered with. */
export interface Answer {
  readonly scores: Scores;
  /** What was said of a candidate of which the loss is known; `undefined`: nothing. It holds none of the lists. */
  readonly scoreOf: (place: number, lossSeconds: number) => number | undefined;
}

/**
 * Only what differs from the commonest level, so that the answer grows with the exceptions and
 * not with the fleet. One node of the commonest level is answered with 0: the scheduler draws
 * lots among answered nodes only, and an unanswered crowd would pile up on one of them. It is the one of the least
 * loss; losses within the same second are a tie, because no forecast is that exact, and whoever draws the
 * smallest lot has it.
 */
export function sparseLevels(
  { places, lossSeconds }: Losses,
  halvingSeconds: number,
  lotAt: (place: number) => number,
): Answer {
  const best = leastOf(lossSeconds);
  const levels = levelsOf(lossSeconds, best, halvingSeconds);
  const { commonest, count } = commonestLevel(levels);
  const isAsked = places.length > 0;
  const told = new Int32Array(places.length - count + (isAsked ? 1 : 0));
  const scores = new Int8Array(told.length);
  let end = 0;
  const drawn = { place: -1, seconds: Number.POSITIVE_INFINITY, lot: Number.POSITIVE_INFINITY };
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] as number;
    const level = levels[index] as number;
    if (level !== commonest) {
      told[end] = place;
      scores[end] = level - commonest;
      end += 1;
      continue;
    }
    const seconds = Math.round(lossSeconds[index] as number);
    if (seconds > drawn.seconds) continue;
    const lot = lotAt(place);
    if (seconds === drawn.seconds && lot >= drawn.lot) continue;
    drawn.place = place;
    drawn.seconds = seconds;
    drawn.lot = lot;
  }
  // Its score is 0, as of all that is not written.
  if (isAsked) told[end] = drawn.place;
  const scoreOf = sparseScore({ best, commonest, halvingSeconds, drawn: drawn.place });
  return { scores: { places: told, scores }, scoreOf };
}

/** By itself, so that it holds no more than this. */
function sparseScore(of: {
  readonly best: number;
  readonly commonest: number;
  readonly halvingSeconds: number;
  readonly drawn: number;
}): Answer['scoreOf'] {
  return (place, lossSeconds) => {
    const score = levelOf(lossSeconds - of.best, of.halvingSeconds) - of.commonest;
    return score === 0 && place !== of.drawn ? undefined : score;
  };
}

/** The dense form of the extender API's documentation: every node, 0 to 10, 10 the best. */
export function documentedLevels({ places, lossSeconds }: Losses, halvingSeconds: number): Answer {
  const scoreOf = documentedScore(leastOf(lossSeconds), halvingSeconds);
  const scores = Int8Array.from(lossSeconds, scoreOf);
  return { scores: { places, scores }, scoreOf: (_place, seconds) => scoreOf(seconds) };
}

function documentedScore(best: number, halvingSeconds: number): (lossSeconds: number) => number {
  return (lossSeconds) =>
    Math.round(DOCUMENTED_MOST * 2 ** (-(lossSeconds - best) / halvingSeconds));
}

function leastOf(lossSeconds: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < lossSeconds.length; index += 1) {
    const seconds = lossSeconds[index] as number;
    if (seconds < least) least = seconds;
  }
  return least;
}

/** The level of each; most nodes cost the same as one of the two before, and powers are dear. */
function levelsOf(lossSeconds: Float64Array, best: number, halvingSeconds: number): Int8Array {
  const levels = new Int8Array(lossSeconds.length);
  let last = best;
  let lastLevel = 0;
  let other = best;
  let otherLevel = 0;
  for (let index = 0; index < levels.length; index += 1) {
    const seconds = lossSeconds[index] as number;
    if (seconds === other) {
      levels[index] = otherLevel;
      continue;
    }
    if (seconds !== last) {
      other = last;
      otherLevel = lastLevel;
      last = seconds;
      lastLevel = levelOf(seconds - best, halvingSeconds);
    }
    levels[index] = lastLevel;
  }
  return levels;
}

/** Of several that are equally common the highest; and how many nodes have it. */
function commonestLevel(levels: Int8Array): { readonly commonest: number; readonly count: number } {
  const counts = new Uint32Array(1 - DEEPEST_LEVEL);
  for (let index = 0; index < levels.length; index += 1) {
    const at = -(levels[index] as number);
    counts[at] = (counts[at] as number) + 1;
  }
  let most = 0;
  for (let at = 1; at < counts.length; at += 1) {
    if ((counts[at] as number) > (counts[most] as number)) most = at;
  }
  return { commonest: -most || 0, count: counts[most] as number };
}
