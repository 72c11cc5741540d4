import type { Candidate } from '../../extender/forecast/candidate.ts';
import type { Forecast } from '../../extender/forecast/loss.ts';

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
    openedSeconds: 0,
    ...overrides,
  };
}

/** A forecast of these seconds; the sum is as given, whatever the terms say. */
export function makeForecast({
  candidate = {},
  ...seconds
}: Partial<Omit<Forecast, 'candidate'>> & { candidate?: Partial<Candidate> } = {}): Forecast {
  return {
    candidate: makeCandidate(candidate),
    pullSeconds: 0,
    coldSeconds: 0,
    riskSeconds: 0,
    displacedSeconds: 0,
    lossSeconds: 0,
    ...seconds,
  };
}
