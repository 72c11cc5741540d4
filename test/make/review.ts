import type { Pod } from '../../webhook/words/pod.ts';
import { makePod } from './pod.ts';

/** An AdmissionReview of a pod's creation as the API server posts it, with overrides on top. */
export function makeReview(request: Record<string, unknown> = {}, object: Pod = makePod()): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'team-a',
      operation: 'CREATE',
      object,
      ...request,
    },
  };
}
