import { coldSeconds, pullSeconds } from './start.ts';

/** A slot on its way home to a node, and what it would lose by having to go elsewhere. */
export interface Returning {
  /** Devices it needs there, by resource. */
  readonly needs: ReadonlyMap<string, number>;
  /** True when it belongs to the workload of the pod that is asked about. */
  readonly isSibling: boolean;
  /** Bytes of its images that are here and on none of the nodes where it would go instead. */
  readonly bytesToPullElsewhere: () => number;
  readonly coldStartSeconds: number;
}

export interface Displacement {
  readonly seconds: number;
  readonly slots: number;
}

/**
 * That a slot of another workload comes back for its home. A judgement: owners that are known to be
 * done have given up their homes, most of the others restart what they lost. A sibling's return is
 * certain: its workload is being placed at this moment.
 */
const RETURN_PROBABILITY = 0.9;

/**
 * What the pods that left a node can weigh on other workloads altogether: about what pulling a 12 GB
 * image costs. Homes are made by running pods, which tenants do as they please, so they have a
 * limit. Among siblings there is nobody to protect.
 */
const MOST_DISPLACED_SECONDS = 300;

/**
 * Seconds that other slots lose when the pod takes its devices here: of those whose home this is,
 * the ones that no longer fit beside it. Without this a homeless pod takes somebody's home, who
 * takes somebody's home, and so on through the group.
 */
export function displacement(
  returning: readonly Returning[],
  freeAfterPod: ReadonlyMap<string, number>,
  bytesPerSecond: number,
): Displacement {
  const free = new Map(freeAfterPod);
  let siblingSeconds = 0;
  let otherSeconds = 0;
  let slots = 0;
  for (const slot of returning) {
    if ([...slot.needs].every(([resource, count]) => (free.get(resource) ?? 0) >= count)) {
      for (const [resource, count] of slot.needs) {
        free.set(resource, (free.get(resource) ?? 0) - count);
      }
      continue;
    }
    slots += 1;
    const lost =
      pullSeconds(slot.bytesToPullElsewhere(), bytesPerSecond) +
      coldSeconds(slot.coldStartSeconds, false);
    if (slot.isSibling) siblingSeconds += lost;
    else otherSeconds += RETURN_PROBABILITY * lost;
  }
  return { seconds: siblingSeconds + Math.min(otherSeconds, MOST_DISPLACED_SECONDS), slots };
}
