import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../../extender/forecast/candidate.ts';
import { forecastInWords } from '../../../extender/forecast/explain.ts';
import { forecast } from '../../../extender/forecast/loss.ts';
import { EXPECTATIONS, makeIncident } from '../../make/facts.ts';
import { makeCandidate } from '../../make/forecast.ts';

const DAY = 86_400;
const words = (overrides: Partial<Candidate>, now = 10 * DAY) =>
  forecastInWords(forecast(makeCandidate(overrides), EXPECTATIONS), now);

describe('a forecast in words', () => {
  const rows: readonly { overrides: Partial<Candidate>; says: string }[] = [
    ...[
      { racks: 2, ordinal: '2nd' },
      { racks: 3, ordinal: '3rd' },
      { racks: 11, ordinal: '11th' },
      { racks: 81, ordinal: '81st' },
    ].map(({ racks, ordinal }) => ({
      overrides: {
        homeSinceSeconds: 10 * DAY,
        domain: { sharedSeconds: 4, leavesSeconds: 0, racks },
      },
      says: `gpu-7: 4 s = 4 s for the ${ordinal} rack of its job that can fail; home: the same slot ran here until 0 s ago`,
    })),
    {
      overrides: {
        homeSinceSeconds: 10 * DAY,
        domain: { sharedSeconds: 0, leavesSeconds: 60, racks: 2, leaves: 'b0, where its job is' },
      },
      says: 'gpu-7: 60 s = 60 s slower outside b0, where its job is; home: the same slot ran here until 0 s ago',
    },
    { overrides: {}, says: 'gpu-7: 20 s = 20 s cold start' },
    {
      overrides: { homeSinceSeconds: 10 * DAY - 12, presentBytes: 2 ** 30 },
      says: 'gpu-7: 0 s; home: the same slot ran here until 12 s ago; 1 GiB of images are here',
    },
    {
      overrides: { missingBytes: 12_000_000_000 },
      says: 'gpu-7: 306 s = 286 s pulling 11.2 GiB + 20 s cold start',
    },
    {
      overrides: { missingBytes: 6_000_000_000, arrivedBytes: 6_000_000_000 },
      says: 'gpu-7: 163 s = 143 s pulling 5.6 GiB (5.6 GiB more are there already) + 20 s cold start',
    },
    {
      overrides: {
        faultsPerDay: 0.01,
        hazard: { times: 45.3 },
        incidents: [makeIncident({ device: 'GPU-3f2c', closedAtSeconds: 8 * DAY })],
      },
      says: "gpu-7: 453 s = 20 s cold start + 433 s risk at 45 times the fleet's rate: the device plugin has withdrawn the device, on GPU-3f2c, 2 days ago; a chance of 1 % in 24 h, and a fault costs 12.1 h",
    },
    {
      overrides: { faultsPerDay: 0.001 },
      says: "gpu-7: 63 s = 20 s cold start + 43 s risk at the fleet's rate",
    },
    {
      overrides: {
        faultsPerDay: 0.001,
        hazard: { times: 2.14, badCohort: { name: 'rack=r12', ratio: 2.3 } },
      },
      says: "gpu-7: 63 s = 20 s cold start + 43 s risk at 2.1 times the fleet's rate: rack r12 fails 2.3 times as often as the fleet",
    },
    {
      overrides: { faultsPerDay: 0.001, hazard: { times: 0.5 } },
      says: "gpu-7: 63 s = 20 s cold start + 43 s risk at 50 % of the fleet's rate",
    },
    {
      overrides: { displacedSeconds: 18, displacedSlots: 1 },
      says: 'gpu-7: 38 s = 20 s cold start + 18 s lost by one slot on the way home to this node',
    },
    {
      overrides: { fragmentationSeconds: 900 },
      says: 'gpu-7: 15 min = 20 s cold start + 15 min for taking apart a node that is free as a whole',
    },
    {
      overrides: { unknownImages: { count: 1, one: 'registry.example/new:1' } },
      says: 'gpu-7: 20 s = 20 s cold start; no node lists registry.example/new:1, so it is taken for the average image',
    },
  ];
  test.each(rows)('$says', ({ overrides, says }) => {
    expect(words(overrides)).toBe(says);
  });
});
