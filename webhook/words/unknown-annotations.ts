import { closestMatch } from 'leven';
import {
  CHECKPOINT,
  COLD_START,
  DEVICE_MATTERS,
  EXPECTED_DURATION,
  HOLD,
  INJECT,
  INJECTED,
  PROFILE,
  RELEASE,
  SLOT,
  WAIT_FOR_HOME,
} from './keys.ts';
import type { ObjectMeta } from './pod.ts';
import type { Reason } from './reason.ts';

const OURS = 'surefoot.dev/';
const KNOWN: readonly string[] = [
  ...[PROFILE, CHECKPOINT, COLD_START, EXPECTED_DURATION, SLOT, WAIT_FOR_HOME, INJECT, INJECTED],
  ...[DEVICE_MATTERS, RELEASE, HOLD],
];
/** Further off, it is another word and no misspelling. */
const MOST_EDITS = 4;
/** Longer than any of ours; what a tenant writes comes before the API server has bounded it. */
const LONGEST_SHOWN = 80;
/** More than a person misspells at once. */
const MOST_TOLD = 3;

/** Annotations of Surefoot's that nobody reads, each with the nearest one that is read. */
export function unknownAnnotations({ annotations }: ObjectMeta): readonly Reason[] {
  return Object.keys(annotations ?? {})
    .filter((key) => key.startsWith(OURS) && !KNOWN.includes(key))
    .slice(0, MOST_TOLD)
    .map((whole) => {
      const key = whole.slice(0, LONGEST_SHOWN);
      const nearest = closestMatch(key, KNOWN, { maxDistance: MOST_EDITS });
      const instead =
        nearest === undefined ? `known are ${KNOWN.join(', ')}` : `did you mean ${nearest}?`;
      return {
        code: 'UnknownAnnotation' as const,
        words: `nobody reads the annotation ${key}; ${instead}`,
      };
    });
}
