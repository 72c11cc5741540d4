import type { NodeFacts } from '../facts/facts.ts';
import type { DeviceHost } from '../hazard/pod-hazard.ts';
import { busyDaysOn } from './busy-days.ts';
import type { Snapshot } from './snapshot.ts';

/** What is known of the devices of a node. */
export function deviceHost(
  node: NodeFacts,
  { cluster, store, nowSeconds }: Pick<Snapshot, 'cluster' | 'store' | 'nowSeconds'>,
): DeviceHost {
  const { incidents, devices } = store.get(node.host);
  // A pod's work is either in the newest exposure or still running; faults count once they are written.
  const newest = store.draft(node.host);
  const busyDays = busyDaysOn(node, newest, cluster, nowSeconds);
  return { incidents, exposure: newest.exposure, devices, busyDays, nowSeconds };
}
