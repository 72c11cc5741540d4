import { costOfInterrupting } from '../drains/drain-advice.ts';
import { interruptedJob } from '../drains/interrupted-job.ts';
import type { PodFacts } from '../facts/facts.ts';

/** How long a device stays broken: the mean time to repair in LANL's record (2005). */
const BROKEN_SECONDS = 5.9 * 3600;

/**
 * Seconds that a pod can expect to lose less where moving it costs `lossThereSeconds`: where it is it does no work, by this
 * probability, until the device is repaired or the pod's time is over. What an eviction undoes is lost there anyway if the
 * device is broken; if it is not, it is the price.
 */
export function gainSeconds(
  pod: PodFacts,
  { probability, lossThereSeconds, learnedSeconds }: Moving,
  nowSeconds: number,
): number {
  if (pod.expectations === undefined) return 0;
  const { durationSeconds, saysDuration, restartSeconds } = pod.expectations;
  const job = interruptedJob(pod, nowSeconds);
  const known = saysDuration ? durationSeconds : learnedSeconds;
  // A profile's guess is of any pod of its kind, however long it has run.
  const leftSeconds = known === undefined ? durationSeconds : Math.max(0, known - job.ranSeconds);
  const idleSeconds = job.accumulates ? Math.min(leftSeconds, BROKEN_SECONDS) : BROKEN_SECONDS;
  const undone = costOfInterrupting({ ...job, devices: 1, restartSeconds: 0 }, 0);
  return Math.round(
    probability * idleSeconds - (1 - probability) * undone - restartSeconds - lossThereSeconds,
  );
}

interface Moving {
  /** That the pod does no work where it is, 0 to 1. */
  readonly probability: number;
  readonly lossThereSeconds: number;
  /** How long pods of its workload have run until they were done; absent where nobody knows. */
  readonly learnedSeconds?: number;
}
