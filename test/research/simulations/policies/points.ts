import type { Random } from '../../../../extender/fleet/random.ts';
import { bits, type TrueNode } from '../world.ts';

/** What the scheduler's own plugins give a node for a pod. */
export type BasePoints = (node: TrueNode, gpus: number, image: string) => number;

/** Fills nodes that are in use first: MostAllocated on the device resource, weight 1, as our own profile has it. */
export const packing: BasePoints = ({ held }, gpus) => Math.floor((100 * (bits(held) + gpus)) / 8);

/** The one with the most points; of equals by chance, as the scheduler draws. */
export function best(
  candidates: readonly TrueNode[],
  pointsOf: (node: TrueNode) => number,
  random: Random,
): TrueNode {
  let most = Number.NEGATIVE_INFINITY;
  let chosen: TrueNode | undefined;
  let equals = 0;
  for (const node of candidates) {
    const points = pointsOf(node);
    if (points < most) continue;
    equals = points > most ? 1 : equals + 1;
    most = points;
    if (equals === 1 || random.below(equals) === 0) chosen = node;
  }
  return chosen as TrueNode;
}
