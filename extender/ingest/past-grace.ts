import { holdsDevices, type PodFacts } from '../facts/facts.ts';

/** A kubelet needs some seconds after the grace to kill a pod and to say so; a minute is none of these (judgement). */
const LATE_SECONDS = 60;

/** Pods that were to be gone by now, and still hold their devices: a process that cannot be killed, or a kubelet that is stuck. */
export function podsPastGrace(pods: Iterable<PodFacts>, nowSeconds: number): readonly PodFacts[] {
  return [...pods].filter(
    (pod) =>
      pod.isTerminating &&
      holdsDevices(pod) &&
      pod.endedAtSeconds !== undefined &&
      nowSeconds > pod.endedAtSeconds + LATE_SECONDS,
  );
}
