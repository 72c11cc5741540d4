/** Scores of the hosts of one snapshot, ready to be weighed again and again. */
export interface Snapshot {
  /** Index of each candidate's host in its group. */
  readonly hosts: Int32Array;
  readonly isPositive: Uint8Array;
  /** By score: candidates from the least to the most, and where a run of equals ends. */
  readonly orders: Readonly<
    Record<string, { readonly order: Int32Array; readonly runEnds: Int32Array }>
  >;
}

/** Orders the candidates of a snapshot by each score. */
export function snapshotOf(
  hosts: readonly number[],
  isPositive: readonly boolean[],
  scores: Readonly<Record<string, readonly number[]>>,
): Snapshot {
  return {
    hosts: Int32Array.from(hosts),
    isPositive: Uint8Array.from(isPositive, Number),
    orders: Object.fromEntries(
      Object.entries(scores).map(([name, values]) => [name, orderOf(values)]),
    ),
  };
}

function orderOf(values: readonly number[]): { order: Int32Array; runEnds: Int32Array } {
  const order = Int32Array.from(values.keys()).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  );
  const runEnds: number[] = [];
  for (let index = 0; index < order.length; index += 1) {
    const isLast = index === order.length - 1;
    if (isLast || values[order[index] as number] !== values[order[index + 1] as number]) {
      runEnds.push(index + 1);
    }
  }
  return { order, runEnds: Int32Array.from(runEnds) };
}

/**
 * The chance that a host that fails is ranked above one that does not, equals counting half; inside
 * each snapshot, and averaged with the failing ones as weights, so that a fleet that changes as a
 * whole teaches nothing. `weights` counts each host so many times.
 */
export function areaUnderCurve(
  snapshots: readonly Snapshot[],
  score: string,
  weights: Float64Array,
): { readonly sum: number; readonly weight: number } {
  let sum = 0;
  let weight = 0;
  for (const snapshot of snapshots) {
    const { wins, positives, negatives } = winsIn(snapshot, score, weights);
    if (positives === 0 || negatives === 0) continue;
    sum += wins / negatives;
    weight += positives;
  }
  return { sum, weight };
}

function winsIn({ hosts, isPositive, orders }: Snapshot, score: string, weights: Float64Array) {
  const { order = new Int32Array(), runEnds = new Int32Array() } = orders[score] ?? {};
  let wins = 0;
  let below = 0;
  let positives = 0;
  let start = 0;
  for (const end of runEnds) {
    let positivesHere = 0;
    let negativesHere = 0;
    for (let index = start; index < end; index += 1) {
      const candidate = order[index] as number;
      const weight = weights[hosts[candidate] as number] as number;
      if (isPositive[candidate] === 1) positivesHere += weight;
      else negativesHere += weight;
    }
    wins += positivesHere * (below + negativesHere / 2);
    below += negativesHere;
    positives += positivesHere;
    start = end;
  }
  return { wins, positives, negatives: below };
}
