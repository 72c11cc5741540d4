import type { Doors, FleetApi } from '../../fleet/fleet.ts';
import { gpusAskedBy } from '../../fleet/kubelet.ts';
import type { ExtenderArgs, HostPriorityList } from '../../fleet/scheduler.ts';
import { BoundPods, jobOf } from './bound-pods.ts';
import { type PlacementPolicy, tolerating } from './policy.ts';

/** More than all that the scheduler's own plugins can say. */
const RACK_IN_USE = 50;
/** Of a rack that the job does not use yet, for each place in it. */
const A_FREE_PLACE = 5;

/**
 * Members of a group go to racks that their job uses already; where none has room, anywhere, or, with `elseFreest`, to the
 * rack with the most places. It knows nothing of faults, images and homes.
 */
export class RacksFirst implements PlacementPolicy {
  readonly #bound = new BoundPods();
  readonly #elseFreest: boolean;

  constructor(elseFreest: boolean) {
    this.#elseFreest = elseFreest;
  }

  doors(): Doors {
    return {
      admit: async (pod) => tolerating(pod),
      prioritize: async (args) => this.#scores(args),
    };
  }

  watch(api: FleetApi): void {
    this.#bound.watch(api);
  }

  #scores({ Pod: pod, NodeNames: names }: ExtenderArgs): HostPriorityList {
    if (jobOf(pod) === undefined) return names.map((Host) => ({ Host, Score: 0 }));
    const racks = this.#bound.racksOf(pod);
    const places = new Map<string, number>();
    const gpus = gpusAskedBy(pod);
    for (const name of names) {
      const rack = this.#bound.rackOf(name);
      places.set(rack, (places.get(rack) ?? 0) + this.#bound.placesOn(name, gpus));
    }
    return names.map((Host) => {
      const rack = this.#bound.rackOf(Host);
      if (racks.has(rack)) return { Host, Score: RACK_IN_USE };
      const free = this.#elseFreest ? A_FREE_PLACE * Math.min(8, places.get(rack) ?? 0) : 0;
      return { Host, Score: free };
    });
  }
}
