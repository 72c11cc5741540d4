import type { Timestamp } from '../../webhook/words/pod.ts';

/** Seconds since 1970 of a moment in the API; `undefined` when there is none or it is not one. */
export function secondsOf(timestamp: Timestamp | undefined | null): number | undefined {
  if (timestamp == null) return undefined;
  const at = new Date(timestamp).getTime() / 1000;
  return Number.isFinite(at) ? at : undefined;
}
