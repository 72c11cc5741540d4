import type { Expectations } from '../../webhook/words/expectations.ts';
import type { Candidate } from './candidate.ts';
import { riskSeconds } from './risk.ts';
import { coldSeconds, pullSeconds } from './start.ts';

/** Seconds that one pod can expect to lose on one node, term by term. */
export interface Forecast {
  readonly candidate: Candidate;
  readonly pullSeconds: number;
  readonly coldSeconds: number;
  readonly riskSeconds: number;
  readonly displacedSeconds: number;
  /** The sum of the four. */
  readonly lossSeconds: number;
}

/** loss = start + risk + displaced, all in seconds. */
export function forecast(candidate: Candidate, expectations: Expectations): Forecast {
  const pull = pullSeconds(candidate.missingBytes, candidate.pullBytesPerSecond);
  const cold = coldSeconds(expectations.coldStartSeconds, candidate.homeSinceSeconds !== undefined);
  const risk = riskSeconds(candidate.faultsPerDay, expectations);
  const displaced = candidate.displacedSeconds + candidate.openedSeconds;
  return {
    candidate,
    pullSeconds: pull,
    coldSeconds: cold,
    riskSeconds: risk,
    displacedSeconds: displaced,
    lossSeconds: pull + cold + risk + displaced,
  };
}
