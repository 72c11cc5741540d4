import { SHARE_LOST } from '../../webhook/words/device-matters.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';

const SECONDS_PER_DAY = 86_400;

/** The chance that at least one fault hits the pod while it is there. */
export function faultProbability(faultsPerDay: number, durationSeconds: number): number {
  return 1 - Math.exp((-faultsPerDay * durationSeconds) / SECONDS_PER_DAY);
}

/**
 * Seconds of work that one fault costs: on average half a checkpoint interval, or half of all the
 * work where there is no checkpoint, and then the restart.
 */
export function lossPerFaultSeconds(expectations: Expectations): number {
  const { durationSeconds, checkpointSeconds = durationSeconds, restartSeconds } = expectations;
  return Math.min(checkpointSeconds, durationSeconds) / 2 + restartSeconds;
}

/**
 * How soon announced work comes, on average: Azure announces a quarter of an hour ahead, Google Cloud hours, and rollouts
 * take days. A judgement.
 */
const ANNOUNCED_WITHIN_SECONDS = SECONDS_PER_DAY;

/** Seconds the pod can expect to lose to announced work: it costs what a fault does if the pod is still there. */
export function announcedSeconds(expectations: Expectations): number {
  const chance = 1 - Math.exp(-expectations.durationSeconds / ANNOUNCED_WITHIN_SECONDS);
  return chance * lossPerFaultSeconds(expectations);
}

/** Seconds the pod can expect to lose to device faults: the less, the less its device matters to it. */
export function riskSeconds(faultsPerDay: number, expectations: Expectations): number {
  const { durationSeconds, deviceMatters } = expectations;
  const lost = SHARE_LOST[deviceMatters] * lossPerFaultSeconds(expectations);
  return faultProbability(faultsPerDay, durationSeconds) * lost;
}
