import { HOME_GATE } from '../../webhook/words/keys.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { secondsOf } from './timestamp.ts';

/** A pod that waits at our scheduling gate, whatever it asks for. */
export interface GatedPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly createdAtSeconds: number;
  /** Whether nothing else holds it: while another gate does, ours costs it no time. */
  readonly isLastGate: boolean;
  /** It preempts nobody: then its scheduler never clears a nomination that failed. */
  readonly neverPreempts: boolean;
}

/** `undefined` for a pod that has not our gate. */
export function gatedPod({ metadata, spec }: Pod): GatedPod | undefined {
  const gates = spec.schedulingGates ?? [];
  if (!gates.some(({ name }) => name === HOME_GATE)) return undefined;
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    createdAtSeconds: secondsOf(metadata.creationTimestamp) ?? 0,
    isLastGate: gates.length === 1,
    neverPreempts: spec.preemptionPolicy === 'Never',
  };
}

/** A strategic merge patch of a spec that takes our gate off, and no other. */
export const WITHOUT_HOME_GATE = { schedulingGates: [{ $patch: 'delete', name: HOME_GATE }] };
