import { Random } from '../../../../extender/fleet/random.ts';
import { levelOf } from '../../../../extender/forecast/level.ts';
import type { Asking, Policy, TrueNode, World } from '../world.ts';
import { COLD_SECONDS } from '../world.ts';
import { best, packing } from './points.ts';

const HALVING_SECONDS = 30;

/** One term alone, with what is true of it, at the same points as all of them together have. */
function alone(
  name: string,
  secondsOf: (asking: Asking, node: TrueNode) => number,
): (world: World, seed: number) => Policy {
  return (_world, seed) => {
    const random = new Random(seed, name);
    return {
      name,
      place(asking, candidates) {
        const { gpus, image } = asking.job.plan;
        const seconds = new Map(candidates.map((node) => [node, secondsOf(asking, node)]));
        const least = Math.min(...seconds.values());
        return best(
          candidates,
          (node) =>
            packing(node, gpus, image) +
            10 * levelOf((seconds.get(node) ?? 0) - least, HALVING_SECONDS),
          random,
        );
      },
    };
  };
}

export const homeAlone = alone('home alone', ({ job, index }, node) =>
  job.homes[index] === node ? 0 : COLD_SECONDS,
);

/** Images are known as the world knows them. */
export function imagesAlone(world: World, seed: number): Policy {
  return alone('images alone', ({ job }, node) => world.pullSeconds(node, job.plan.image))(
    world,
    seed,
  );
}
