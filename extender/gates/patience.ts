/** A member of a job, or a pod of its own, that waits for its node. */
export interface Member {
  /** Expected seconds until its own node is free. */
  readonly remainingSeconds: number;
  /** What another node would cost more, in seconds; infinite where none is free. */
  readonly dearerElsewhereSeconds: number;
}

/** What a job must gain at least by leaving a home: ends are foreseen no better (judgement). */
const LEAST_GAIN_SECONDS = 10;
const LEAST_GAIN_SHARE = 0.1;

/**
 * Which of the members should go to another node, by their position. A job begins when its slowest member does, so
 * the others wait free until then; and only so many can leave as there are `places` elsewhere.
 */
export function whoGoesElsewhere(members: readonly Member[], places: number): ReadonlySet<number> {
  const slowestFirst = [...members.keys()].sort(
    (a, b) => at(members, b).remainingSeconds - at(members, a).remainingSeconds,
  );
  const beginsIfAllWait = at(members, slowestFirst[0] ?? 0)?.remainingSeconds ?? 0;
  let best = { leave: 0, beginsAfterSeconds: beginsIfAllWait };
  let dearest = 0;
  const most = Math.min(places, members.length);
  for (let leave = 1; leave <= most; leave += 1) {
    const last = at(members, slowestFirst[leave - 1] as number);
    dearest = Math.max(dearest, last.dearerElsewhereSeconds);
    const next = slowestFirst[leave];
    const slowestLeft = next === undefined ? 0 : at(members, next).remainingSeconds;
    const beginsAfterSeconds = Math.max(dearest, slowestLeft);
    if (beginsAfterSeconds < best.beginsAfterSeconds) best = { leave, beginsAfterSeconds };
  }
  const gain = beginsIfAllWait - best.beginsAfterSeconds;
  const least =
    members.length === 1 ? 0 : Math.max(LEAST_GAIN_SECONDS, LEAST_GAIN_SHARE * beginsIfAllWait);
  return new Set(gain > 0 && gain >= least ? slowestFirst.slice(0, best.leave) : []);
}

function at(members: readonly Member[], index: number): Member {
  return members[index] as Member;
}
