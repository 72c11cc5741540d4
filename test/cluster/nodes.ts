import { randomUUID } from 'node:crypto';
import { CoreV1Api, type KubeConfig, type V1Node } from '@kubernetes/client-node';
import { GPU, READY_SINCE } from './bed-keys.ts';
import { eventually } from './eventually.ts';

const A_DAY_MS = 86_400_000;

export interface NodesOptions {
  readonly count: number;
  readonly gpus: number;
  /** Default `gpu-`: nodes are called `gpu-1`, `gpu-2` and so on. */
  readonly prefix?: string;
  /** More labels, such as the node's rack. */
  readonly labels?: (name: string) => Readonly<Record<string, string>>;
  /** Taint `nvidia.com/gpu:NoSchedule`, as GPU pools carry it; default on. */
  readonly tainted?: boolean;
}

/** Creates fake GPU nodes; resolves with their names when pods can be bound to every one. */
export async function createNodes(
  config: KubeConfig,
  { count, gpus, prefix = 'gpu-', tainted = true, labels = () => ({}) }: NodesOptions,
): Promise<readonly string[]> {
  const api = config.makeApiClient(CoreV1Api);
  const names = Array.from({ length: count }, (_none, index) => `${prefix}${index + 1}`);
  await Promise.all(
    names.map((name) => api.createNode({ body: gpuNode(name, gpus, tainted, labels) })),
  );
  // A node is born tainted not-ready; the controller-manager takes that off a moment later.
  await eventually(
    `${count} ready nodes`,
    async () => {
      const { items } = await api.listNode();
      return items.filter(isOpen).length >= count;
    },
    { timeoutSeconds: 90 },
  );
  return names;
}

function isOpen({ spec }: V1Node): boolean {
  return !spec?.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'));
}

function gpuNode(
  name: string,
  gpus: number,
  tainted: boolean,
  labels: NonNullable<NodesOptions['labels']>,
): V1Node {
  // The size of a common eight-GPU server.
  const resources = { cpu: '192', memory: '2Ti', pods: '110', [GPU]: String(gpus) };
  return {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'bed.surefoot.dev/gpu': 'true', ...labels(name) },
      // Nodes of a running cluster: one that has just booted is not judged at once.
      annotations: { [READY_SINCE]: new Date(Date.now() - A_DAY_MS).toISOString() },
    },
    spec: { ...(tainted && { taints: [{ key: GPU, value: 'present', effect: 'NoSchedule' }] }) },
    status: {
      capacity: resources,
      allocatable: resources,
      nodeInfo: {
        systemUUID: randomUUID(),
        bootID: randomUUID(),
        machineID: '',
        kernelVersion: 'bed',
        osImage: 'bed',
        containerRuntimeVersion: 'bed',
        kubeletVersion: 'bed',
        kubeProxyVersion: 'bed',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}
