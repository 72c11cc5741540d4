import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { placementEvent } from '../decisions/placement-event.ts';
import type { Decision } from '../decisions/record.ts';
import { countAskedInAll, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import { timeOf } from '../facts/timestamp.ts';
import { incidentInWords } from '../forecast/evidence.ts';
import { forecastInWords, reasonsOf } from '../forecast/explain.ts';
import { hazardInWords } from '../forecast/hazard-words.ts';
import type { Forecast, TermSeconds } from '../forecast/loss.ts';
import type { LossTerm } from '../forecast/loss-terms.ts';
import { deviceHazard, hazardClass } from '../hazard/pod-hazard.ts';
import type { HostHistory } from '../history/host-history.ts';
import { discountsInWords, type Incident, incidentWeight, isOpen } from '../history/incident.ts';
import type { Departure } from '../homes/departure.ts';
import type { UnmappedKind } from '../ingest/unmapped.ts';
import type { Gap } from '../ingest/watch-gaps.ts';
import type { AskedPrometheus } from '../prometheus/poller.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { physicalDevice } from '../signals/identity.ts';
import type { DeviceCount } from '../signals/observed.ts';
import { deviceHost } from '../state/device-host.ts';
import { hazardOverTime } from '../state/hazard-over-time.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type {
  DeviceState,
  NodeState,
  ShownDecision,
  ShownDevice,
  ShownForecast,
  ShownHazardPoint,
  ShownIncident,
  ShownNode,
  ShownNodeSummary,
  ShownPod,
  ShownPodPlace,
  ShownSignals,
  ShownTerm,
} from './shapes.ts';

/** How records of the extender are shown: plain values, with the words beside the numbers. */

export function shownNode(node: NodeFacts, snapshot: Snapshot): ShownNode {
  const { cluster, store, homes, rates, nowSeconds } = snapshot;
  const history = store.get(node.host);
  const host = deviceHost(node, snapshot);
  const pods = [...cluster.holding(node.name)];
  return {
    node: node.name,
    host: node.host,
    ...rackOf(node),
    ...(node.domains !== undefined && { domains: node.domains }),
    state: nodeState(node),
    devices: [...node.devices].flatMap(([resource, { capacity, allocatable }]) =>
      devicesOf(
        { resource, capacity, allocatable },
        pods,
        idsKnown(history, resource),
        history.incidents,
      ).map((device) => {
        const told = deviceHazard({ ...device, total: capacity }, host, rates);
        const hazard = hazardClass(told.times);
        return {
          ...device,
          hazard,
          times: Number(told.times.toPrecision(2)),
          ...(hazard !== 'normal' && { words: hazardInWords(told) }),
        };
      }),
    ),
    pods: pods.map(shownPod),
    images: node.images.flatMap(({ names, bytes }) => names.map((name) => ({ name, bytes }))),
    ...shownHistory(history, nowSeconds),
    homeOf: homes.on(node.name, nowSeconds).map(shownHome),
  };
}

/** How the hazard of a node has gone. */
export async function shownHazard(
  node: NodeFacts,
  snapshot: Snapshot,
): Promise<readonly ShownHazardPoint[]> {
  const short = (value: number) => Number(value.toPrecision(3));
  const points = await hazardOverTime(node, snapshot);
  return points.map(({ atSeconds, times, low, high }) => ({
    at: timeOf(atSeconds),
    times: short(times),
    low: short(low),
    high: short(high),
  }));
}

/** Ids of devices that the host has shown before, so that a device keeps its name between pods. */
function idsKnown({ devices }: HostHistory, resource: string): readonly string[] {
  return devices.filter((device) => device.resource === resource).map(({ id }) => id);
}

/** What happened on a host, and what of it is not held against it. */
export function shownHistory(
  { incidents, ignored, raised }: HostHistory,
  nowSeconds: number,
): Pick<ShownNode, 'incidents' | 'ignored' | 'raised'> {
  return {
    raised: raised.map(({ fromSeconds, untilSeconds }) => ({
      from: timeOf(fromSeconds),
      ...(untilSeconds !== undefined && { until: timeOf(untilSeconds) }),
    })),
    incidents: incidents.map((incident) => shownIncident(incident, nowSeconds)),
    ignored: ignored.map(({ atSeconds, why, words, times }) => ({
      at: timeOf(atSeconds),
      why,
      words,
      times,
    })),
  };
}

export function shownHome({ slot, cause }: Departure): ShownNode['homeOf'][number] {
  return { slot: slot.key, cause };
}

/** How many faults a host has had, and when the last one was. */
export function shownFaults({
  incidents,
}: HostHistory): Pick<ShownNodeSummary, 'faults' | 'open' | 'lastFaultAt'> {
  const faults = incidents.filter((incident) => incidentWeight(incident) > 0);
  const lastSeconds = faults.reduce((last, one) => Math.max(last, one.lastSeenAtSeconds), 0);
  return {
    faults: faults.length,
    open: faults.filter(isOpen).length,
    ...(faults.length > 0 && { lastFaultAt: timeOf(lastSeconds) }),
  };
}

export function nodeState({ isReady, isCordoned }: NodeFacts): NodeState {
  if (!isReady) return 'not ready';
  return isCordoned ? 'cordoned' : 'ready';
}

export function shownIncident(incident: Incident, nowSeconds: number): ShownIncident {
  const { resource, device, probability, evidence } = incident;
  const { openedAtSeconds, closedAtSeconds } = incident;
  return {
    words: incidentInWords(incident, nowSeconds),
    ...(resource !== undefined && { resource }),
    class: incident.class,
    weight: Number(incidentWeight(incident).toPrecision(3)),
    probability,
    evidence,
    discounts: discountsInWords(incident),
    ...(device !== undefined && { device }),
    openedAt: timeOf(openedAtSeconds),
    ...(closedAtSeconds !== undefined && { closedAt: timeOf(closedAtSeconds) }),
  };
}

/** A pod with where it is. */
export function shownPlace(pod: PodFacts): ShownPodPlace {
  const { node, slot } = pod;
  return { ...shownPod(pod), ...(node !== undefined && { node }), job: slot.workload };
}

/** People look by rack; where none is known, by zone. */
function rackOf({ rack, zone }: NodeFacts): { rack?: string } {
  const name = rack ?? zone;
  return name === undefined ? {} : { rack: name };
}

export function shownPod(pod: PodFacts): ShownPod {
  return {
    uid: pod.uid,
    name: nameOf(pod),
    phase: pod.isTerminating ? 'Terminating' : pod.phase,
    devices: countAskedInAll(pod),
  };
}

/** `only`: which of the forecasts to show; all that were kept otherwise. */
export function shownDecision(
  decision: Decision,
  only: readonly Forecast[] = decision.forecasts,
): ShownDecision {
  const { atSeconds, scores, bound, pod, mode, asked, unknownNodes, remarks, unasked } = decision;
  const scoreOf = new Map(scores.map(({ node, score }) => [node, score]));
  const { workload, ...named } = pod;
  const summary = bound === undefined ? undefined : placementEvent(decision);
  return {
    pod: named,
    at: timeOf(atSeconds),
    ...(workload !== undefined && { job: workload }),
    ...(summary !== undefined && { summary: { code: summary.reason, words: summary.note } }),
    mode,
    ...(bound !== undefined && { boundTo: bound.node }),
    asked,
    unknownNodes,
    remarks,
    ...(unasked !== undefined && { unasked }),
    answer: scores,
    forecasts: only.map((forecast) => shownForecast(forecast, scoreOf, atSeconds)),
  };
}

function shownForecast(
  forecast: Forecast,
  scores: ReadonlyMap<string, number>,
  atSeconds: number,
): ShownForecast {
  const { candidate, seconds, lossSeconds } = forecast;
  const score = scores.get(candidate.node);
  return {
    node: candidate.node,
    seconds,
    ...inEarlierForm(seconds),
    lossSeconds,
    ...(score !== undefined && { score }),
    words: forecastInWords(forecast, atSeconds),
    reasons: reasonsOf(forecast, atSeconds),
  };
}

/** The terms in the form of `/api` before there was a table of them. */
function inEarlierForm({ pull, cold, risk, displaced, fragmentation }: TermSeconds) {
  return {
    pullSeconds: pull,
    coldSeconds: cold,
    riskSeconds: risk,
    displacedSeconds: displaced + fragmentation,
  };
}

/** The table of terms as a client needs it to show forecasts. */
export function shownTerms(terms: readonly LossTerm[]): readonly ShownTerm[] {
  return terms.map(({ name, column, title, color }) => ({ name, column, title, color }));
}

/** What is known of the signals at one moment. */
export interface SignalsSeen {
  readonly catalogue: Catalogue;
  readonly keepsHistory: boolean;
  readonly sightings: ReadonlyMap<string, { readonly nodes: number; readonly times: number }>;
  readonly unmapped: readonly UnmappedKind[];
  readonly gaps: readonly Gap[];
  /** Kinds that we may not list. */
  readonly refused: readonly string[];
  /** Absent where no Prometheus is to be asked. */
  readonly prometheus?: AskedPrometheus | undefined;
}

function shownPrometheus({
  url,
  askedAtSeconds,
  problems,
}: AskedPrometheus): NonNullable<ShownSignals['prometheus']> {
  return {
    url,
    problems,
    ...(askedAtSeconds !== undefined && { askedAt: timeOf(askedAtSeconds) }),
  };
}

/** What the catalogue looks for and finds. */
export function shownSignals(seen: SignalsSeen): ShownSignals {
  const { catalogue, keepsHistory, sightings, unmapped, gaps, refused, prometheus } = seen;
  return {
    keepsHistory,
    rows: catalogue.rows.map(({ name, source, trust, words, cites, worth }) => ({
      name,
      source,
      trust,
      class: worth.class,
      probability: worth.probability,
      words,
      cites,
      ...(sightings.get(name) ?? { nodes: 0, times: 0 }),
    })),
    unmapped,
    refused,
    ...(prometheus !== undefined && { prometheus: shownPrometheus(prometheus) }),
    uncovered: gaps.map(({ fromSeconds, toSeconds, why }) => ({
      from: timeOf(fromSeconds),
      to: timeOf(toSeconds),
      why,
    })),
  };
}

type UnweighedDevice = Omit<ShownDevice, 'hazard' | 'times' | 'words'>;

/**
 * The devices of one resource on a node. The API names a device only while a pod has it or a signal
 * reports it, so the others are counted. Named ones come first, by their names.
 */
function devicesOf(
  { resource, capacity, allocatable }: DeviceCount & { readonly resource: string },
  pods: readonly PodFacts[],
  known: readonly string[],
  incidents: readonly Incident[],
): readonly UnweighedDevice[] {
  const held = new Map<string, UnweighedDevice>();
  let unnamed = 0;
  for (const pod of pods) {
    const named = pod.deviceHealth.filter((one) => one.resource === resource);
    for (const { device, health } of named) {
      const id = physicalDevice(device);
      const state: DeviceState = health === 'Unhealthy' ? 'unhealthy' : 'busy';
      held.set(id, { resource, id, state, pod: nameOf(pod) });
    }
    const asked = pod.devices.resources.find((one) => one.resource === resource)?.count ?? 0;
    unnamed += Math.max(0, asked - named.length);
  }
  const reported = incidents.filter((incident) => isOf(incident, resource, known));
  const broken = idsOf(reported.filter(isOpen));
  // Where more names are known than there are devices, some were replaced: the surest ones stay.
  const ids = [...new Set([...held.keys(), ...broken, ...known, ...idsOf(reported)])]
    .slice(0, Math.max(capacity, held.size))
    .sort(inNaturalOrder);
  const named = ids.map((id) => held.get(id) ?? { resource, id, state: 'free' as const });
  const devices: readonly UnweighedDevice[] = [
    ...named,
    ...Array.from({ length: Math.max(0, capacity - named.length) }, () => ({
      resource,
      state: 'free' as const,
    })),
  ];
  const unhealthy = devices.filter(({ state }) => state === 'unhealthy').length;
  const withdrawn = withWithdrawn(devices, capacity - allocatable - unhealthy, broken);
  return marked(withdrawn, 'busy', unnamed, isUnnamed);
}

/** Where the resource is not told, a device that was known there before tells it. */
function isOf(incident: Incident, resource: string, known: readonly string[]): boolean {
  if (incident.resource !== undefined) return incident.resource === resource;
  return incident.device !== undefined && known.includes(incident.device);
}

function idsOf(incidents: readonly Incident[]): readonly string[] {
  return incidents.flatMap(({ device }) => (device === undefined ? [] : [device]));
}

/**
 * The devices with `count` of the free ones withdrawn: those that a signal calls broken, then unnamed ones. Of the
 * others any could be it, so one loses its name.
 */
function withWithdrawn(
  devices: readonly UnweighedDevice[],
  count: number,
  broken: readonly string[],
): readonly UnweighedDevice[] {
  const isBroken = ({ id }: UnweighedDevice) => id !== undefined && broken.includes(id);
  const isCandidate = (device: UnweighedDevice) => isBroken(device) || isUnnamed(device);
  const likely = devices.filter((device) => device.state === 'free' && isCandidate(device));
  const told = marked(devices, 'withdrawn', Math.min(count, likely.length), isBroken, isUnnamed);
  const left = count - likely.length;
  if (left <= 0) return told;
  return marked(told, 'withdrawn', left).map((device, at) => {
    if (device.state !== 'withdrawn' || told[at]?.state === 'withdrawn') return device;
    return { resource: device.resource, state: device.state };
  });
}

function isUnnamed({ id }: UnweighedDevice): boolean {
  return id === undefined;
}

/** The devices with `count` of the free ones in another state: likely ones first, from the last. */
function marked(
  devices: readonly UnweighedDevice[],
  state: DeviceState,
  count: number,
  ...likely: readonly ((device: UnweighedDevice) => boolean)[]
): readonly UnweighedDevice[] {
  const free = devices.filter((device) => device.state === 'free').toReversed();
  const rank = (device: UnweighedDevice) => {
    const first = likely.findIndex((is) => is(device));
    return first === -1 ? likely.length : first;
  };
  const ordered = free.toSorted((a, b) => rank(a) - rank(b));
  const chosen = new Set(ordered.slice(0, Math.max(0, count)));
  return devices.map((device) => (chosen.has(device) ? { ...device, state } : device));
}

function nameOf({ namespace, name }: PodFacts): string {
  return `${namespace}/${name}`;
}
