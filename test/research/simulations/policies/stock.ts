import { Random } from '../../../../extender/fleet/random.ts';
import { NODES } from '../fleets.ts';
import { IMAGE_BYTES } from '../jobs.ts';
import type { Policy, World } from '../world.ts';
import { best, packing } from './points.ts';

/** Bounds of ImageLocality (kubernetes v1.37, image_locality.go). */
const LEAST_BYTES = 23 * 2 ** 20;
const MOST_BYTES = 1000 * 2 ** 20;

/**
 * The default plugins: ImageLocality, and nothing else that tells these nodes apart (NodeResourcesFit does not
 * look at devices, and the nodes have CPU and memory to spare).
 */
export function stock(world: World, seed: number): Policy {
  const random = new Random(seed, 'stock');
  return {
    name: 'stock',
    place({ job }, candidates) {
      const { image } = job.plan;
      const points = imageLocality(world, image);
      return best(candidates, ({ cache }) => (cache.has(image) ? points : 0), random);
    },
  };
}

/** What a node that has the image gets for it. */
export function imageLocality(world: World, image: string): number {
  const share = world.nodes.filter(({ cache }) => cache.has(image)).length / NODES;
  const scaled = Math.min(Math.max(IMAGE_BYTES * share, LEAST_BYTES), MOST_BYTES);
  return Math.floor((100 * (scaled - LEAST_BYTES)) / (MOST_BYTES - LEAST_BYTES));
}

/** The profile that we recommend, without us. */
export function packed(_world: World, seed: number): Policy {
  const random = new Random(seed, 'packed');
  return {
    name: 'packed',
    place: ({ job }, candidates) =>
      best(candidates, (node) => packing(node, job.plan.gpus, job.plan.image), random),
  };
}
