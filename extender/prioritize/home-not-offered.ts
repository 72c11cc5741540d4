import type { Reason } from '../../webhook/words/reason.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Snapshot } from '../state/snapshot.ts';

/**
 * Why the node that a slot left is not among the candidates: `previous node gpu-22: not offered, 7 of 8
 * nvidia.com/gpu left`. Nothing of interchangeable replicas: any node that one of them left would do.
 */
export function homesNotOffered(
  pod: PodFacts,
  candidates: Int32Array,
  { cluster, homes, nowSeconds }: Snapshot,
): readonly Reason[] {
  if (pod.slot.interchangeable) return [];
  return homes.of(pod.slot, nowSeconds).flatMap(({ node: name }) => {
    if (candidates.includes(cluster.index.of(name))) return [];
    const why = whyNotOffered(name, pod, cluster);
    return [
      { code: 'HomeNotOffered' as const, words: `previous node ${name}: not offered, ${why}` },
    ];
  });
}

function whyNotOffered(name: string, pod: PodFacts, cluster: Cluster): string {
  const node = cluster.node(name);
  if (node === undefined) return 'it is gone';
  if (!node.isReady) return 'it is not ready';
  if (node.isCordoned) return 'it is cordoned';
  return shortage(node, pod, cluster) ?? 'the scheduler has ruled it out';
}

function shortage(node: NodeFacts, pod: PodFacts, cluster: Cluster): string | undefined {
  for (const { resource, count } of pod.devices.resources) {
    const free = cluster.freeDevices(node, resource);
    const { capacity = 0, allocatable = 0 } = node.devices.get(resource) ?? {};
    if (free >= count) continue;
    const working = allocatable < capacity ? `, ${allocatable} of ${capacity} work` : '';
    return `${Math.max(0, free)} of ${capacity} ${resource} left${working}`;
  }
  return undefined;
}
