import { expect, test } from 'vitest';
import { hazardInWords } from '../../../extender/forecast/hazard-words.ts';
import type { Hazard } from '../../../extender/hazard/pod-hazard.ts';
import { makeIncident } from '../../make/facts.ts';

const HAZARD: Hazard = {
  faultsPerDay: 0.00312,
  low: 0.0011,
  high: 0.0068,
  likeRate: 0.0005,
  times: 6.24,
  incidents: [makeIncident(), makeIncident({ id: 'b' })],
  busyDays: 40 / 24,
};

test.each([
  {
    hazard: HAZARD,
    says: "6.2 times the fleet's rate (0.0031 faults a busy day, 0.0011 to 0.0068): 2 faults in 40 h of work",
  },
  {
    hazard: { ...HAZARD, incidents: [], badCohort: { name: 'age=3', ratio: 2.14 } },
    says: "6.2 times the fleet's rate (0.0031 faults a busy day, 0.0011 to 0.0068): no faults in 40 h of work; devices of 12 to 18 months fail 2.1 times as often as the fleet",
  },
  {
    hazard: { ...HAZARD, incidents: [makeIncident()], times: 1 },
    says: "the fleet's rate (0.0031 faults a busy day, 0.0011 to 0.0068): 1 fault in 40 h of work",
  },
])('$says', ({ hazard, says }) => {
  expect(hazardInWords(hazard)).toBe(says);
});
