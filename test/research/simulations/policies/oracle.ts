import { Random } from '../../../../extender/fleet/random.ts';
import type { Asking, Policy, TrueNode, World } from '../world.ts';
import { COLD_SECONDS, freeGpus, RESTART_SECONDS } from '../world.ts';
import { best, packing } from './points.ts';

type Probability = (world: World, node: TrueNode, gpus: number, seconds: number) => number;

/** Takes the node of the least seconds, and packs where they are equal. */
function leastLoss(name: string, probability: Probability): (world: World, seed: number) => Policy {
  return (world, seed) => {
    const random = new Random(seed, name);
    return {
      name,
      place(asking, candidates) {
        const { gpus, image } = asking.job.plan;
        return best(
          candidates,
          (node) =>
            packing(node, gpus, image) / 100 - lossSeconds(world, asking, node, probability),
          random,
        );
      },
    };
  };
}

/**
 * Knows what is true of rates, images and bandwidth, and what each pod's owner says, as everybody does; but not
 * which node fails when.
 */
export const oracle = leastLoss('oracle', (world, node, gpus, seconds) =>
  world.faultProbability(node, gpus, seconds),
);

/** The same, but of the rates it knows only the law and what each node has shown: nobody could learn more. */
export const lawyer = leastLoss('knows the law', (world, node, gpus, seconds) =>
  world.probabilityByLaw(node, gpus, seconds),
);

function lossSeconds(
  world: World,
  { job, index }: Asking,
  node: TrueNode,
  probability: Probability,
): number {
  const { image, gpus, saidSeconds, checkpointSeconds = saidSeconds } = job.plan;
  const lost = Math.min(checkpointSeconds, saidSeconds) / 2 + RESTART_SECONDS;
  return (
    world.pullSeconds(node, image) +
    (job.homes[index] === node ? 0 : COLD_SECONDS) +
    probability(world, node, gpus, saidSeconds) * lost +
    displacedSeconds(world, job.homes[index] === node, gpus, node)
  );
}

/** What others lose whose home it is, and who will not fit any more. */
function displacedSeconds(world: World, isHome: boolean, gpus: number, node: TrueNode): number {
  let free = freeGpus(node) - gpus;
  let seconds = 0;
  for (const { job } of world.awayFrom.get(node) ?? []) {
    free -= job.plan.gpus;
    if (free < 0) seconds += COLD_SECONDS + (isHome ? 0 : world.pullSeconds(node, job.plan.image));
  }
  return seconds;
}
