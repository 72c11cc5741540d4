import { spanInWords } from '../../webhook/words/duration.ts';
import type { Incident } from '../history/incident.ts';
import type { Candidate } from './candidate.ts';
import { badCohortInWords, timesInWords } from './hazard-words.ts';

/** What raises the risk of a candidate: `45 times the fleet's rate: XID 79, on GPU-3f2c, 2 days ago`. */
export function riskEvidence({ hazard, incidents }: Candidate, nowSeconds: number): string {
  const [worst] = incidents;
  const words = [
    ...(worst === undefined ? [] : [incidentInWords(worst, nowSeconds)]),
    ...[badCohortInWords(hazard)].filter((cohort) => cohort !== undefined),
  ];
  const rate = timesInWords(hazard.times);
  return words.length === 0 ? rate : `${rate}: ${words.join('; ')}`;
}

/** `the device plugin has withdrawn the device, on GPU-3f2c, 2 days ago`; `..., for 5 min` while it is open. */
export function incidentInWords(incident: Incident, nowSeconds: number): string {
  const where = incident.device === undefined ? '' : `, on ${incident.device}`;
  const when =
    incident.closedAtSeconds === undefined
      ? `for ${spanInWords(Math.max(0, nowSeconds - incident.openedAtSeconds))}`
      : `${spanInWords(Math.max(0, nowSeconds - incident.closedAtSeconds))} ago`;
  return `${incident.evidence.join('; ')}${where}, ${when}`;
}
