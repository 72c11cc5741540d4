/** A time in which a host's hazard was called elevated or high. */
export interface Raised {
  readonly fromSeconds: number;
  /** Absent while it goes on. */
  readonly untilSeconds?: number;
}

/** A host that turns bad and well again each week fills three months. */
const MOST_RAISED = 16;

/** The times with what is so now; the same list where that is nothing new. */
export function withRaised(
  times: readonly Raised[],
  isRaised: boolean,
  nowSeconds: number,
): readonly Raised[] {
  const last = times.at(-1);
  const wasRaised = last !== undefined && last.untilSeconds === undefined;
  if (isRaised === wasRaised) return times;
  if (isRaised) return [...times, { fromSeconds: nowSeconds }].slice(-MOST_RAISED);
  return last === undefined
    ? times
    : [...times.slice(0, -1), { ...last, untilSeconds: nowSeconds }];
}

/** Whether the hazard was called elevated or high at a moment. */
export function wasRaised(times: readonly Raised[], atSeconds: number): boolean {
  return times.some(
    ({ fromSeconds, untilSeconds = Number.POSITIVE_INFINITY }) =>
      fromSeconds <= atSeconds && atSeconds < untilSeconds,
  );
}
