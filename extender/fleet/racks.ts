import type { ObjectMeta, ResourceList } from '../../webhook/words/pod.ts';
import { timestamp, uidOf } from './objects.ts';
import { domainLabels, type Topology } from './topology.ts';

/** The fleet's only device resource. */
export const GPU = 'nvidia.com/gpu';
export const RACK_LABEL = 'topology.kubernetes.io/rack';

export const GPUS_PER_NODE = 8;

export interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
}

export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

/** What the fleet writes of a core/v1 Node. */
export interface FleetNode {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly unschedulable?: boolean;
    readonly taints: readonly { key: string; value: string; effect: string }[];
  };
  readonly status: {
    readonly capacity: ResourceList;
    readonly allocatable: ResourceList;
    readonly conditions: readonly NodeCondition[];
    readonly images: readonly NodeImage[];
    readonly nodeInfo: Readonly<Record<string, string>>;
  };
}

/** Nodes of eight GPUs, labelled by what they share, tainted as GPU pools are. */
export function nodesInRacks(
  count: number,
  topology: Topology,
  atSeconds: number,
): readonly FleetNode[] {
  return Array.from({ length: count }, (_none, index) => nodeAt(index, topology, atSeconds));
}

export function readyCondition(
  isReady: boolean,
  reason: string,
  atSeconds: number,
): readonly NodeCondition[] {
  const at = timestamp(atSeconds);
  return [
    {
      type: 'Ready',
      status: isReady ? 'True' : 'False',
      reason,
      message: '',
      lastHeartbeatTime: at,
      lastTransitionTime: at,
    },
  ];
}

export function isReady({ status }: FleetNode): boolean {
  return status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

const SECONDS_PER_DAY = 86_400;

/** As GPU pools carry it. */
const GPU_TAINTS = [{ key: GPU, value: 'present', effect: 'NoSchedule' }];

function nodeAt(index: number, topology: Topology, atSeconds: number): FleetNode {
  const name = `gpu-${index + 1}`;
  // The size of a common eight-GPU server.
  const resources = { cpu: '192', memory: '2Ti', pods: '110', [GPU]: String(GPUS_PER_NODE) };
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        ...domainLabels(index, topology),
      },
    },
    spec: { taints: GPU_TAINTS },
    status: {
      capacity: resources,
      allocatable: resources,
      // They have run for a while: of a node that has just booted less is believed.
      conditions: readyCondition(true, 'KubeletReady', atSeconds - SECONDS_PER_DAY),
      images: [],
      nodeInfo: {
        systemUUID: uidOf(0xf1ee70000 + index),
        bootID: uidOf(0xb0070000 + index),
        kubeletVersion: 'v1.37.2',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}
