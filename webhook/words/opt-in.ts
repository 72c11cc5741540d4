import { INJECT, MANAGED, PROFILE } from './keys.ts';
import type { Pod } from './pod.ts';

/** What a pod itself says: it named a profile or was prepared, it opted out, or neither. */
export type PodOptIn = 'in' | 'out' | 'unsaid';

/** What the label of its namespace says. */
export type NamespaceOptIn = 'enabled' | 'observe' | 'unsaid';

/** What this value of the label says; any other says nothing. */
export function namespaceOptIn(label: string | undefined): NamespaceOptIn {
  return label === 'enabled' || label === 'observe' ? label : 'unsaid';
}

/** What the pod's annotations and our own label say. */
export function podOptIn(pod: Pod): PodOptIn {
  const { annotations = {} } = pod.metadata;
  if (annotations[INJECT] === 'false') return 'out';
  return annotations[PROFILE] !== undefined || isPrepared(pod) ? 'in' : 'unsaid';
}

/** Whether the webhook has had to do with the pod, by its own label. */
export function isPrepared({ metadata }: Pod): boolean {
  return metadata.labels?.[MANAGED] === 'true';
}

/** Whether Surefoot has to do with the pod at all: the pod's word goes before its namespace's. */
export function isOptedIn(pod: PodOptIn, namespace: NamespaceOptIn): boolean {
  return pod === 'in' || (pod === 'unsaid' && namespace !== 'unsaid');
}
