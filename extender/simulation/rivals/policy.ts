import type { Pod } from '../../../webhook/words/pod.ts';
import type { Doors, FleetApi } from '../../fleet/fleet.ts';

/** A way to place pods, beside the scheduler of the built-in fleet. */
export interface PlacementPolicy {
  /** What the fleet calls; `nowSeconds` is the fleet's. */
  doors(nowSeconds: () => number): Doors;
  /** Watches the fleet from now on. */
  watch(api: FleetApi, nowSeconds: () => number): void;
}

/** What a user writes by hand where there is no webhook to write it. */
export function tolerating(pod: Pod): Pod {
  const tolerations = [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }];
  return { ...pod, spec: { ...pod.spec, tolerations } };
}

/** The scheduler of the fleet alone. */
export const STOCK: PlacementPolicy = {
  doors: () => ({ admit: async (pod) => tolerating(pod) }),
  watch() {},
};
