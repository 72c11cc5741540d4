import { isOptedIn, type NamespaceOptIn, type PodOptIn } from '../../webhook/words/opt-in.ts';

/** What tells whether the webhook should have prepared a pod when it was created, and has. */
export interface CreatedPod {
  readonly namespace: string;
  readonly createdAtSeconds: number;
  readonly isPrepared: boolean;
  /** Whether it, or its namespace, has opted in, and a profile is for its devices. */
  readonly isForUs: boolean;
  /** Whether it is still to be placed. */
  readonly waits: boolean;
}

/** So long after the last one that was prepared, nobody knows whether the webhook was still meant to act. */
const MOST_SINCE_PREPARED_SECONDS = 3600;

/**
 * Of these pods those that wait and came in unprepared: the API server goes on without a webhook that does not answer
 * in time. Only where another pod of the namespace was prepared within the hour before: a namespace that opted in
 * later, or that is only observed, has pods that nobody was to prepare.
 */
export function unpreparedAmong<T extends CreatedPod>(pods: readonly T[]): readonly T[] {
  if (!pods.some(isSuspect)) return [];
  const preparedAt = new Map<string, number>();
  return pods.toSorted(byCreation).filter((pod) => {
    const { namespace, createdAtSeconds, isPrepared } = pod;
    if (isPrepared) preparedAt.set(namespace, createdAtSeconds);
    const since = createdAtSeconds - (preparedAt.get(namespace) ?? Number.NEGATIVE_INFINITY);
    return isSuspect(pod) && since <= MOST_SINCE_PREPARED_SECONDS;
  });
}

function isSuspect({ isPrepared, isForUs, waits }: CreatedPod): boolean {
  return !isPrepared && isForUs && waits;
}

/** The API server tells whole seconds: of one second those that were prepared come first. */
function byCreation(a: CreatedPod, b: CreatedPod): number {
  return a.createdAtSeconds - b.createdAtSeconds || Number(b.isPrepared) - Number(a.isPrepared);
}

/** Whether the webhook is to prepare the pod, as the label of its namespace stands. */
export function hasOptedIn(
  { optIn }: { readonly optIn: PodOptIn },
  namespace: NamespaceOptIn,
): boolean {
  return namespace !== 'observe' && isOptedIn(optIn, namespace);
}
