import { spanInWords } from '../../webhook/words/duration.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import { bytesInWords } from '../../webhook/words/quantity.ts';
import type { Candidate } from './candidate.ts';
import { riskEvidence } from './evidence.ts';
import { announcedSeconds, riskSeconds } from './risk.ts';
import { coldSeconds, pullSeconds } from './start.ts';

/**
 * What a term may be computed from. A kept forecast is made again when one of these changes;
 * prioritize/forecast-inputs.ts says how each change is noticed.
 */
export type ForecastInput =
  | 'node'
  | 'pods'
  | 'history'
  | 'publishedDevices'
  | 'images'
  | 'bandwidth'
  | 'pulls'
  | 'rates'
  | 'wholeNodeSeconds'
  | 'departures'
  | 'siblings';

/** One way in which a pod loses seconds on a node. Forecast, JSON, page, `why` and reasons follow from it. */
export interface LossTerm {
  /** Its key in JSON, such as `pull`. */
  readonly name: string;
  /** Its column in the table of `surefoot why`. */
  readonly column: string;
  /** What the page calls it. */
  readonly title: string;
  /** A CSS colour of the page, for light and dark. */
  readonly color: string;
  /** Code of its reason; stable and never reused, as all reason codes are. */
  readonly code: string;
  readonly dependsOn: readonly ForecastInput[];
  /** Seconds that a pod with these expectations loses on the candidate; never negative. */
  seconds(candidate: Candidate, expectations: Expectations): number;
  /** The reason in words that begin with the seconds, such as `240 s pulling 11.2 GiB`. */
  words(
    candidate: Candidate,
    seconds: number,
    nowSeconds: number,
    expectations: Expectations,
  ): string;
}

/** All terms of the loss, in the order in which people see them. */
export const LOSS_TERMS = [
  {
    name: 'pull',
    column: 'PULL',
    title: 'pulling images',
    color: 'light-dark(#3c6fb4, #7aa7e6)',
    code: 'ImagesMissing',
    dependsOn: ['images', 'bandwidth', 'pulls'],
    seconds: ({ missingBytes, pullBytesPerSecond }) =>
      pullSeconds(missingBytes, pullBytesPerSecond),
    words: ({ missingBytes, arrivedBytes }, seconds) => {
      const arrived =
        arrivedBytes === 0 ? '' : ` (${bytesInWords(arrivedBytes)} more are there already)`;
      return `${spanInWords(seconds)} pulling ${bytesInWords(missingBytes)}${arrived}`;
    },
  },
  {
    name: 'cold',
    column: 'COLD',
    title: 'cold start',
    color: 'light-dark(#6fa8c9, #a5d3ea)',
    code: 'ColdStart',
    dependsOn: ['departures'],
    seconds: ({ homeSinceSeconds }, { coldStartSeconds }) =>
      coldSeconds(coldStartSeconds, homeSinceSeconds !== undefined),
    words: (_candidate, seconds) => `${spanInWords(seconds)} cold start`,
  },
  {
    name: 'risk',
    column: 'RISK',
    title: 'risk of a fault',
    color: 'light-dark(#b8324a, #ef6a80)',
    code: 'DeviceHistory',
    dependsOn: ['node', 'pods', 'history', 'publishedDevices', 'rates'],
    seconds: ({ faultsPerDay }, expectations) => riskSeconds(faultsPerDay, expectations),
    words: (candidate, seconds, nowSeconds, expectations) =>
      `${spanInWords(seconds)} risk at ${riskEvidence(candidate, nowSeconds, expectations)}`,
  },
  {
    name: 'announced',
    column: 'WORK',
    title: 'announced work',
    color: 'light-dark(#b5762f, #e6ac68)',
    code: 'AnnouncedWork',
    dependsOn: ['node'],
    seconds: ({ announced }, expectations) =>
      announced === undefined ? 0 : announcedSeconds(expectations),
    words: ({ announced = '' }, seconds) =>
      `${spanInWords(seconds)} because of what is to come: ${announced}`,
  },
  {
    name: 'displaced',
    column: 'OTHERS',
    title: 'cost to other jobs',
    color: 'light-dark(#8a63b5, #bd9be3)',
    code: 'Displaces',
    dependsOn: ['departures', 'pods', 'images'],
    seconds: ({ displacedSeconds }) => displacedSeconds,
    words: ({ displacedSlots }, seconds) => {
      const slots = displacedSlots === 1 ? 'one slot' : `${displacedSlots} slots`;
      return `${spanInWords(seconds)} lost by ${slots} on the way home to this node`;
    },
  },
  {
    name: 'fragmentation',
    column: 'WHOLE',
    title: 'whole node taken apart',
    color: 'light-dark(#8d7b3f, #cdbb7a)',
    code: 'FragmentsNode',
    dependsOn: ['node', 'pods', 'wholeNodeSeconds'],
    seconds: ({ fragmentationSeconds }) => fragmentationSeconds,
    words: (_candidate, seconds) =>
      `${spanInWords(seconds)} for taking apart a node that is free as a whole`,
  },
  {
    name: 'leavesDomain',
    column: 'LEAVES',
    title: 'slower outside its domain',
    color: 'light-dark(#3f8d73, #7accb0)',
    code: 'LeavesDomain',
    dependsOn: ['siblings'],
    seconds: ({ domain }) => domain?.leavesSeconds ?? 0,
    words: ({ domain }, seconds) =>
      `${spanInWords(seconds)} slower${domain?.leaves === undefined ? ', in more domains than its job needs' : ` outside ${domain.leaves}`}`,
  },
  {
    name: 'sharedDomain',
    column: 'RACKS',
    title: 'one more rack that can fail',
    color: 'light-dark(#6b7a3a, #b3c47c)',
    code: 'AddsDomain',
    dependsOn: ['siblings'],
    seconds: ({ domain }) => domain?.sharedSeconds ?? 0,
    words: ({ domain }, seconds) =>
      `${spanInWords(seconds)} for the ${ordinal(domain?.racks ?? 1)} rack of its job that can fail`,
  },
] as const satisfies readonly LossTerm[];

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' });
const SUFFIXES: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = {
  one: 'st',
  two: 'nd',
  few: 'rd',
};

/** `3rd`, `12th`. */
function ordinal(count: number): string {
  return `${count}${SUFFIXES[ORDINALS.select(count)] ?? 'th'}`;
}

/** Name of a term that Surefoot has by itself. */
export type TermName = (typeof LOSS_TERMS)[number]['name'];
