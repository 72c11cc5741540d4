import type { NodeFacts } from './facts.ts';

/**
 * What somebody has announced to do with a node, in words; `undefined` where nobody has. A cordon announces nothing: a
 * cordoned node takes no pods.
 */
export function announcedWork({ findings }: Pick<NodeFacts, 'findings'>): string | undefined {
  return findings.find(
    ({ row, worth }) =>
      worth.class === 'announced' || (worth.class === 'planned' && row.source !== 'node-cordon'),
  )?.worth.words;
}
