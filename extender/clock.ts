import { busyDaysAt, type HostSize, type Worker } from './history/exposure.ts';
import type { NodeFacts } from './history/facts.ts';
import type { HostHistory } from './history/host-history.ts';
import type { Cluster } from './watch/cluster.ts';

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
  );
}

export function hostSize(node: NodeFacts, { devices }: HostHistory): HostSize {
  return {
    capacity: (resource) => node.devices.get(resource)?.capacity ?? 0,
    claimable: devices.filter(({ resource }) => resource === undefined).length,
  };
}

/** Pods whose work is not in the exposure yet: one that has begun to end is. */
function* workersOn(node: NodeFacts, cluster: Cluster): Iterable<Worker> {
  for (const { devices, startedAtSeconds, isTerminating } of cluster.holding(node.name)) {
    if (startedAtSeconds === undefined || isTerminating) continue;
    yield { devices, sinceSeconds: startedAtSeconds };
  }
}
