import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';

/** One failure of the device in a host. */
export interface Failure {
  readonly atSeconds: number;
  readonly device: string;
}

/** A time in which the host had this device and was up. */
export interface UpSpan {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly device: string;
  /** When the device was first seen in any host. */
  readonly deviceSinceSeconds: number;
}

export interface RecordedHost {
  readonly id: string;
  /** Where it stands, as labels would say. */
  readonly place: { readonly rack: string; readonly block: string };
  /** In order. */
  readonly up: readonly UpSpan[];
  /** In order. */
  readonly failures: readonly Failure[];
}

/** Hosts that are compared with one another, and the time in which they are judged. */
export interface RecordedGroup {
  readonly name: string;
  readonly hosts: readonly RecordedHost[];
  readonly fromSeconds: number;
  readonly judgedFromSeconds: number;
  readonly toSeconds: number;
}

export type Row = Readonly<Record<string, string>>;

const DAY = 86_400;
/** LANL systems with at least 100 nodes; 21 has no length to speak of (reliability-data, section 3). */
const FEWEST_NODES = 100;
const LEFT_OUT = '21';
/** The last 40 % of each system's span is judged. */
const LANL_JUDGED_SHARE = 0.4;
/** Without a date, the last quarter of the file's span. */
const TITAN_JUDGED_SHARE = 0.25;
/** One defect of a GPU is logged again and again: within a day it is one failure (OLCF). */
const TITAN_MERGE_SECONDS = DAY;

/** The systems of LA-UR-05-7318; a node that never failed is one that is not in the file. */
export function lanlGroups(path: string): readonly RecordedGroup[] {
  const rows = rowsOf(path, ['System', 'nodes', 'nodenumz', 'Prob Started', 'Prob Fixed']);
  const bySystem = Map.groupBy(rows, (row) => row.System ?? '');
  const groups: RecordedGroup[] = [];
  for (const [system, ofSystem] of bySystem) {
    const nodes = Math.max(...ofSystem.map((row) => Number(row.nodes) || 0));
    if (nodes < FEWEST_NODES || system === LEFT_OUT) continue;
    groups.push(lanlSystem(system, nodes, ofSystem));
  }
  return groups;
}

function lanlSystem(system: string, nodes: number, rows: readonly Row[]): RecordedGroup {
  const outages = rows.flatMap((row) => {
    const node = row.nodenumz ?? '';
    const started = secondsOf(row['Prob Started']);
    if (node === '' || started === undefined) return [];
    return [{ node, started, fixed: Math.max(started, secondsOf(row['Prob Fixed']) ?? started) }];
  });
  const starts = outages.map(({ started }) => started);
  const fromSeconds = Math.min(...starts);
  const toSeconds = Math.max(...starts);
  const byNode = Map.groupBy(outages, ({ node }) => node);
  const quiet = quietNodes(byNode, nodes);
  const hosts = [...byNode].map(([node, ofNode]): RecordedHost => {
    const ordered = ofNode.sort((a, b) => a.started - b.started);
    const device = `${system}/${node}`;
    return {
      id: device,
      place: placeByNumber(node),
      up: upBetween(ordered, { device, fromSeconds, toSeconds }),
      failures: ordered.map(({ started }) => ({ atSeconds: started, device })),
    };
  });
  for (const node of quiet) {
    const id = `${system}/${node}`;
    const up = [{ fromSeconds, toSeconds, device: id, deviceSinceSeconds: fromSeconds }];
    hosts.push({ id, place: placeByNumber(node), up, failures: [] });
  }
  const judgedFromSeconds = toSeconds - LANL_JUDGED_SHARE * (toSeconds - fromSeconds);
  return { name: `LANL ${system}`, hosts, fromSeconds, judgedFromSeconds, toSeconds };
}

/** An outage of a host. */
export interface Outage {
  readonly started: number;
  readonly fixed: number;
}

/** When a host was up that had these outages, in order; its one device has been there from the beginning. */
export function upBetween(
  ordered: readonly Outage[],
  {
    device,
    fromSeconds,
    toSeconds,
  }: { readonly device: string; readonly fromSeconds: number; readonly toSeconds: number },
): readonly UpSpan[] {
  const up: UpSpan[] = [];
  let upSince = fromSeconds;
  for (const { started, fixed } of [...ordered, { started: toSeconds, fixed: toSeconds }]) {
    if (started > upSince) {
      up.push({
        fromSeconds: upSince,
        toSeconds: started,
        device,
        deviceSinceSeconds: fromSeconds,
      });
    }
    upSince = Math.max(upSince, fixed);
  }
  return up;
}

/** Numbers of the nodes that are not in the file: they never failed. */
function quietNodes(known: ReadonlyMap<string, unknown>, nodes: number): readonly string[] {
  const quiet: string[] = [];
  // Numbers of a system need not begin at 0; one far beyond the others is a mistake of the record.
  const highest = Math.max(...[...known.keys()].map(Number).filter((number) => number < 2 * nodes));
  for (
    let number = Math.max(0, highest + 1 - nodes);
    known.size + quiet.length < nodes;
    number += 1
  ) {
    if (!known.has(String(number))) quiet.push(String(number));
  }
  return quiet;
}

/**
 * The file does not say where a node stands. Neighbours by number stand in for a rack of 16 and a block of
 * 64: a guess, but one that knows nothing of what failed.
 */
function placeByNumber(node: string): RecordedHost['place'] {
  const number = Number(node);
  return { rack: `r${Math.floor(number / 16)}`, block: `b${Math.floor(number / 64)}` };
}

/** The GPUs of Titan (SC20); `judgedFrom` is a date. */
export function titanGroups(path: string, judgedFrom?: string): readonly RecordedGroup[] {
  const rows = rowsOf(path, ['SN', 'location', 'insert', 'remove', 'event']);
  const times = rows.flatMap((row) => [secondsOf(row.insert), secondsOf(row.remove)]);
  const known = times.filter((at) => at !== undefined);
  const fromSeconds = known.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const toSeconds = known.reduce((most, at) => Math.max(most, at), 0);
  const asked = judgedFrom === undefined ? undefined : secondsOf(judgedFrom);
  if (judgedFrom !== undefined && asked === undefined) {
    throw new WrongCall(
      `--titan-from: "${judgedFrom}" is not a date; write one such as 2017-01-01`,
    );
  }
  const since = firstSeen(rows);
  const hosts = [...Map.groupBy(rows, (row) => row.location ?? '')].map(([location, ofLocation]) =>
    titanHost(location, ofLocation, since, toSeconds),
  );
  return [
    {
      name: 'Titan',
      hosts,
      fromSeconds,
      judgedFromSeconds: asked ?? toSeconds - TITAN_JUDGED_SHARE * (toSeconds - fromSeconds),
      toSeconds,
    },
  ];
}

function firstSeen(rows: readonly Row[]): ReadonlyMap<string, number> {
  const since = new Map<string, number>();
  for (const { SN = '', insert } of rows) {
    const at = secondsOf(insert);
    if (at !== undefined) since.set(SN, Math.min(at, since.get(SN) ?? at));
  }
  return since;
}

/** `c3-12c1s4n2`: cage 1 of the cabinet 3-12, 32 nodes with power and cooling of their own. */
function placeByLocation(id: string): RecordedHost['place'] {
  const [, cabinet = id, cage = ''] = /^(c\d+-\d+)(c\d+)s/.exec(id) ?? [];
  return { rack: `${cabinet}${cage}`, block: cabinet };
}

function titanHost(
  id: string,
  rows: readonly Row[],
  since: ReadonlyMap<string, number>,
  endSeconds: number,
): RecordedHost {
  const up = rows
    .flatMap((row): UpSpan[] => {
      const fromSeconds = secondsOf(row.insert);
      if (fromSeconds === undefined) return [];
      const toSeconds = secondsOf(row.remove) ?? endSeconds;
      const device = row.SN ?? '';
      const deviceSinceSeconds = since.get(device) ?? fromSeconds;
      return toSeconds > fromSeconds
        ? [{ fromSeconds, toSeconds, device, deviceSinceSeconds }]
        : [];
    })
    .sort((a, b) => a.fromSeconds - b.fromSeconds);
  const failures: Failure[] = [];
  const events = rows
    .flatMap((row) => {
      const atSeconds = row.event ? secondsOf(row.remove) : undefined;
      return atSeconds === undefined ? [] : [{ atSeconds, device: row.SN ?? '' }];
    })
    .sort((a, b) => a.atSeconds - b.atSeconds);
  for (const event of events) {
    const last = failures.at(-1);
    if (last === undefined || event.atSeconds - last.atSeconds > TITAN_MERGE_SECONDS) {
      failures.push(event);
    }
  }
  return { id, place: placeByLocation(id), up, failures };
}

/** The rows of a file, its header names trimmed. */
export function rowsOf(path: string, columns: readonly string[]): readonly Row[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new WrongCall(`${path}: cannot be read (${code}); name the file of the record`);
  }
  const rows = parse<Row>(text, {
    columns: (header: string[]) => header.map((name) => name.trim()),
    skip_empty_lines: true,
    relax_column_count: true,
  });
  const missing = columns.filter((column) => rows[0]?.[column] === undefined);
  if (missing.length === 0) return rows;
  throw new WrongCall(
    `${path}: the column ${missing.join(', ')} is missing; is it the right file?`,
  );
}

/** Times of either file; neither says its zone, so both are read as UTC. */
function secondsOf(text: string | undefined): number | undefined {
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2}))?$/.exec(text ?? '');
  if (american !== null) {
    const [, month, day, year, hour = '0', minute = '0'] = american.map((part) => part ?? '0');
    return (
      Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) / 1000
    );
  }
  const iso = /^\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2})?$/.test(text ?? '');
  return iso ? Date.parse(`${(text ?? '').replace(' ', 'T')}Z`) / 1000 || undefined : undefined;
}
