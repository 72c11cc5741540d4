import { MERGE_SECONDS, type Worth } from '../signals/catalogue.ts';
import type { Finding } from '../signals/finding.ts';

/** Reboots and repairs within this time are one attempt. A judgement. */
const ONE_ATTEMPT_SECONDS = 1800;
const WEEK_SECONDS = 7 * 86_400;
const DAY_SECONDS = 86_400;
/** NVSentinel's MultipleRemediations: five in seven days (health-events-analyzer values). */
const MOST_IN_A_WEEK = 5;
/** Three in a day: gpud asks for an inspection after two reboots for the same fault. */
const MOST_IN_A_DAY = 3;
const MOST_KEPT = 32;

/** The times of attempts to repair the host, with one more. */
export function withRepair(repairs: readonly number[], atSeconds: number): readonly number[] {
  const last = repairs.at(-1);
  if (last !== undefined && Math.abs(atSeconds - last) < ONE_ATTEMPT_SECONDS) return repairs;
  return [...repairs, atSeconds].slice(-MOST_KEPT);
}

/** The finding that a host is repaired again and again; none while that is rare. */
export function repairLoop(repairs: readonly number[], nowSeconds: number): readonly Finding[] {
  const since = (span: number) => repairs.filter((at) => nowSeconds - at < span);
  const [week, day] = [since(WEEK_SECONDS), since(DAY_SECONDS)];
  if (week.length < MOST_IN_A_WEEK && day.length < MOST_IN_A_DAY) return [];
  const words =
    week.length >= MOST_IN_A_WEEK
      ? `repaired ${week.length} times in 7 days: inspect it, do not reboot it again`
      : `booted ${day.length} times in a day: inspect it, do not reboot it again`;
  return [{ ...LOOP, words }];
}

const WORTH: Worth = {
  class: 'fatal',
  probability: 0.9,
  mergeSeconds: MERGE_SECONDS,
  settles: false,
  words: 'repaired again and again',
};

/** It follows from what is remembered, so no row of the catalogue can say it. */
const LOOP: Finding = {
  key: 'repair-loop',
  worth: WORTH,
  row: {
    name: 'repair-loop',
    source: 'node-boot',
    trust: 'platform',
    match: {},
    scope: 'node',
    standsForSeconds: 0,
    words: WORTH.words,
    cites: 'NVIDIA/NVSentinel charts/health-events-analyzer/values.yaml',
    read: 'message',
    worth: WORTH,
    codes: new Map(),
  },
};
