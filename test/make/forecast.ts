import type { Candidate } from '../../extender/forecast/candidate.ts';

/** A node that costs a pod nothing at all. */
export function makeCandidate(overrides: Partial<Candidate> = {}): Candidate {
  return {
    node: 'gpu-7',
    missingBytes: 0,
    presentBytes: 0,
    unknownImages: [],
    faultsPerDay: 0,
    incidents: [],
    displacedSeconds: 0,
    displacedSlots: 0,
    ...overrides,
  };
}
