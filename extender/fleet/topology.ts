import { z } from 'zod';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { percentField } from '../../webhook/words/percent.ts';

/** What nodes share, from the finest: the labels are those that most sites and NVIDIA's device plugin use. */
const LEVELS = [
  { name: 'nvlinkDomain', label: 'nvidia.com/gpu.clique', prefix: 'clique' },
  { name: 'rack', label: 'topology.kubernetes.io/rack', prefix: 'rack' },
  { name: 'block', label: 'topology.kubernetes.io/block', prefix: 'block' },
] as const;

const levelEntry = (nodes: number) =>
  strictSection({
    /** How many nodes share one; 0: there is none. */
    nodes: z.number().int().min(0).max(5000).default(nodes),
    /** How much slower a group works while it is in more of them than it has to be. */
    slowdown: percentField.prefault('0%'),
  }).prefault({});

/**
 * Racks of eight servers, blocks of eight racks. NVLink domains that span nodes are rack-scale systems (18 nodes in NVIDIA's
 * GB200 NVL72); servers of eight GPUs have none.
 */
export const topologySection = strictSection({
  nvlinkDomain: levelEntry(0),
  rack: levelEntry(8),
  block: levelEntry(64),
}).prefault({});

export type Topology = z.output<typeof topologySection>;

/** The labels of the node with this index. */
export function domainLabels(index: number, topology: Topology): Readonly<Record<string, string>> {
  return Object.fromEntries(
    LEVELS.flatMap(({ name, label, prefix }) => {
      const domain = domainOf(index, topology[name].nodes);
      return domain === undefined ? [] : [[label, `${prefix}-${domain + 1}`]];
    }),
  );
}

/** The levels at which a group is slowed, as an administrator would write them into extender.yaml. */
export function slowingLevels(topology: Topology): { labels: string[]; slowdown: number }[] {
  return LEVELS.flatMap(({ name, label }) => {
    const { nodes, slowdown } = topology[name];
    return nodes === 0 || slowdown === 0 ? [] : [{ labels: [label], slowdown }];
  });
}

/** Which domain of so many nodes a node is in; `undefined` where there is none. */
function domainOf(index: number, nodesPerDomain: number): number | undefined {
  return nodesPerDomain === 0 ? undefined : Math.floor(index / nodesPerDomain);
}

/**
 * The share of its speed that a group loses on these nodes: at each level its slowdown, while it is in more domains than
 * the fewest that have places for all of it.
 */
export function slowdownOn(
  nodeIndexes: readonly number[],
  podsPerNode: number,
  topology: Topology,
): number {
  return LEVELS.reduce((sum, { name }) => {
    const { nodes, slowdown } = topology[name];
    if (nodes === 0 || slowdown === 0) return sum;
    const used = new Set(nodeIndexes.map((index) => domainOf(index, nodes))).size;
    return used > Math.ceil(nodeIndexes.length / (podsPerNode * nodes)) ? sum + slowdown : sum;
  }, 0);
}
