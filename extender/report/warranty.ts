import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { sum } from '../../webhook/words/sum.ts';
import { timeOf } from '../facts/timestamp.ts';
import { cohortNow } from '../history/exposure.ts';
import type { HostHistory } from '../history/host-history.ts';
import {
  discountsInWords,
  type Incident,
  type IncidentClass,
  incidentWeight,
} from '../history/incident.ts';
import type { KnownDevice } from '../history/swap.ts';

/** What a vendor asks for who is to take a device back. */
export interface WarrantyClaim {
  readonly node: string;
  readonly host: string;
  /** Whether one device failed, or the node as a whole. */
  readonly scope: 'device' | 'node';
  /** Absent of a node, and where nothing told which device. */
  readonly device?: string;
  readonly resource?: string;
  /** Where it sits in the node, such as a PCI address. */
  readonly slot?: string;
  /** Of the node, where a label tells. */
  readonly model?: string;
  readonly driver?: string;
  readonly firstSeenAt?: string;
  readonly incidents: readonly ClaimedIncident[];
  /** Hours that faults stood. */
  readonly downtimeHours: number;
  /** Of 100 devices of this model, so many have had fewer faults; absent where no label tells the model. */
  readonly percentile?: number;
  /** Workloads that were there; only where they were asked for. */
  readonly owners?: readonly string[];
}

export interface ClaimedIncident {
  readonly openedAt: string;
  /** Absent while it is open. */
  readonly closedAt?: string;
  readonly class: IncidentClass;
  readonly code?: string;
  /** The chance that it was a hardware fault of this host. */
  readonly weight: number;
  readonly evidence: readonly string[];
  /** Where each of it is told, and what says that it is a fault. */
  readonly sources: readonly string[];
  /** What lowers its weight: repairs and tests among it. */
  readonly remarks: readonly string[];
}

export interface WarrantyOptions {
  readonly nowSeconds: number;
  /** Whether workloads that were there are named. */
  readonly owners: boolean;
  /** What a row of the catalogue goes by, such as `Node condition GpuUnhealthy (vendor's page)`. */
  readonly sourceOf: (row: string) => string;
}

/** Only what was a fault more likely than not is worth a vendor's time (judgement). */
const LEAST_WEIGHT = 0.5;

/** Devices, and nodes as a whole, that have had a likely hardware fault, the one with most first. */
export function warrantyClaims(
  histories: readonly HostHistory[],
  options: WarrantyOptions,
): readonly WarrantyClaim[] {
  const ranks = faultsByModel(histories);
  return histories
    .flatMap((history) =>
      [...byPart(history.incidents).values()].flatMap((incidents) =>
        incidents.some(isLikely) ? [claimOf(history, incidents, ranks, options)] : [],
      ),
    )
    .sort((a, b) => b.incidents.length - a.incidents.length || inNaturalOrder(a.node, b.node));
}

/** Those of a node, or of one device by its id. */
export function claimsOf(name: string, claims: readonly WarrantyClaim[]): readonly WarrantyClaim[] {
  return claims.filter(({ node, device }) => node === name || device === name);
}

function claimOf(
  history: HostHistory,
  incidents: readonly Incident[],
  ranks: ReadonlyMap<string, readonly number[]>,
  { nowSeconds, owners, sourceOf }: WarrantyOptions,
): WarrantyClaim {
  const { node, host, firstSeenAtSeconds } = history;
  const { scope = 'node', device } = incidents[0] ?? {};
  const known: Partial<KnownDevice> = history.devices.find(({ id }) => id === device) ?? {};
  const model = cohortNow(history.exposure, 'model');
  const driver = cohortNow(history.exposure, 'driver');
  const resource = known.resource ?? incidents.find((one) => one.resource)?.resource;
  const slot = known.pciSlot ?? incidents.find((one) => one.pciSlot)?.pciSlot;
  const since = known.firstSeenAtSeconds ?? firstSeenAtSeconds;
  const peers = model === undefined ? undefined : ranks.get(model);
  const faults = faultsOf(incidents);
  return {
    node,
    host,
    scope,
    ...(device !== undefined && { device }),
    ...(resource !== undefined && { resource }),
    ...(slot !== undefined && { slot }),
    ...(model !== undefined && { model }),
    ...(driver !== undefined && { driver }),
    ...(since !== undefined && { firstSeenAt: timeOf(since) }),
    incidents: incidents.toReversed().map((incident) => claimed(incident, sourceOf)),
    downtimeHours: Number((downSeconds(incidents, nowSeconds) / 3600).toFixed(1)),
    ...(peers !== undefined && {
      percentile: Math.floor((100 * countBelow(faults, peers)) / peers.length),
    }),
    ...(owners && { owners: [...new Set(incidents.flatMap((one) => one.owners))] }),
  };
}

function claimed(incident: Incident, sourceOf: WarrantyOptions['sourceOf']): ClaimedIncident {
  const { openedAtSeconds, closedAtSeconds, code, evidence, rows } = incident;
  return {
    openedAt: timeOf(openedAtSeconds),
    ...(closedAtSeconds !== undefined && { closedAt: timeOf(closedAtSeconds) }),
    class: incident.class,
    ...(code !== undefined && { code }),
    weight: Number(incidentWeight(incident).toPrecision(3)),
    evidence,
    sources: [...new Set(rows.map(sourceOf))],
    remarks: discountsInWords(incident),
  };
}

/** What a repair has mended was a fault all the same, so the chance before any repair counts. */
function isLikely({ class: kind, probability, cause, forgiven }: Incident): boolean {
  return (
    (kind === 'fatal' || kind === 'degraded') &&
    probability >= LEAST_WEIGHT &&
    cause === undefined &&
    forgiven === undefined
  );
}

/** The incidents of each device, of one that nothing has named, and of the node as a whole. */
function byPart(incidents: readonly Incident[]): ReadonlyMap<string, readonly Incident[]> {
  return Map.groupBy(incidents, ({ scope, device = '' }) =>
    scope === 'node' ? 'node' : `device ${device}`,
  );
}

/** How many of the numbers, which are in order, are less. */
function countBelow(limit: number, inOrder: readonly number[]): number {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((inOrder[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** For each model the faults of each of its devices, those without any among them, in order. */
function faultsByModel(histories: readonly HostHistory[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const history of histories) {
    const model = cohortNow(history.exposure, 'model');
    if (model === undefined) continue;
    const faults = [...byPart(history.incidents).values()].map(faultsOf);
    const devices = sum(Object.values(history.capacityPeaks)) || history.devices.length || 1;
    const without = Array.from({ length: Math.max(0, devices - faults.length) }, () => 0);
    const peers = found.get(model) ?? [];
    peers.push(...faults, ...without);
    found.set(model, peers);
  }
  for (const peers of found.values()) peers.sort((a, b) => a - b);
  return found;
}

function faultsOf(incidents: readonly Incident[]): number {
  return sum(incidents.map(incidentWeight));
}

/** Faults that overlap are one time of standing still. */
function downSeconds(incidents: readonly Incident[], nowSeconds: number): number {
  const spans = incidents
    .map(({ openedAtSeconds, closedAtSeconds = nowSeconds }) => ({
      from: openedAtSeconds,
      to: closedAtSeconds,
    }))
    .sort((a, b) => a.from - b.from);
  let down = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of spans) {
    down += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return down;
}
