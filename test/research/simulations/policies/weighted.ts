import { Random } from '../../../../extender/fleet/random.ts';
import type { Policy, TrueNode, World } from '../world.ts';
import { best, packing } from './points.ts';

/** A fixed sum of three scores of 0 to 100, as most schedulers and their extenders are set up. */
export interface Weights {
  readonly image: number;
  readonly home: number;
  readonly faults: number;
  /** After so many days a fault counts half. */
  readonly halfLifeDays: number;
  /** So many faults, as they count now, and the score is 0. */
  readonly worst: number;
}

const DAY = 86_400;

/** It is told of every fault at once, and of every image. */
export function weighted(weights: Weights): (world: World, seed: number) => Policy {
  return (_world, seed) => {
    const random = new Random(seed, 'weighted');
    const counts = new Map<TrueNode, { count: number; atSeconds: number }>();
    const countOf = (node: TrueNode, nowSeconds: number) => {
      const { count = 0, atSeconds = nowSeconds } = counts.get(node) ?? {};
      return count * 2 ** (-(nowSeconds - atSeconds) / DAY / weights.halfLifeDays);
    };
    const broken = new Map<TrueNode, number>();
    return {
      name: 'weighted sum',
      place({ job, index }, candidates, nowSeconds) {
        const { gpus, image } = job.plan;
        return best(
          candidates,
          (node) =>
            packing(node, gpus, image) +
            weights.image * (node.cache.has(image) ? 100 : 0) +
            weights.home * (job.homes[index] === node ? 100 : 0) +
            weights.faults * 100 * Math.max(0, 1 - countOf(node, nowSeconds) / weights.worst),
          random,
        );
      },
      nodeChanged(node, nowSeconds) {
        if (node.broken > (broken.get(node) ?? 0)) {
          counts.set(node, { count: 1 + countOf(node, nowSeconds), atSeconds: nowSeconds });
        }
        broken.set(node, node.broken);
      },
    };
  };
}

/** Any weights that somebody might choose. */
export function drawWeights(random: Random): Weights {
  const weight = () => random.pick([0, 1, 2, 3, 5, 10]) ?? 0;
  return {
    image: weight(),
    home: weight(),
    faults: weight(),
    halfLifeDays: random.pick([1, 7, 30, 90]) ?? 30,
    worst: random.pick([1, 2, 4]) ?? 1,
  };
}
