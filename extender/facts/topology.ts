import { z } from 'zod';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { percentField } from '../../webhook/words/percent.ts';

/** A kind of domain that nodes share, and what it costs a gang to be in more of them than it has to be. */
export interface TopologyLevel {
  /** Labels whose value names the domain of a node, the first one that is there. */
  readonly labels: readonly string[];
  /** Share of its speed that the gang loses. */
  readonly slowdown: number;
}

const MOST_LEVELS = 4;
const MOST_LABELS = 16;
/** Longer than any label's name may be. */
const LONGEST_LABEL = 317;

/** Levels of extender.yaml, the finest first. */
export const topologySection = z
  .array(
    strictSection({
      labels: z
        .array(z.string().min(1).max(LONGEST_LABEL))
        .min(1, { error: 'expected at least one label, such as "topology.kubernetes.io/block"' })
        .max(MOST_LABELS),
      slowdown: percentField,
    }),
  )
  .max(MOST_LEVELS, { error: `expected at most ${MOST_LEVELS} levels` })
  .default([]);
