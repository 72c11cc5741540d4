import type { Candidate } from '../../extender/forecast/candidate.ts';
import type { Forecast, TermSeconds } from '../../extender/forecast/loss.ts';
import { LOSS_TERMS } from '../../extender/forecast/loss-terms.ts';
import { EXPECTATIONS } from './facts.ts';

/** A node that costs a pod nothing at all. */
export function makeCandidate(overrides: Partial<Candidate> = {}): Candidate {
  const { node = 'gpu-7' } = overrides;
  return {
    node,
    isFull: false,
    missingBytes: 0,
    presentBytes: 0,
    arrivedBytes: 0,
    pullBytesPerSecond: 40 * 2 ** 20,
    unknownImages: { count: 0 },
    faultsPerDay: 0,
    hazard: { times: 1 },
    incidents: [],
    displacedSeconds: 0,
    displacedSlots: 0,
    places: 1,
    fragmentationSeconds: 0,
    ...overrides,
  };
}

export interface ForecastParts {
  readonly candidate?: Partial<Candidate>;
  readonly seconds?: Partial<TermSeconds>;
  readonly lossSeconds?: number;
}

/** A forecast of these seconds; the sum is as given, whatever the terms say. */
export function makeForecast({
  candidate = {},
  seconds = {},
  lossSeconds = 0,
}: ForecastParts = {}): Forecast {
  return {
    candidate: makeCandidate(candidate),
    expectations: EXPECTATIONS,
    terms: LOSS_TERMS,
    seconds: {
      pull: 0,
      cold: 0,
      risk: 0,
      announced: 0,
      displaced: 0,
      fragmentation: 0,
      leavesDomain: 0,
      sharedDomain: 0,
      ...seconds,
    },
    lossSeconds,
  };
}
