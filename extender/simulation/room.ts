import { GPUS_PER_NODE } from '../fleet/racks.ts';
import type { FaultScript } from '../fleet/script.ts';

/** What is asked for at once, and what there is; `undefined` where it fits. */
export function roomMissing({ workloads }: FaultScript, nodes: number): string | undefined {
  const asked = workloads.reduce(
    (sum, { kind, pods, gpus }) => sum + gpus * (kind === 'jobs' ? 1 : pods),
    0,
  );
  const room = nodes * GPUS_PER_NODE;
  if (asked <= room) return undefined;
  const enough = Math.ceil(asked / GPUS_PER_NODE);
  return `what runs asks for ${asked} GPUs, and ${nodes} nodes have ${room}: some pods will wait all the time; --nodes ${enough} has room for them`;
}
