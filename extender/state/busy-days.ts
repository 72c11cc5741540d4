import type { NodeFacts } from '../facts/facts.ts';
import { busyDaysAt, type HostSize, type Worker } from '../history/exposure.ts';
import { type HostHistory, hostSinceSeconds } from '../history/host-history.ts';
import type { Cluster } from './cluster.ts';

/** What a host's clock of busy days shows, wherever its Node is; it stands still while that is gone. */
export function busyDaysOf(history: HostHistory, cluster: Cluster, nowSeconds: number): number {
  const node = cluster.onHost(history.host);
  return node === undefined
    ? history.exposure.busyDays
    : busyDaysOn(node, history, cluster, nowSeconds);
}

/** What a host's clock of busy days shows: the work that has ended, and that of the pods there now. */
export function busyDaysOn(
  node: NodeFacts,
  history: HostHistory,
  cluster: Cluster,
  nowSeconds: number,
): number {
  return busyDaysAt(
    history.exposure,
    workersOn(node, cluster),
    hostSize(node, history),
    nowSeconds,
    hostSinceSeconds(node, history, nowSeconds),
  );
}

/** A kubelet that has just started offers no device: what the host ever had counts. */
export function hostSize(node: NodeFacts, { devices, capacityPeaks }: HostHistory): HostSize {
  return {
    capacity: (resource) =>
      Math.max(node.devices.get(resource)?.capacity ?? 0, capacityPeaks[resource] ?? 0),
    claimable: devices.filter(({ resource }) => resource === undefined).length,
  };
}

/** Pods whose work is not in the exposure yet: that of one that has begun to end is. */
function* workersOn(node: NodeFacts, cluster: Cluster): Iterable<Worker> {
  for (const { devices, startedAtSeconds, isTerminating } of cluster.holding(node.name)) {
    if (startedAtSeconds === undefined || isTerminating) continue;
    yield { devices, sinceSeconds: startedAtSeconds };
  }
}
