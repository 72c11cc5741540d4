import type { ResourceList, Timestamp } from '../../webhook/words/pod.ts';
import { quantityValue } from '../../webhook/words/quantity.ts';
import type { DeviceCount, NodeFacts } from '../history/facts.ts';
import { hostIdOf } from '../history/identity.ts';
import { normalizedImage } from './images.ts';

/** What Surefoot reads of a core/v1 Node. */
export interface Node {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: Timestamp;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly providerID?: string; readonly unschedulable?: boolean };
  readonly status?: {
    readonly capacity?: ResourceList;
    readonly allocatable?: ResourceList;
    readonly images?: readonly {
      readonly names?: readonly string[] | null;
      readonly sizeBytes?: number;
    }[];
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
    readonly nodeInfo?: { readonly systemUUID?: string; readonly bootID?: string };
  };
}

/**
 * Labels that name the smallest group of nodes with a switch or power feed of their own, first one
 * first: the name most sites use, NVIDIA Topograph's, Google's, Amazon's (layer 3 is the nearest to
 * the instance), and the zone where nothing finer is known.
 */
const RACK_LABELS = [
  'topology.kubernetes.io/rack',
  'network.topology.nvidia.com/leaf',
  'cloud.google.com/gce-topology-subblock',
  'topology.k8s.aws/network-node-layer-3',
  'topology.kubernetes.io/zone',
] as const;

/** The facts of a Node; fields that are missing count as zero or empty. */
export function nodeFacts(node: Node): NodeFacts {
  const { metadata = {}, spec = {}, status = {} } = node;
  const rack = RACK_LABELS.map((label) => metadata.labels?.[label]).find((name) => name);
  return {
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    host: hostIdOf({
      systemUuid: status.nodeInfo?.systemUUID ?? '',
      providerId: spec.providerID ?? '',
      nodeUid: metadata.uid ?? '',
    }),
    ...(rack !== undefined && { rack }),
    isReady: (status.conditions ?? []).some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    ),
    isCordoned: spec.unschedulable === true,
    bootId: status.nodeInfo?.bootID ?? '',
    devices: deviceCounts(status.capacity ?? {}, status.allocatable ?? {}),
    images: imageSizes(status.images ?? []),
  };
}

/** Extended resources carry a domain; what Kubernetes itself counts does not. */
function deviceCounts(
  capacity: ResourceList,
  allocatable: ResourceList,
): ReadonlyMap<string, DeviceCount> {
  const counts = new Map<string, DeviceCount>();
  for (const [resource, quantity] of Object.entries(capacity)) {
    if (!resource.includes('/')) continue;
    counts.set(resource, {
      capacity: quantityValue(quantity) ?? 0,
      allocatable: quantityValue(allocatable[resource] ?? 0) ?? 0,
    });
  }
  return counts;
}

function imageSizes(
  images: NonNullable<NonNullable<Node['status']>['images']>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { names, sizeBytes = 0 } of images) {
    // The API sends null, not nothing, for an image that has lost its tags (containerd#4771).
    for (const name of names ?? []) sizes.set(normalizedImage(name), sizeBytes);
  }
  return sizes;
}
