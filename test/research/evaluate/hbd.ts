import { type RecordedGroup, type RecordedHost, type Row, rowsOf, upBetween } from './records.ts';

/** Which faults of the record count. */
export type HbdLevel = 'hardware' | 'all';

const DAY = 86_400;
/** The last 40 % of the file's span is judged. */
const JUDGED_SHARE = 0.4;
const HARDWARE = 'Hardware Failure';

/**
 * GPU servers of an LLM pre-training cluster (InfiniteHBD-Trace, arXiv 2502.03885). A server that never failed is not in
 * the file; `servers` says how many there are. Any fault takes a server out of service; only those of the level count as
 * failures. The record has no ages, racks or models.
 */
export function hbdGroups(
  path: string,
  { level, servers }: { readonly level: HbdLevel; readonly servers: number },
): readonly RecordedGroup[] {
  const rows = rowsOf(path, ['server', 'start_day', 'end_day', 'level', 'class', 'description']);
  const toSeconds = Math.max(...rows.map((row) => Number(row.start_day))) * DAY;
  const hosts = [...Map.groupBy(rows, (row) => row.server ?? '')].map(([id, ofServer]) =>
    hostOf(id, ofServer, level, toSeconds),
  );
  for (let quiet = 1; hosts.length < servers; quiet += 1) {
    hosts.push(hostOf(`quiet-${quiet}`, [], level, toSeconds));
  }
  const judgedFromSeconds = (1 - JUDGED_SHARE) * toSeconds;
  return [{ name: `HBD, ${level}`, hosts, fromSeconds: 0, judgedFromSeconds, toSeconds }];
}

function hostOf(
  id: string,
  rows: readonly Row[],
  level: HbdLevel,
  toSeconds: number,
): RecordedHost {
  const outages = rows
    .map((row) => {
      const started = Number(row.start_day) * DAY;
      const fixed = row.end_day ? Number(row.end_day) * DAY : toSeconds;
      return { started, fixed, counts: level === 'all' || row.level === HARDWARE };
    })
    .sort((a, b) => a.started - b.started);
  // Faults that begin at one moment are one: an inspection finds them all.
  const starts = new Set(outages.filter(({ counts }) => counts).map(({ started }) => started));
  return {
    id,
    // Nothing tells where it stands: a place of its own teaches nobody anything.
    place: { rack: id, block: id },
    up: upBetween(outages, { device: id, fromSeconds: 0, toSeconds }),
    failures: [...starts].map((atSeconds) => ({ atSeconds, device: id })),
  };
}
