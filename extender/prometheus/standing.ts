import type { HostHistory } from '../history/host-history.ts';
import { rowOfKey } from '../signals/finding.ts';

/** Keys of what stands, by row and node. */
export type Standing = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** What stands of these rows by the histories. */
export function standingByRow(
  histories: Iterable<Pick<HostHistory, 'node' | 'incidents'>>,
  rows: ReadonlySet<string>,
): Standing {
  const standing = new Map<string, Map<string, Set<string>>>();
  for (const { node, incidents } of histories) {
    for (const key of incidents.flatMap((incident) => incident.standing)) {
      const row = rowOfKey(key);
      if (!rows.has(row)) continue;
      const nodes = standing.get(row) ?? new Map<string, Set<string>>();
      standing.set(row, nodes.set(node, (nodes.get(node) ?? new Set()).add(key)));
    }
  }
  return standing;
}
