import type { Slot } from './workload.ts';

const SERVERS = /^[^/]*\/(Deployment|ReplicaSet)\//;

/** Whether a slot's pods serve rather than work towards an end: what one of them has answered stays answered. */
export function isServer({ workload }: Slot): boolean {
  return SERVERS.test(workload);
}
