import type { Decision } from '../../extender/decisions/record.ts';

/** A decision about one pod, without forecasts. */
export function makeDecision(overrides: Partial<Decision> = {}): Decision {
  return {
    atSeconds: 0,
    pod: { uid: 'asking', namespace: 'team-a', name: 'train-0' },
    mode: 'act',
    asked: 2,
    unknownNodes: 0,
    forecasts: [],
    scores: [],
    remarks: [],
    ...overrides,
  };
}
