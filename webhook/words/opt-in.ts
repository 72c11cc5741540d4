import { INJECT, MANAGED, PROFILE } from './keys.ts';
import type { Pod } from './pod.ts';

/** True when the pod named a profile, or the webhook prepared it, and it did not opt out. */
export function isOptedIn({ metadata: { annotations = {}, labels = {} } }: Pod): boolean {
  if (annotations[INJECT] === 'false') return false;
  return annotations[PROFILE] !== undefined || labels[MANAGED] === 'true';
}
