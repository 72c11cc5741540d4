import type { DevicesAsked } from '../../webhook/words/device.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import type { NodeChoice } from '../../webhook/words/node-choice.ts';
import type { PodOptIn } from '../../webhook/words/opt-in.ts';
import type { Toleration } from '../../webhook/words/pod.ts';
import { isTolerated, type Taint } from '../../webhook/words/toleration.ts';
import type { Slot } from '../../webhook/words/workload.ts';
import type { Finding } from '../signals/finding.ts';
import type { HostId } from '../signals/identity.ts';
import type { ContainerEnd, DeviceCount, DeviceHealth, PodCondition } from '../signals/observed.ts';

/** Narrow records of API objects, which history and forecast work on. */

/** An image as nodes list it; what many nodes list is one object. */
export interface ImageListing {
  /** Normalised. */
  readonly names: readonly string[];
  readonly bytes: number;
  readonly digest?: string;
}

/** The label, and whether the taint is there, too. */
export interface NodeHint {
  readonly label: string;
  readonly isTainted: boolean;
}

export interface NodeFacts {
  readonly uid: string;
  readonly name: string;
  readonly host: HostId;
  /** What it calls its machine, where another Node calls its own the same. */
  readonly sharedHost?: HostId;
  /** What it shares a switch and a power feed with, where a label tells; see watch/nodes.ts. */
  readonly rack?: string;
  /** What the racks next to it share, such as a spine switch, where a label tells. */
  readonly block?: string;
  /** Its domain at each level of `topology` in extender.yaml; empty where no label tells. */
  readonly domains?: readonly string[];
  /** Where it is at large: too wide to have a fault in common. */
  readonly zone?: string;
  /** When the Node object was made; absent where nothing tells. */
  readonly createdAtSeconds?: number;
  readonly isReady: boolean;
  /** True when it takes no new pods. */
  readonly isCordoned: boolean;
  /** Changes with every boot; empty where the kubelet has not said it. */
  readonly bootId: string;
  /** Resources that count devices, as the profiles say. */
  readonly devices: ReadonlyMap<string, DeviceCount>;
  /** The kubelet's list of images, at most 50. */
  readonly images: readonly ImageListing[];
  /** True when the kubelet has left images out of its list. */
  readonly isImageListCut: boolean;
  /** When the kubelet last became ready or not, as it says. */
  readonly readySinceSeconds?: number;
  /** Version of its GPU driver, where a label tells. */
  readonly driver?: string;
  /** What kind of machine it is, where a label tells. */
  readonly model?: string;
  /** What the catalogue finds in the Node object; devices that were withdrawn follow from `devices`. */
  readonly findings: readonly Finding[];
  /** Taints that keep pods away that do not tolerate them. */
  readonly taints: readonly Taint[];
  /** Taints that pods which do not tolerate them only avoid; absent where there are none. */
  readonly softTaints?: readonly Taint[];
  /** What the node is marked with for schedulers that do not ask us. */
  readonly hint?: NodeHint;
  /** Our home labels on the node. */
  readonly homeLabels?: readonly string[];
  /** Conditions and taints that no row of the catalogue knows. */
  readonly unmapped: readonly string[];
}

export interface PodFacts {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Bound node; absent while the pod is pending. */
  readonly node?: string;
  readonly phase: string;
  /** What its scheduler has to go by; only until it runs. */
  readonly schedulingConstraints?: SchedulingConstraints;
  readonly slot: Slot;
  readonly optIn: PodOptIn;
  /** Whether the webhook prepared it. */
  readonly isPrepared: boolean;
  readonly devices: DevicesAsked;
  /** A hash of its selectors, affinities and spread constraints; absent where it has none. */
  readonly wishes?: string;
  /** How long it may take to end, in seconds. */
  readonly graceSeconds: number;
  /** Absent when no profile applies to its devices. */
  readonly expectations?: Expectations;
  /** Normalised image names of all containers and image volumes. */
  readonly images: readonly string[];
  /** Those of containers that have run, and their digests where the kubelet tells: they are on its node. */
  readonly ran: readonly RanImage[];
  readonly createdAtSeconds: number;
  /** When the scheduler bound it to its node. */
  readonly boundAtSeconds?: number;
  /** When the kubelet took the pod on; absent until a container of it has run. */
  readonly startedAtSeconds?: number;
  /** When it ended or began to end; absent while it runs. */
  readonly endedAtSeconds?: number;
  /** Set once somebody asked for its deletion. */
  readonly isTerminating: boolean;
  readonly statusReason?: string;
  readonly statusMessage?: string;
  /** Exit code of the first container that failed. */
  readonly exitCode?: number;
  /** Reason of a true DisruptionTarget condition, such as `PreemptionByScheduler`. */
  readonly disruption?: string;
  readonly deviceHealth: readonly DeviceHealth[];
  /** Containers that ended with a failure or wait to be started again. */
  readonly containers: readonly ContainerEnd[];
  /** Which template of its owner it was made from, where a label tells. */
  readonly revision?: string;
  /** How often its containers were started anew; absent where never. */
  readonly restarts?: number;
  /** Conditions that are true or false, other than those of every pod. */
  readonly conditions: readonly PodCondition[];
}

/** What decides to which nodes a pod may go, beside its devices. */
export interface SchedulingConstraints {
  readonly schedulerName: string;
  readonly choice: NodeChoice;
  readonly tolerations: readonly Toleration[];
  /** Where its scheduler has made room for it by preemption. */
  readonly nominatedNode?: string;
}

/** An image of a container that has run, and since when at the latest. */
export interface RanImage {
  readonly image: string;
  readonly digest?: string;
  readonly atSeconds: number;
}

/** True while the pod holds its devices on a node. */
export function holdsDevices(pod: PodFacts): boolean {
  return pod.node !== undefined && pod.phase !== 'Succeeded' && pod.phase !== 'Failed';
}

/** How many of one resource the pod asks for. */
export function countAsked(pod: Pick<PodFacts, 'devices'>, resource: string): number {
  return pod.devices.resources.find((ask) => ask.resource === resource)?.count ?? 0;
}

/** How many devices the pod asks for by their resources, whatever they are; claims apart. */
export function countAskedInAll({ devices }: Pick<PodFacts, 'devices'>): number {
  return devices.resources.reduce((sum, { count }) => sum + count, 0);
}

/** How many devices a pod asks for, claims among them: each counts as one. */
export function devicesAskedBy(pod: Pick<PodFacts, 'devices'>): number {
  return countAskedInAll(pod) + pod.devices.claims.length;
}

/** Whether the node takes new pods that tolerate so much. */
export function isOpenTo(
  { isReady, isCordoned, taints }: NodeFacts,
  tolerations: readonly Toleration[],
): boolean {
  return isReady && !isCordoned && taints.every((taint) => isTolerated(taint, tolerations));
}
