import { isServer } from '../../webhook/words/server.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { DrainedJob } from './drain-advice.ts';

/** What has run longer than it said goes on for as much of that again: a judgement. */
const OVERDUE_SHARE = 0.1;

/** What interrupting a pod's job would undo, as far as its own facts tell. */
export function interruptedJob(
  { expectations, slot, startedAtSeconds, createdAtSeconds }: PodFacts,
  nowSeconds: number,
): Omit<DrainedJob, 'name' | 'devices' | 'devicesHere' | 'restartsPerDay'> {
  const ranSeconds = Math.max(0, nowSeconds - (startedAtSeconds ?? createdAtSeconds));
  const serves = isServer(slot);
  const { durationSeconds = 0, saysDuration = false, checkpointSeconds } = expectations ?? {};
  const declared = Math.max(durationSeconds - ranSeconds, OVERDUE_SHARE * ranSeconds);
  // A profile's guess is of any pod of its kind: having run for long says nothing of how long it still will.
  const remaining = saysDuration ? declared : durationSeconds;
  return {
    ranSeconds,
    remainingSeconds: serves ? Number.POSITIVE_INFINITY : remaining,
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    accumulates: !serves,
    restartSeconds: (expectations?.restartSeconds ?? 0) + (expectations?.coldStartSeconds ?? 0),
  };
}
