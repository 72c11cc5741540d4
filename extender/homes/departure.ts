import type { DevicesAsked } from '../../webhook/words/device.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import type { Slot } from '../../webhook/words/workload.ts';
import type { PodFacts } from '../facts/facts.ts';

/** Why a slot left its node. `deleted`: by somebody, who may or may not want it back. */
export type DepartureCause =
  | 'completed'
  | 'crashed'
  | 'device fault'
  | 'evicted'
  | 'preempted'
  | 'reclaimed'
  | 'deleted';

/** A slot leaving a node, with what it would need to come back. */
export interface Departure {
  readonly slot: Slot;
  readonly podUid: string;
  readonly node: string;
  readonly cause: DepartureCause;
  readonly atSeconds: number;
  /** How long the pod ran there: a home is worth no longer than that. */
  readonly ranSeconds: number;
  readonly devices: DevicesAsked;
  readonly images: readonly string[];
  /** A hash of its selectors, affinities and spread constraints; absent where it had none. */
  readonly wishes?: string;
  /** What others are asked to spare it by leaving its home free. */
  readonly coldStartForOthersSeconds: number;
  /** When the node stops being the slot's home. */
  readonly homeUntilSeconds: number;
}

/** More images of a pod than these are not considered for its home. */
const MOST_IMAGES = 16;

/** What the slot's profile and annotations say about coming home. */
export type HomeTerms = Pick<Expectations, 'coldStartForOthersSeconds' | 'homeLifeSeconds'>;

/**
 * The departure that a pod's change means, or `undefined`: the pod goes on, has left before, or
 * never ran there (a rejected pod leaves the slot's earlier home as it was).
 */
export function departureOf(
  previous: PodFacts | undefined,
  current: PodFacts,
  terms: HomeTerms,
  nowSeconds: number,
): Departure | undefined {
  if (!hasLeft(current) || (previous !== undefined && hasLeft(previous))) return undefined;
  const { node, startedAtSeconds } = current;
  if (node === undefined || startedAtSeconds === undefined) return undefined;
  if (current.phase === 'Failed' && isRejection(current)) return undefined;

  const atSeconds = Math.min(current.endedAtSeconds ?? nowSeconds, nowSeconds);
  const ranSeconds = Math.max(0, atSeconds - startedAtSeconds);
  return {
    slot: current.slot,
    podUid: current.uid,
    node,
    cause: causeOf(previous, current),
    atSeconds,
    ranSeconds,
    devices: current.devices,
    images: current.images.slice(0, MOST_IMAGES),
    ...(current.wishes !== undefined && { wishes: current.wishes }),
    coldStartForOthersSeconds: terms.coldStartForOthersSeconds,
    homeUntilSeconds: atSeconds + Math.min(ranSeconds, terms.homeLifeSeconds),
  };
}

/** True once the pod has ended or has begun to: its successor may be asked about from then on. */
export function hasLeft(pod: PodFacts): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed' || pod.isTerminating;
}

/** Reasons with which the kubelet refuses a pod at its door (pkg/kubelet/lifecycle/predicate.go). */
const REJECTED =
  /^(UnexpectedAdmissionError|OutOf\S+|TopologyAffinityError|NodeAffinity|NodeShutdown|PodFeatureUnsupported|InvalidNodeInfo|UnexpectedPredicateFailureType|VolumeAttachmentLimitExceeded)$/;

/** True when the kubelet refused the pod, so that none of its containers ever started. */
export function isRejection(pod: PodFacts): boolean {
  return (
    pod.phase === 'Failed' && pod.exitCode === undefined && REJECTED.test(pod.statusReason ?? '')
  );
}

/** True when a container of the pod failed before it started, and none ever ran. */
export function neverStarted({ phase, exitCode, startedAtSeconds }: PodFacts): boolean {
  return phase === 'Failed' && exitCode !== undefined && startedAtSeconds === undefined;
}

/** Whether a departed slot keeps a home. Completed work does not come back. */
export function keepsHome(departure: Departure): boolean {
  return departure.cause !== 'completed';
}

function causeOf(previous: PodFacts | undefined, current: PodFacts): DepartureCause {
  if (current.phase === 'Succeeded') return 'completed';
  const lastHealth = [...(previous?.deviceHealth ?? []), ...current.deviceHealth];
  if (lastHealth.some(({ health }) => health === 'Unhealthy')) return 'device fault';
  switch (current.disruption) {
    case undefined:
      if (current.phase !== 'Failed') return 'deleted';
      // Evictions for emptyDir and ephemeral-storage limits set no DisruptionTarget
      // (kubernetes v1.37.2 pkg/kubelet/eviction/eviction_manager.go).
      return current.statusReason === 'Evicted' ? 'evicted' : 'crashed';
    case 'PreemptionByScheduler':
      return 'preempted';
    case 'DeletionByPodGC':
      return 'reclaimed';
    default:
      return 'evicted';
  }
}
