import { SHARE_LOST } from '../../webhook/words/device-matters.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import type { Incident } from '../history/incident.ts';
import type { Candidate } from './candidate.ts';
import { badCohortInWords, timesInWords } from './hazard-words.ts';
import { faultProbability, lossPerFaultSeconds } from './risk.ts';

/**
 * What raises the risk of a candidate: `45 times the fleet's rate: XID 79, on GPU-3f2c, 2 days ago; a chance of 0.2 % in
 * 25 min, and a fault costs 17 min`.
 */
export function riskEvidence(
  { faultsPerDay, hazard, incidents }: Candidate,
  nowSeconds: number,
  expectations: Expectations,
): string {
  const [worst] = incidents;
  const words = [
    ...(worst === undefined ? [] : [incidentInWords(worst, nowSeconds)]),
    ...[badCohortInWords(hazard)].filter((cohort) => cohort !== undefined),
    // Without it nobody understands why a broken device costs a short job next to nothing.
    ...(worst === undefined ? [] : [chanceInWords(faultsPerDay, expectations)]),
  ];
  const rate = timesInWords(hazard.times);
  return words.length === 0 ? rate : `${rate}: ${words.join('; ')}`;
}

/** `the device plugin has withdrawn the device, on GPU-3f2c, 2 days ago`; `..., for 5 min` while it is open. */
export function incidentInWords(incident: Incident, nowSeconds: number): string {
  const where = incident.device === undefined ? '' : `, on ${incident.device}`;
  return `${incident.evidence.join('; ')}${where}, ${whenInWords(incident, nowSeconds)}`;
}

function whenInWords({ openedAtSeconds, closedAtSeconds }: Incident, nowSeconds: number): string {
  const seconds = Math.max(0, nowSeconds - (closedAtSeconds ?? openedAtSeconds));
  if (seconds < 1) return 'just now';
  return closedAtSeconds === undefined
    ? `for ${spanInWords(seconds)}`
    : `${spanInWords(seconds)} ago`;
}

function chanceInWords(faultsPerDay: number, expectations: Expectations): string {
  const { durationSeconds, deviceMatters } = expectations;
  const percent = 100 * faultProbability(faultsPerDay, durationSeconds);
  const cost = spanInWords(lossPerFaultSeconds(expectations));
  const share =
    deviceMatters === 'required'
      ? ''
      : `, of which ${100 * SHARE_LOST[deviceMatters]} % count for a device that is ${deviceMatters}`;
  return `a chance of ${Number(percent.toPrecision(2))} % in ${spanInWords(durationSeconds)}, and a fault costs ${cost}${share}`;
}
