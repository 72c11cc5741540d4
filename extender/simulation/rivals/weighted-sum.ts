import type { Pod } from '../../../webhook/words/pod.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import type { Doors, FleetApi } from '../../fleet/fleet.ts';
import { type FleetNode, GPU } from '../../fleet/racks.ts';
import type { ExtenderArgs, HostPriorityList } from '../../fleet/scheduler.ts';
import { BoundPods } from './bound-pods.ts';
import { type PlacementPolicy, tolerating } from './policy.ts';

/** What each of four scores of 0 to 1 weighs, as most schedulers and their extenders are set up. */
export interface Weights {
  readonly image: number;
  readonly home: number;
  readonly faults: number;
  readonly rack: number;
  /** After so many days a fault counts half. */
  readonly halfLifeDays: number;
}

const SECONDS_PER_DAY = 86_400;

/** A fixed sum. It is told of every device that breaks, of every image, every home and every rack. */
export class WeightedSum implements PlacementPolicy {
  readonly #weights: Weights;
  readonly #bound = new BoundPods();
  readonly #homes = new Map<string, string>();
  readonly #faults = new Map<string, { count: number; atSeconds: number }>();

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  doors(nowSeconds: () => number): Doors {
    return {
      admit: async (pod) => tolerating(pod),
      prioritize: async (args) => this.#scores(args, nowSeconds()),
    };
  }

  watch(api: FleetApi, nowSeconds: () => number): void {
    this.#bound.watch(api);
    const offered = new Map<string, number>();
    api.nodes.subscribe(({ object }) => {
      const { name = '' } = object.metadata;
      const now = Number(object.status.allocatable[GPU] ?? 0);
      // All devices of a node that boots are away at once, and none of them is broken.
      if (now > 0 && now < (offered.get(name) ?? now)) this.#broke(name, nowSeconds());
      if (now > 0) offered.set(name, now);
    });
    api.pods.subscribe(({ object }) => {
      if (object.spec.nodeName) this.#homes.set(slotOf(object).key, object.spec.nodeName);
    });
  }

  #broke(node: string, nowSeconds: number): void {
    this.#faults.set(node, { count: 1 + this.#faultsOf(node, nowSeconds), atSeconds: nowSeconds });
  }

  #faultsOf(node: string, nowSeconds: number): number {
    const { count, atSeconds } = this.#faults.get(node) ?? { count: 0, atSeconds: nowSeconds };
    const days = (nowSeconds - atSeconds) / SECONDS_PER_DAY;
    return count * 2 ** (-days / this.#weights.halfLifeDays);
  }

  #scores({ Pod: pod, NodeNames: names }: ExtenderArgs, nowSeconds: number): HostPriorityList {
    const racks = this.#bound.racksOf(pod);
    const home = this.#homes.get(slotOf(pod).key);
    const { image, home: atHome, faults, rack } = this.#weights;
    return names.map((Host) => ({
      Host,
      Score: Math.round(
        image * share(pod, this.#bound.node(Host)) +
          (Host === home ? atHome : 0) +
          (racks.has(this.#bound.rackOf(Host)) ? rack : 0) -
          faults * Math.min(1, this.#faultsOf(Host, nowSeconds)),
      ),
    }));
  }
}

/** Of the pod's images, how many are on the node. */
function share({ spec: { containers } }: Pod, node: FleetNode | undefined): number {
  const there = new Set(node?.status.images.flatMap(({ names }) => names));
  return containers.filter(({ image = '' }) => there.has(image)).length / containers.length;
}
