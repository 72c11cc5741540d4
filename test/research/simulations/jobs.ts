import { Random } from '../../../extender/fleet/random.ts';
import { normal } from './fleets.ts';

/** A group of pods that start, run and restart together. */
export interface JobPlan {
  readonly id: number;
  /** How many pods. */
  readonly size: number;
  /** 8: whole nodes; 1: one GPU. */
  readonly gpus: number;
  readonly image: string;
  readonly workSeconds: number;
  /** What its owner says that it will take. */
  readonly saidSeconds: number;
  readonly checkpointSeconds?: number;
}

export const IMAGE_BYTES = 10e9;
const IMAGES = 60;
const HOUR = 3600;
/** Each size takes about the same share of the devices. */
const SIZES = [1, 2, 4, 8, 16, 32, 64] as const;
/** Single-GPU jobs come in handfuls. */
const SMALL_SHARE = 0.5;
/** How far owners are off: one standard deviation is a factor of 1.6. */
const SAID_SIGMA = 0.5;

/** The jobs that come, the same ones for every policy; the first is one of 512 nodes that never ends. */
export function jobPlan(id: number, seed: number, horizonSeconds: number): JobPlan {
  const random = new Random(seed, `job ${id}`);
  if (id === 0) {
    return {
      id,
      size: 512,
      gpus: 8,
      image: imageOf(0),
      workSeconds: 10 * horizonSeconds,
      saidSeconds: 30 * 24 * HOUR,
      checkpointSeconds: HOUR,
    };
  }
  const isSmall = random.fraction() < SMALL_SHARE;
  const workSeconds = (isSmall ? 2 : 8) * HOUR * Math.exp(normal(random));
  return {
    id,
    size: isSmall ? 1 : sizeOf(random),
    gpus: isSmall ? 1 : 8,
    image: imageOf(Math.floor(IMAGES ** random.fraction()) - 1),
    workSeconds,
    saidSeconds: workSeconds * Math.exp(SAID_SIGMA * normal(random)),
    ...(!isSmall && { checkpointSeconds: HOUR }),
  };
}

function sizeOf(random: Random): number {
  const total = SIZES.reduce((sum, size) => sum + 1 / size, 0);
  let left = random.fraction() * total;
  for (const size of SIZES) {
    left -= 1 / size;
    if (left <= 0) return size;
  }
  return 1;
}

function imageOf(index: number): string {
  return `registry.example/team/image-${index}:1`;
}
