import { Random } from '../../../extender/fleet/random.ts';
import { FITTED } from '../../../extender/hazard/fitted.ts';
import { areaUnderCurve, type Snapshot, snapshotOf } from './auc.ts';
import {
  addTo,
  type Calibration,
  calibrationOf,
  noStrata,
  type Ranked,
  type Strata,
} from './calibration.ts';
import { chanceOf, weeklyLooks } from './looks.ts';
import type { RecordedGroup } from './records.ts';
import { SCORES, type ScoreName } from './scores.ts';

/** A value with the interval in which 95 % of the resamples fall. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How well each score ranks who fails in the next seven days, and what that is worth to a gang. */
export interface Verdict {
  readonly snapshots: number;
  readonly failures: number;
  readonly auc7d: Readonly<Record<ScoreName, Estimate>>;
  /** Ours less each other one, over the same resamples. */
  readonly gain: Readonly<Record<Exclude<ScoreName, 'surefoot'>, Estimate>>;
  /** Share of the failures that a job on 90 % or 25 % of the hosts avoids by taking the best. */
  readonly gang: Readonly<Record<'j90' | 'j25', Readonly<Record<ScoreName, number>>>>;
  /** The same for other shares of the hosts. */
  readonly gangCurve: readonly {
    readonly share: number;
    readonly avoided: Readonly<Record<ScoreName, number>>;
  }[];
  readonly calibration: Calibration;
}

const RESAMPLES = 200;
/** From a twentieth of the hosts to nearly all. */
const GANG_SHARES = Array.from({ length: 19 }, (_none, index) => (index + 1) / 20);

interface Judged {
  readonly hosts: number;
  readonly snapshots: readonly Snapshot[];
  readonly strata: Strata;
  readonly ranked: readonly Ranked[];
}

/** Judges every score on a record; the resampling of hosts is the same for all of them. */
export function judge(groups: readonly RecordedGroup[], seed: number): Verdict {
  const judged = groups.map(judgedOf);
  const once = judged.map(({ hosts }) => new Float64Array(hosts).fill(1));
  const values = aucOf(judged, once);
  const random = new Random(seed, 'resamples');
  const resampled = Array.from({ length: RESAMPLES }, () =>
    aucOf(
      judged,
      judged.map(({ hosts }) => drawn(hosts, random)),
    ),
  );
  const estimate = (of: (auc: Readonly<Record<ScoreName, number>>) => number): Estimate => {
    const sorted = resampled.map(of).sort((a, b) => a - b);
    return {
      value: of(values),
      low: sorted[Math.floor(RESAMPLES * 0.025)] as number,
      high: sorted[Math.ceil(RESAMPLES * 0.975) - 1] as number,
    };
  };
  const rivals = SCORES.filter((name) => name !== 'surefoot');
  return {
    snapshots: judged.reduce((sum, { snapshots }) => sum + snapshots.length, 0),
    failures: judged.reduce(
      (sum, { snapshots }) =>
        sum + snapshots.reduce((all, { isPositive }) => all + positives(isPositive), 0),
      0,
    ),
    auc7d: record(SCORES, (name) => estimate((auc) => auc[name])),
    gain: record(rivals, (name) => estimate((auc) => auc.surefoot - auc[name])),
    gang: {
      j90: record(SCORES, (name) => avoidedBy(judged, name, 0.9)),
      j25: record(SCORES, (name) => avoidedBy(judged, name, 0.25)),
    },
    gangCurve: GANG_SHARES.map((share) => ({
      share,
      avoided: record(SCORES, (name) => avoidedBy(judged, name, share)),
    })),
    calibration: calibrationOf(judged),
  };
}

function judgedOf(group: RecordedGroup): Judged {
  const snapshots: Snapshot[] = [];
  const strata = noStrata();
  const ranked: Ranked[] = [];
  const window = { fromSeconds: group.judgedFromSeconds, untilSeconds: group.toSeconds };
  for (const { atSeconds, hosts } of weeklyLooks(group, { ...window, constants: FITTED })) {
    const scores = record(SCORES, () => [] as number[]);
    for (const { life, faultsPerDay, fails } of hosts) {
      const now = { surefoot: faultsPerDay, ...life.rivals(atSeconds) };
      for (const name of SCORES) scores[name].push(now[name]);
      const predicted = chanceOf(faultsPerDay);
      ranked.push({ predicted, fails });
      addTo(strata, life.isKept, predicted, fails);
    }
    const isPositive = hosts.map(({ fails }) => fails);
    if (!isPositive.includes(true)) continue;
    const candidates = hosts.map(({ index }) => index);
    snapshots.push(snapshotOf(candidates, isPositive, scores));
  }
  return { hosts: group.hosts.length, snapshots, strata, ranked };
}

function aucOf(
  judged: readonly Judged[],
  weights: readonly Float64Array[],
): Readonly<Record<ScoreName, number>> {
  return record(SCORES, (name) => {
    let sum = 0;
    let weight = 0;
    for (const [index, { snapshots }] of judged.entries()) {
      const part = areaUnderCurve(snapshots, name, weights[index] as Float64Array);
      sum += part.sum;
      weight += part.weight;
    }
    return weight === 0 ? 0.5 : sum / weight;
  });
}

/** How often each of so many hosts is drawn when as many are drawn with replacement. */
function drawn(count: number, random: Random): Float64Array {
  const weights = new Float64Array(count);
  for (let draw = 0; draw < count; draw += 1) {
    const index = random.below(count);
    weights[index] = (weights[index] as number) + 1;
  }
  return weights;
}

/** What a job on this share of the hosts is spared by taking those with the least score. */
function avoidedBy(judged: readonly Judged[], name: ScoreName, share: number): number {
  let met = 0;
  let all = 0;
  for (const { snapshots } of judged) {
    for (const snapshot of snapshots) {
      met += metBy(snapshot, name, share);
      all += positives(snapshot.isPositive);
    }
  }
  return 1 - met / (share * all);
}

/** Failing hosts among the best; of equals, as many as chance takes. */
function metBy({ orders, isPositive }: Snapshot, name: ScoreName, share: number): number {
  const { order = new Int32Array(), runEnds = new Int32Array() } = orders[name] ?? {};
  let room = share * order.length;
  let met = 0;
  let start = 0;
  for (const end of runEnds) {
    const run = order.subarray(start, end);
    const failing = run.reduce((sum, candidate) => sum + (isPositive[candidate] as number), 0);
    const taken = Math.min(room, run.length);
    met += (failing * taken) / run.length;
    room -= taken;
    start = end;
  }
  return met;
}

function positives(isPositive: Uint8Array): number {
  return isPositive.reduce((sum, one) => sum + one, 0);
}

function record<Name extends string, Value>(
  names: readonly Name[],
  of: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Value>;
}
