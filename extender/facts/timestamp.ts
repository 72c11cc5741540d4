import type { Timestamp } from '../../webhook/words/pod.ts';

/** A moment in seconds since 1970, in ISO 8601. */
export function timeOf(atSeconds: number): string {
  return new Date(atSeconds * 1000).toISOString();
}

/** The same in whole seconds, for people: `2026-11-26T08:00:00Z`. */
export function wholeSecond(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z');
}

/** Seconds since 1970 of a moment in the API; `undefined` when there is none or it is not one. */
export function secondsOf(timestamp: Timestamp | undefined | null): number | undefined {
  if (timestamp == null) return undefined;
  const at = new Date(timestamp).getTime() / 1000;
  return Number.isFinite(at) ? at : undefined;
}
