import type { NodeFacts } from '../facts/facts.ts';
import { busyDaysAt, type HostSize, type Worker } from '../history/exposure.ts';
import { type HostHistory, hostSinceSeconds } from '../history/host-history.ts';
import type { Cluster } from './cluster.ts';

/** Busy days of a host up to now; they stand still while it has no Node. */
export function busyDaysOf(history: HostHistory, cluster: Cluster, nowSeconds: number): number {
  const node = cluster.onHost(history.host);
  return node === undefined
    ? history.exposure.busyDays
    : busyDaysOn(node, history, cluster, nowSeconds);
}

/** Busy days of a host up to now: work that has ended, and that of the pods there now. */
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

/** Devices of a host. A kubelet that has just started offers none, so the most that the host ever had counts. */
export function hostSize(node: NodeFacts, { devices, capacityPeaks }: HostHistory): HostSize {
  return {
    capacity: (resource) =>
      Math.max(node.devices.get(resource)?.capacity ?? 0, capacityPeaks[resource] ?? 0),
    claimable: devices.filter(({ resource }) => resource === undefined).length,
  };
}

/** Pods whose work is not in the exposure yet. The work of a terminating pod is. */
function* workersOn(node: NodeFacts, cluster: Cluster): Iterable<Worker> {
  for (const { devices, startedAtSeconds, isTerminating } of cluster.holding(node.name)) {
    if (startedAtSeconds === undefined || isTerminating) continue;
    yield { devices, sinceSeconds: startedAtSeconds };
  }
}
