import { isDeviceResource } from '../../webhook/words/device.ts';
import { homeLabelsIn } from '../../webhook/words/home-label.ts';
import { HAZARD } from '../../webhook/words/keys.ts';
import type { ResourceList, Timestamp } from '../../webhook/words/pod.ts';
import { type DeviceProfile, devicePatterns, tolerationsOf } from '../../webhook/words/profile.ts';
import { quantityValue } from '../../webhook/words/quantity.ts';
import { madeOnce, sharedParts, sharedTexts } from '../bounds/shared-values.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { type NodeMarks, nodeFindings } from '../signals/finding.ts';
import { hostIdOf } from '../signals/identity.ts';
import type { DeviceCount } from '../signals/observed.ts';
import type { NodeFacts } from './facts.ts';
import { imageList, type ListedImage } from './images.ts';
import { secondsOf } from './timestamp.ts';
import type { TopologyLevel } from './topology.ts';

/** What Surefoot reads of a core/v1 Node. */
export interface Node {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: Timestamp;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key?: string;
      readonly value?: string;
      readonly effect?: string;
      readonly timeAdded?: Timestamp;
    }[];
  };
  readonly status?: {
    readonly capacity?: ResourceList;
    readonly allocatable?: ResourceList;
    readonly images?: readonly ListedImage[];
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: Timestamp | null;
    }[];
    readonly nodeInfo?: { readonly systemUUID?: string; readonly bootID?: string };
  };
}

/**
 * Labels that name the smallest group of nodes with a switch or power feed of their own, first one
 * first: the name most sites use, NVIDIA Topograph's, Google's, Amazon's (layer 3 is the nearest to
 * the instance), Oracle's local block.
 */
const RACK_LABELS = [
  'topology.kubernetes.io/rack',
  'network.topology.nvidia.com/leaf',
  'cloud.google.com/gce-topology-subblock',
  'topology.k8s.aws/network-node-layer-3',
  'oci.oraclecloud.com/rdma.local_block_id',
] as const;

/** Labels that name the next larger group: a spine switch, a block, Amazon's layer 2, Oracle's network block. */
const BLOCK_LABELS = [
  'topology.kubernetes.io/block',
  'network.topology.nvidia.com/spine',
  'cloud.google.com/gce-topology-block',
  'topology.k8s.aws/network-node-layer-2',
  'oci.oraclecloud.com/rdma.network_block_id',
] as const;

/** The label that names the zone. */
const ZONE_LABELS = ['topology.kubernetes.io/zone'] as const;

/** Labels that name the driver's version: of GPU feature discovery, of AMD's and Intel's plugins. */
const DRIVER_LABELS = [
  'nvidia.com/cuda.driver-version.full',
  'amd.com/gpu.driver-version',
] as const;
/** Labels that name the kind of device, and the kind of machine where none does. */
const MODEL_LABELS = [
  'nvidia.com/gpu.product',
  'amd.com/gpu.product-name',
  'cloud.google.com/gke-accelerator',
  'node.kubernetes.io/instance-type',
] as const;

/**
 * Labels of providers that name the machine under an instance: re-created there, it is the same
 * hardware (Google's and Oracle's topology documentation).
 */
const HOST_LABELS = [
  'oci.oraclecloud.com/host.serial_number',
  'oci.oraclecloud.com/host.id',
  'cloud.google.com/gce-topology-host',
] as const;

/** The facts of a Node, seen with these device profiles; fields that are missing count as zero or empty. */
export function nodeFacts(
  node: Node,
  catalogue: Catalogue,
  profiles: readonly DeviceProfile[],
  topology: readonly TopologyLevel[] = [],
): NodeFacts {
  const { metadata = {}, spec = {}, status = {} } = node;
  const labels = metadata.labels ?? {};
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const createdAtSeconds = secondsOf(metadata.creationTimestamp);
  const tolerations = profiles.flatMap(tolerationsOf);
  const { findings, unmapped } = nodeFindings(marksOf(node), catalogue, tolerations);
  const readySinceSeconds = secondsOf(ready?.lastTransitionTime);
  return {
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    host: hostIdOf({
      systemUuid: status.nodeInfo?.systemUUID ?? '',
      providerId: spec.providerID ?? '',
      nodeUid: metadata.uid ?? '',
      hostLabel: firstOf(HOST_LABELS, labels) ?? '',
    }),
    ...topologyOf(labels),
    ...domainsOf(labels, topology),
    ...(createdAtSeconds !== undefined && { createdAtSeconds }),
    isReady: ready?.status === 'True',
    ...(readySinceSeconds !== undefined && { readySinceSeconds }),
    isCordoned: spec.unschedulable === true,
    bootId: status.nodeInfo?.bootID ?? '',
    devices: deviceCounts(
      status.capacity ?? {},
      status.allocatable ?? {},
      devicePatterns(profiles),
    ),
    ...imageList(status.images ?? []),
    ...taintsIn(spec.taints ?? []),
    ...hintOf(labels, spec.taints ?? []),
    ...homesIn(labels),
    findings,
    unmapped: sharedPart(unmapped),
  };
}

/** Nodes of a fleet have most of this in common: kept once. */
const sharedPart = sharedParts(4 * 2 ** 20);
const sharedName = sharedTexts(4 * 2 ** 20);

function hintOf(
  labels: Readonly<Record<string, string>>,
  taints: NonNullable<NonNullable<Node['spec']>['taints']>,
): Pick<NodeFacts, 'hint'> {
  const label = labels[HAZARD] ?? '';
  const isTainted = taints.some(({ key }) => key === HAZARD);
  return label === '' && !isTainted ? {} : { hint: { label, isTainted } };
}

function homesIn(labels: Readonly<Record<string, string>>): Pick<NodeFacts, 'homeLabels'> {
  const homeLabels = homeLabelsIn(labels);
  return homeLabels.length === 0 ? {} : { homeLabels };
}

const SOFT = 'PreferNoSchedule';

function taintsIn(
  all: NonNullable<NonNullable<Node['spec']>['taints']>,
): Pick<NodeFacts, 'taints' | 'softTaints'> {
  const taints = all.map(({ key = '', value = '', effect = '' }) => ({ key, value, effect }));
  const soft = taints.filter(({ effect }) => effect === SOFT);
  return {
    taints: sharedPart(taints.filter(({ effect }) => effect !== SOFT)),
    ...(soft.length > 0 && { softTaints: sharedPart(soft) }),
  };
}

/** Where the node is, and what it shares with others. */
function topologyOf(
  labels: Readonly<Record<string, string>>,
): Pick<NodeFacts, 'rack' | 'block' | 'zone' | 'driver' | 'model'> {
  const rack = sharedOf(RACK_LABELS, labels);
  const block = sharedOf(BLOCK_LABELS, labels);
  const zone = sharedOf(ZONE_LABELS, labels);
  const driver = sharedOf(DRIVER_LABELS, labels);
  const model = sharedOf(MODEL_LABELS, labels);
  return {
    ...(rack !== undefined && { rack }),
    ...(block !== undefined && { block }),
    ...(zone !== undefined && { zone }),
    ...(driver !== undefined && { driver }),
    ...(model !== undefined && { model }),
  };
}

/** Its domain at each level; empty where no label tells. */
function domainsOf(
  labels: Readonly<Record<string, string>>,
  topology: readonly TopologyLevel[],
): Pick<NodeFacts, 'domains'> {
  if (topology.length === 0) return {};
  return { domains: sharedPart(topology.map((level) => firstOf(level.labels, labels) ?? '')) };
}

function marksOf({ metadata = {}, spec = {}, status = {} }: Node): NodeMarks {
  return {
    conditions: (status.conditions ?? []).map(
      ({ type = '', status: state = '', reason = '', message = '', lastTransitionTime }) => ({
        type,
        status: state,
        reason,
        message,
        ...sinceOf(lastTransitionTime),
      }),
    ),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    taints: (spec.taints ?? []).map(({ key = '', value = '', effect = '', timeAdded }) => ({
      key,
      value,
      effect,
      ...sinceOf(timeAdded),
    })),
    isCordoned: spec.unschedulable === true,
  };
}

function sinceOf(timestamp: Timestamp | null | undefined): { sinceSeconds?: number } {
  const sinceSeconds = secondsOf(timestamp);
  return sinceSeconds === undefined ? {} : { sinceSeconds };
}

function firstOf(
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): string | undefined {
  return names.map((name) => labels[name]).find((value) => value);
}

function sharedOf(
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const found = firstOf(names, labels);
  return found === undefined ? undefined : sharedName(found);
}

/** Other extended resources, such as network interfaces by the thousand, are no devices. */
function deviceCounts(
  capacity: ResourceList,
  allocatable: ResourceList,
  patterns: readonly string[],
): ReadonlyMap<string, DeviceCount> {
  const counted = Object.entries(capacity)
    .filter(([resource]) => isDeviceResource(resource, patterns))
    .map(([resource, quantity]): Counted => [resource, quantity, allocatable[resource] ?? 0]);
  return sharedCounts(counted);
}

type Counted = readonly [resource: string, capacity: Quantity, allocatable: Quantity];
type Quantity = ResourceList[string];

const sharedCounts = madeOnce(
  2 ** 20,
  (counted: readonly Counted[]) => counted.map((one) => one.join(' ')).join(','),
  (counted): ReadonlyMap<string, DeviceCount> =>
    new Map(
      counted.map(([resource, capacity, allocatable]) => [
        resource,
        { capacity: quantityValue(capacity) ?? 0, allocatable: quantityValue(allocatable) ?? 0 },
      ]),
    ),
);
