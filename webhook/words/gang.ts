import type { Slot } from './workload.ts';

/** Owners whose numbered pods work on their own: what one of them loses, the others do not. */
const OF_ONES_OWN = /^(Pod|PodsOf|StatefulSet|Workflow|RayService)(\.|$)/;

/**
 * The gang that a slot's pods work together in, and so want to be near each other: an Indexed Job, a JobSet, a group of a
 * LeaderWorkerSet and the like. `undefined` for replicas, for the notebooks of a StatefulSet, and for a slot that its pod
 * names itself, because nobody tells what it means.
 */
export function gangOf({
  key,
  workload,
  interchangeable,
  isNamed = false,
}: Slot): string | undefined {
  if (interchangeable || isNamed || key === workload) return undefined;
  const kind = workload.split('/')[1] ?? '';
  if (OF_ONES_OWN.test(kind)) return undefined;
  if (kind !== 'LeaderWorkerSet') return workload;
  // Its groups work without each other: `3.1` is worker 1 of group 3.
  const [group = ''] = key.slice(workload.length + 1).split('.');
  return `${workload}/${group}`;
}
