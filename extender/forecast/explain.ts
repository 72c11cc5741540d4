import { spanInWords } from '../../webhook/words/duration.ts';
import { bytesInWords } from '../../webhook/words/quantity.ts';
import type { Reason, ReasonCode } from '../../webhook/words/reason.ts';
import type { Incident } from '../history/incident.ts';
import type { Candidate } from './candidate.ts';
import { badCohortInWords, timesInWords } from './hazard-words.ts';
import type { Forecast } from './loss.ts';

/** Less than this is not worth a word. */
const WORTH_SAYING_SECONDS = 0.5;
/** Reasons that are terms of the sum; the others are remarks. */
const TERMS: ReadonlySet<ReasonCode> = new Set([
  'ImagesMissing',
  'ColdStart',
  'DeviceHistory',
  'Displaces',
  'OpensNode',
]);

/** The evidence behind a forecast, one reason for each term that weighs anything. */
export function reasonsOf(forecast: Forecast, nowSeconds: number): readonly Reason[] {
  const { candidate } = forecast;
  const reasons: Reason[] = [];
  if (candidate.homeSinceSeconds !== undefined) {
    const ago = spanInWords(Math.max(0, nowSeconds - candidate.homeSinceSeconds));
    reasons.push({ code: 'Home', words: `home: the same slot ran here until ${ago} ago` });
  }
  if (candidate.missingBytes > 0) {
    reasons.push({
      code: 'ImagesMissing',
      words: `${spanInWords(forecast.pullSeconds)} pulling ${bytesInWords(candidate.missingBytes)}${underWay(candidate)}`,
    });
  } else if (candidate.arrivedBytes > 0) {
    const arrived = bytesInWords(candidate.arrivedBytes);
    reasons.push({ code: 'ImagesPresent', words: `${arrived} of images have just been pulled` });
  } else if (candidate.presentBytes > 0) {
    const present = bytesInWords(candidate.presentBytes);
    reasons.push({ code: 'ImagesPresent', words: `${present} of images are here` });
  }
  const { count: unknown, one } = candidate.unknownImages;
  if (unknown > 0) {
    const more = unknown === 1 ? '' : ` and ${unknown - 1} more`;
    reasons.push({
      code: 'ImageSizeUnknown',
      words: `no node lists ${one}${more}, so ${unknown === 1 ? 'it is' : 'they are'} taken for the average image`,
    });
  }
  if (forecast.coldSeconds >= WORTH_SAYING_SECONDS) {
    reasons.push({ code: 'ColdStart', words: `${spanInWords(forecast.coldSeconds)} cold start` });
  }
  if (forecast.riskSeconds >= WORTH_SAYING_SECONDS) {
    const evidence = riskEvidence(candidate, nowSeconds);
    const risk = `${spanInWords(forecast.riskSeconds)} risk at ${evidence}`;
    reasons.push({ code: 'DeviceHistory', words: risk });
  }
  if (candidate.displacedSlots > 0) {
    const slots = candidate.displacedSlots === 1 ? 'one slot' : `${candidate.displacedSlots} slots`;
    const lost = spanInWords(candidate.displacedSeconds);
    reasons.push({
      code: 'Displaces',
      words: `${lost} lost by ${slots} on the way home to this node`,
    });
  }
  if (candidate.openedSeconds >= WORTH_SAYING_SECONDS) {
    const words = `${spanInWords(candidate.openedSeconds)} for taking apart a node that is free as a whole`;
    reasons.push({ code: 'OpensNode', words });
  }
  return reasons;
}

function underWay({ arrivedBytes }: Candidate): string {
  return arrivedBytes === 0 ? '' : ` (${bytesInWords(arrivedBytes)} more are there already)`;
}

/** `45 times the fleet's rate: XID 79, on GPU-3f2c, 2 days ago`. */
function riskEvidence({ hazard, incidents }: Candidate, nowSeconds: number): string {
  const [worst] = incidents;
  const words = [
    ...(worst === undefined ? [] : [incidentInWords(worst, nowSeconds)]),
    ...[badCohortInWords(hazard)].filter((cohort) => cohort !== undefined),
  ];
  const rate = timesInWords(hazard.times);
  return words.length === 0 ? rate : `${rate}: ${words.join('; ')}`;
}

/** `gpu-7: 312 s = 240 s pulling 11.2 GiB + 72 s risk: ...`. */
export function forecastInWords(forecast: Forecast, nowSeconds: number): string {
  const reasons = reasonsOf(forecast, nowSeconds);
  const terms = reasons.filter(({ code }) => TERMS.has(code)).map(({ words }) => words);
  const remarks = reasons.filter(({ code }) => !TERMS.has(code)).map(({ words }) => words);
  const total = `${forecast.candidate.node}: ${spanInWords(forecast.lossSeconds)}`;
  const sum = terms.length === 0 ? total : `${total} = ${terms.join(' + ')}`;
  return [sum, ...remarks].join('; ');
}

/** `the device plugin has withdrawn the device, on GPU-3f2c, 2 days ago`. */
export function incidentInWords(incident: Incident, nowSeconds: number): string {
  const where = incident.device === undefined ? '' : `, on ${incident.device}`;
  const when =
    incident.closedAtSeconds === undefined
      ? `since ${spanInWords(Math.max(0, nowSeconds - incident.openedAtSeconds))}`
      : `${spanInWords(Math.max(0, nowSeconds - incident.closedAtSeconds))} ago`;
  return `${incident.evidence.join('; ')}${where}, ${when}`;
}
