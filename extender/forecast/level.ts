/** A node's score on the wire. The scheduler adds `Score x weight x 10` to its own points. */
export interface NodeScore {
  readonly node: string;
  readonly score: number;
}

/** What the scheduler is told: node indexes, and the score of each at the same position. */
export interface Scores {
  readonly nodeIndexes: Int32Array;
  readonly scores: Int8Array;
}

export const NO_SCORES: Scores = { nodeIndexes: new Int32Array(), scores: new Int8Array() };

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

/** The indexes of the candidates, and the seconds that the pod loses on each at the same position. */
export interface Losses {
  readonly nodeIndexes: Int32Array;
  readonly lossSeconds: Float64Array;
}

/** Nodes that win ties: those whose number, by node index, is this one. */
export interface Preferred {
  readonly numbers: Int32Array;
  readonly number: number;
}

const NOBODY: Preferred = { numbers: new Int32Array(), number: -1 };

/** What a question is answered with. */
export interface Answer {
  readonly scores: Scores;
  /** The score that a candidate with this loss was given; `undefined` for none. May be kept: it refers to no list. */
  readonly scoreOf: (nodeIndex: number, lossSeconds: number) => number | undefined;
}

/**
 * Scores only the nodes that differ from the commonest level, so that the answer grows with the exceptions and not with
 * the fleet. One node of the commonest level is scored 0: the scheduler breaks ties among scored nodes only, and without
 * it all pods would pile up on one node. It is the node of the least loss; losses within the same second are a tie,
 * because no forecast is that exact, and the smallest `tieBreakHashAt` wins.
 * Nodes that are preferred win ties, also those of the best level where that is not the commonest.
 */
export function sparseLevels(
  { nodeIndexes, lossSeconds }: Losses,
  halvingSeconds: number,
  tieBreakHashAt: (nodeIndex: number) => number,
  preferred: Preferred = NOBODY,
): Answer {
  const best = leastOf(lossSeconds);
  const levels = levelsOf(lossSeconds, best, halvingSeconds);
  const { commonest, count } = commonestLevel(levels);
  const isAsked = nodeIndexes.length > 0;
  const told = new Int32Array(nodeIndexes.length - count + (isAsked ? 1 : 0));
  const scores = new Int8Array(told.length);
  let end = 0;
  const winner = {
    nodeIndex: -1,
    seconds: Number.POSITIVE_INFINITY,
    hash: Number.POSITIVE_INFINITY,
  };
  for (let index = 0; index < nodeIndexes.length; index += 1) {
    const nodeIndex = nodeIndexes[index] as number;
    const level = levels[index] as number;
    if (level !== commonest) {
      told[end] = nodeIndex;
      scores[end] = toldScore(level, commonest, preferred, nodeIndex);
      end += 1;
      continue;
    }
    const isFirst = preferred.numbers[nodeIndex] === preferred.number;
    const seconds = isFirst ? -1 : Math.round(lossSeconds[index] as number);
    if (seconds > winner.seconds) continue;
    const hash = tieBreakHashAt(nodeIndex);
    if (seconds === winner.seconds && hash >= winner.hash) continue;
    winner.nodeIndex = nodeIndex;
    winner.seconds = seconds;
    winner.hash = hash;
  }
  // The list is filled with zeros, so its score is 0.
  if (isAsked) told[end] = winner.nodeIndex;
  const tieWinner = winner.nodeIndex;
  const scoreOf = sparseScore({ best, commonest, halvingSeconds, tieWinner, preferred });
  return { scores: { nodeIndexes: told, scores }, scoreOf };
}

/** A function of its own, so that whoever keeps it keeps nothing else. */
function sparseScore(of: {
  readonly best: number;
  readonly commonest: number;
  readonly halvingSeconds: number;
  readonly tieWinner: number;
  readonly preferred: Preferred;
}): Answer['scoreOf'] {
  return (nodeIndex, lossSeconds) => {
    const level = levelOf(lossSeconds - of.best, of.halvingSeconds);
    if (level !== of.commonest) {
      return toldScore(level, of.commonest, of.preferred, nodeIndex);
    }
    return nodeIndex === of.tieWinner ? 0 : undefined;
  };
}

/** What is told of a level that is not the commonest: of the best nodes, the preferred ones get one more. */
function toldScore(
  level: number,
  commonest: number,
  { numbers, number }: Preferred,
  nodeIndex: number,
): number {
  const isFirst = level === 0 && numbers[nodeIndex] === number;
  return Math.min(-DEEPEST_LEVEL, level - commonest + (isFirst ? 1 : 0));
}

/** The dense form of the extender API's documentation: every node, 0 to 10, 10 the best. */
export function documentedLevels(
  { nodeIndexes, lossSeconds }: Losses,
  halvingSeconds: number,
): Answer {
  const scoreOf = documentedScore(leastOf(lossSeconds), halvingSeconds);
  const scores = Int8Array.from(lossSeconds, scoreOf);
  return { scores: { nodeIndexes, scores }, scoreOf: (_nodeIndex, seconds) => scoreOf(seconds) };
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

/** The level of each; most nodes cost the same as one of the two before, and powers are slow. */
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
