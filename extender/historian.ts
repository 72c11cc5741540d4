import type { Logger } from 'pino';
import { asksForDevices } from '../webhook/words/device.ts';
import { isOptedIn } from '../webhook/words/opt-in.ts';
import { isSchedulingRace } from './history/blame.ts';
import type { Catalogue, Source } from './history/catalogue.ts';
import {
  type Departure,
  departureOf,
  type HomeTerms,
  hasLeft,
  isRejection,
} from './history/departure.ts';
import { type HostId, holdsDevices, type NodeFacts, type PodFacts } from './history/facts.ts';
import { allocatableFindings, deviceHealthFindings, type Finding } from './history/finding.ts';
import { withWork } from './history/hazard.ts';
import { Homes } from './history/homes.ts';
import {
  bounded,
  type HostHistory,
  type IgnoredBecause,
  isExpired,
  lastHeardSeconds,
  withIgnored,
} from './history/host-history.ts';
import { physicalDevice } from './history/identity.ts';
import { incidentWeight, isOpen, withoutReports } from './history/incident.ts';
import { type Outcome, type Waiting, withLook, withMoment } from './history/intake.ts';
import {
  containerSignals,
  momentOf,
  podConditionSignals,
  rejectionSignals,
  type Signal,
} from './history/signal.ts';
import type { SeenDevice } from './history/swap.ts';
import { NamespaceBudget, withForgeable, withProven } from './history/trust.ts';
import type { HistoryStore } from './storage/store.ts';
import { Storms } from './storms.ts';
import type { Cluster } from './watch/cluster.ts';
import type { DynamicResources } from './watch/dra.ts';
import type { EventFacts } from './watch/events.ts';

/** What became of a sign. */
export type SignalOutcome = Outcome['outcome'] | 'corroborates';

/** Who looks on while the historian takes things in. */
export interface Witness {
  /** Something about a node or its pods has changed; `undefined`: about a pod on none. */
  touched(node: string | undefined): void;
  nodeChanged(previous: NodeFacts, current: NodeFacts, nowSeconds: number): void;
  departed(departure: Departure, pod: PodFacts): void;
}

export interface HistorianDeps {
  readonly cluster: Cluster;
  readonly devices: DynamicResources;
  readonly store: HistoryStore;
  readonly catalogue: () => Catalogue;
  readonly onSignal: (row: string, outcome: SignalOutcome) => void;
  readonly onBound: (pod: PodFacts, nowSeconds: number) => void;
  readonly witness?: Witness;
  readonly log: Logger;
}

/** One change of a pod on a node that is known. */
interface PodChange {
  readonly previous: PodFacts | undefined;
  readonly pod: PodFacts;
  readonly node: NodeFacts;
  /** The pod was found by a list, so the moments that led to it were not seen. */
  readonly isListed: boolean;
  readonly nowSeconds: number;
}

/** A moment that was seen while another replica kept the history. */
interface Missed {
  readonly atSeconds: number;
  readonly tell: () => void;
}

/** Longer than it takes to notice that the replica that kept the history is gone. */
export const MISSED_SECONDS = 60;
const MOST_MISSED = 10_000;
/** Histories of hosts that are gone: no more than these, or than hosts that are there. */
const FEWEST_GONE = 1000;
const NO_WAITING: ReadonlyMap<string, Waiting> = new Map();

/**
 * Takes in what the watches show, and writes down what of it is history. Every replica keeps the
 * facts and the homes; only the one that keeps the history (`isKeeping`) writes.
 */
export class Historian {
  readonly homes = new Homes();
  readonly #deps: HistorianDeps;
  readonly #storms: Storms;
  readonly #budget = new NamespaceBudget();
  /** What each pod that is bound but not yet running has come back from, by uid. */
  readonly #arriving = new Map<string, Departure>();
  /** States that are a sign but do not count yet. */
  readonly #waiting = new Map<HostId, ReadonlyMap<string, Waiting>>();
  /** What tenants said and nobody else so far. */
  readonly #unproven = new Map<HostId, readonly Signal[]>();
  /** Hosts that were looked at before. */
  readonly #looked = new Set<HostId>();
  /** Uids of Nodes that claim a machine that another one had. */
  readonly #clones = new Set<string>();
  readonly #rackDisturbedAtSeconds = new Map<string, number>();
  /** By node and the object's key: what custom objects say. */
  readonly #custom = new Map<string, Map<string, readonly Finding[]>>();
  /** How often each row was seen: as a moment, or as a state that began. */
  readonly #times = new Map<string, number>();
  #isKeeping = false;
  #missed: Missed[] = [];

  constructor(deps: HistorianDeps) {
    this.#deps = deps;
    this.#storms = new Storms(deps.cluster, deps.store);
  }

  /** For each row of the catalogue: on how many nodes it stands now, and how often it was seen to begin. */
  sightings(): ReadonlyMap<string, { readonly nodes: number; readonly times: number }> {
    const nodes = new Map<string, number>();
    for (const node of this.#deps.cluster.nodes()) {
      const rows = new Set(this.#findingsOn(node).map(({ row }) => row.name));
      for (const row of rows) nodes.set(row, (nodes.get(row) ?? 0) + 1);
    }
    const names = new Set([...nodes.keys(), ...this.#times.keys()]);
    return new Map(
      [...names].map((name) => [
        name,
        { nodes: nodes.get(name) ?? 0, times: this.#times.get(name) ?? 0 },
      ]),
    );
  }

  /** True while this replica writes the history. */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  /** Takes the homes that are stored: before the pods are listed. */
  restoreHomes(): void {
    const departures = [...this.#deps.store.all()].flatMap((history) => history.departures);
    for (const departure of departures.sort((a, b) => a.atSeconds - b.atSeconds)) {
      this.homes.left(departure);
    }
  }

  /**
   * Begins to keep the history: after the first lists, and when another replica has stopped. All that
   * stands now is compared with what is stored; of what has passed, the last minute is told again.
   */
  keep(nowSeconds: number): void {
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    const { cluster } = this.#deps;
    for (const node of cluster.nodes()) this.#look(node, nowSeconds);
    for (const pod of cluster.pods())
      this.#judgePod({ pod, previous: undefined, isListed: true, nowSeconds });
    const missed = this.#missed;
    this.#missed = [];
    for (const { atSeconds, tell } of missed) {
      if (nowSeconds - atSeconds <= MISSED_SECONDS) tell();
    }
  }

  /** Another replica keeps it from now on. */
  stopKeeping(): void {
    this.#isKeeping = false;
    this.#waiting.clear();
    this.#unproven.clear();
    this.#looked.clear();
  }

  nodeChanged(facts: NodeFacts, nowSeconds: number): void {
    const { cluster, witness } = this.#deps;
    const node = this.#onItsOwnHost(facts);
    const previous = cluster.node(node.name);
    cluster.setNode(node);
    if (previous?.isReady === true && !node.isReady) this.#disturb(node, nowSeconds);
    this.#look(node, nowSeconds);
    witness?.touched(node.name);
    if (previous !== undefined) witness?.nodeChanged(previous, node, nowSeconds);
  }

  nodeRemoved(uid: string, nowSeconds: number): void {
    const { cluster, store, witness } = this.#deps;
    const node = cluster.removeNode(uid);
    if (node === undefined) return;
    witness?.touched(node.name);
    this.#clones.delete(uid);
    this.#waiting.delete(node.host);
    this.#looked.delete(node.host);
    const history = store.draft(node.host);
    if (!this.#isKeeping || !history.incidents.some(isOpen)) return;
    this.#write(
      { ...history, incidents: withoutReports(history.incidents, nowSeconds) },
      nowSeconds,
    );
  }

  /** Slices, rules or claims have changed what is said about a node's devices. */
  devicesChanged(nodeName: string, nowSeconds: number): void {
    const node = this.#deps.cluster.node(nodeName);
    if (node !== undefined) this.#look(node, nowSeconds);
  }

  /** What a custom object says about a node now; nothing once it is gone. */
  customChanged(key: string, node: string, findings: readonly Finding[], nowSeconds: number): void {
    const said = this.#custom.get(node) ?? new Map<string, readonly Finding[]>();
    if (findings.length === 0) said.delete(key);
    else said.set(key, findings);
    if (said.size === 0) this.#custom.delete(node);
    else this.#custom.set(node, said);
    this.devicesChanged(node, nowSeconds);
  }

  /** An Event about a node. One that was listed is old: nothing is rebuilt from Events. */
  eventSeen({ node: name, signals }: EventFacts, isListed: boolean, nowSeconds: number): void {
    if (isListed) return;
    this.#passing(nowSeconds, () => {
      const node = this.#deps.cluster.node(name);
      if (node === undefined) return;
      for (const signal of signals) this.#hear(node, signal, nowSeconds);
    });
  }

  /** `isListed`: the pod was found by a list, so the moments that led to it were not seen. */
  podChanged(pod: PodFacts, isListed: boolean, nowSeconds: number): void {
    // Most pods of most clusters hold no device: nothing of them is kept.
    if (!asksForDevices(pod.devices)) return;
    const { cluster, onBound, witness } = this.#deps;
    const previous = cluster.pod(pod.uid);
    cluster.setPod(pod);
    witness?.touched(pod.node);
    if (pod.node !== undefined && previous?.node === undefined) witness?.touched(undefined);
    if (pod.node !== undefined && previous?.node === undefined && !hasLeft(pod)) {
      const back = this.homes.returned(pod.slot, pod.node);
      if (back !== undefined) this.#arriving.set(pod.uid, back);
      onBound(pod, nowSeconds);
    }
    this.#judgeArrival(pod);
    this.#judgeHome({ pod, previous, isListed, nowSeconds });
    this.#passing(nowSeconds, () => this.#judgePod({ pod, previous, isListed, nowSeconds }));
    const node = pod.node === undefined ? undefined : cluster.node(pod.node);
    if (node !== undefined && healthDiffers(previous, pod)) this.#look(node, nowSeconds);
  }

  podRemoved(uid: string, nowSeconds: number): void {
    const pod = this.#deps.cluster.pod(uid);
    if (pod === undefined) return;
    // A deletion that was never seen to begin: the watch was away. It still frees the node.
    const { endedAtSeconds = nowSeconds } = pod;
    this.podChanged({ ...pod, isTerminating: true, endedAtSeconds }, true, nowSeconds);
    this.#deps.cluster.removePod(uid);
    this.#deps.witness?.touched(pod.node);
    const node = pod.node === undefined ? undefined : this.#deps.cluster.node(pod.node);
    if (node !== undefined && pod.deviceHealth.length > 0) this.#look(node, nowSeconds);
  }

  /** States that have waited for long enough count from now on, and what struck several hosts since the
   * last time is explained. To be called about every second. */
  tick(nowSeconds: number): void {
    if (!this.#isKeeping) return;
    for (const changed of this.#storms.settle(nowSeconds)) this.#write(changed, nowSeconds);
    const { cluster } = this.#deps;
    for (const [host, waiting] of this.#waiting) {
      const isDue = waiting.values().some(({ dueSeconds }) => dueSeconds <= nowSeconds);
      const node = isDue ? cluster.onHost(host) : undefined;
      if (node !== undefined) this.#look(node, nowSeconds);
    }
  }

  /** Drops homes that have ended, and hosts that are gone for good, in memory and in the store. */
  prune(nowSeconds: number): void {
    this.homes.prune(nowSeconds);
    if (!this.#isKeeping) return;
    const { cluster, store } = this.#deps;
    const present = new Set([...cluster.nodes()].map(({ host }) => host));
    const gone: HostHistory[] = [];
    for (const history of [...store.all()]) {
      if (present.has(history.host)) {
        const draft = store.draft(history.host);
        const fresh = bounded(draft, nowSeconds);
        if (fresh.departures.length < draft.departures.length) this.#write(fresh, nowSeconds);
      } else if (isExpired(history, nowSeconds)) {
        store.remove(history.host);
      } else {
        gone.push(history);
      }
    }
    const most = Math.max(FEWEST_GONE, present.size);
    if (gone.length <= most) return;
    gone.sort((a, b) => lastHeardSeconds(a) - lastHeardSeconds(b));
    for (const { host } of gone.slice(0, gone.length - most)) store.remove(host);
  }

  /** Forgives the incidents of a host, or of one of its devices; gives how many there were. */
  forgive(
    host: HostId,
    {
      device,
      reason,
      openedBySeconds = Number.POSITIVE_INFINITY,
    }: {
      readonly device?: string;
      readonly reason: string;
      readonly openedBySeconds?: number;
    },
    nowSeconds: number,
  ): number {
    const history = this.#deps.store.draft(host);
    let forgiven = 0;
    const incidents = history.incidents.map((incident) => {
      if (incident.forgiven !== undefined || incident.openedAtSeconds > openedBySeconds) {
        return incident;
      }
      if (device !== undefined && incident.device !== device) return incident;
      forgiven += 1;
      return { ...incident, forgiven: { atSeconds: nowSeconds, reason } };
    });
    if (forgiven > 0) this.#write({ ...history, incidents }, nowSeconds);
    return forgiven;
  }

  /**
   * Two Nodes at once are two machines, whatever they say: cloned machines share a system UUID. The
   * second one is its own host for as long as its Node is there.
   */
  #onItsOwnHost(node: NodeFacts): NodeFacts {
    const other = this.#deps.cluster.onHost(node.host);
    if (other !== undefined && other.name !== node.name) this.#clones.add(node.uid);
    return this.#clones.has(node.uid) ? { ...node, host: `node:${node.uid}` } : node;
  }

  /** Compares what stands about a node with its history. */
  #look(node: NodeFacts, nowSeconds: number): void {
    if (!this.#isKeeping) return;
    const { store, onSignal } = this.#deps;
    const before = store.draft(node.host);
    const rackDisturbedAtSeconds = this.#disturbedAt(node);
    const waiting = this.#waiting.get(node.host) ?? NO_WAITING;
    const waited = new Set([...waiting.values()].map(({ finding }) => finding.row.name));
    const taken = withLook(before, {
      node,
      seen: this.#seenOn(node),
      unsaidRows: namesOf(this.#deps.catalogue(), 'node-allocatable'),
      refusalRows: namesOf(this.#deps.catalogue(), 'pod-rejected'),
      bootSigns: this.#deps
        .catalogue()
        .of('node-boot')
        .map((row) => ({ row, worth: row.worth })),
      findings: this.#findingsOn(node),
      waiting,
      ...(rackDisturbedAtSeconds !== undefined && { rackDisturbedAtSeconds }),
      owners: (device) => this.#ownersOn(node, device),
      isFirst: !this.#looked.has(node.host),
      nowSeconds,
    });
    this.#looked.add(node.host);
    if (taken.waiting.size === 0) this.#waiting.delete(node.host);
    else this.#waiting.set(node.host, taken.waiting);
    if (taken.history.boot?.id !== before.boot?.id && before.boot !== undefined) {
      this.#disturb(node, nowSeconds);
    }
    for (const { row, outcome } of taken.outcomes) {
      onSignal(row, outcome);
      // What waits and counts later was seen once.
      if (outcome === 'waiting' || (outcome === 'counted' && !waited.has(row))) this.#count(row);
    }
    this.#keepChange(node, before, taken.history, nowSeconds);
  }

  /** What stands about a node, but for its pods. */
  #standingOn(node: NodeFacts): readonly Finding[] {
    const { devices } = this.#deps;
    const catalogue = this.#deps.catalogue();
    return [
      ...node.findings,
      ...allocatableFindings(node.devices, catalogue),
      ...devices.findings(node.name, catalogue),
      ...[...(this.#custom.get(node.name)?.values() ?? [])].flat(),
    ];
  }

  #findingsOn(node: NodeFacts): readonly Finding[] {
    const health = [...this.#deps.cluster.holding(node.name)].flatMap((pod) =>
      pod.isTerminating ? [] : pod.deviceHealth,
    );
    return [...this.#standingOn(node), ...deviceHealthFindings(health, this.#deps.catalogue())];
  }

  #seenOn(node: NodeFacts): readonly SeenDevice[] {
    const { cluster, devices } = this.#deps;
    const held = [...cluster.holding(node.name)].flatMap(({ deviceHealth }) =>
      deviceHealth.map(({ resource, device }) => ({ resource, id: physicalDevice(device) })),
    );
    return [...held, ...devices.seen(node.name)];
  }

  #ownersOn(node: NodeFacts, device: string | undefined): readonly string[] {
    const holding = [...this.#deps.cluster.holding(node.name)];
    const having = holding.filter(({ deviceHealth }) =>
      deviceHealth.some((one) => physicalDevice(one.device) === device),
    );
    const pods = having.length > 0 ? having : holding;
    return [...new Set(pods.map(({ slot }) => slot.workload))];
  }

  /** A pod that never ran where it was bound has not come back: its slot is away as before. */
  #judgeArrival(pod: PodFacts): void {
    const back = this.#arriving.get(pod.uid);
    if (back === undefined || (pod.phase === 'Pending' && !pod.isTerminating)) return;
    this.#arriving.delete(pod.uid);
    if (pod.phase === 'Pending' || isRejection(pod)) this.homes.left(back);
  }

  /** Every replica keeps the homes, whoever keeps the history. */
  #judgeHome(change: Omit<PodChange, 'node'>): void {
    const departure = this.#departureIn(change);
    if (departure === undefined) return;
    this.#deps.witness?.departed(departure.departure, change.pod);
    if (departure.comesBack) this.homes.left(departure.departure);
  }

  #judgePod(change: Omit<PodChange, 'node'>): void {
    const { cluster } = this.#deps;
    const node = change.pod.node === undefined ? undefined : cluster.node(change.pod.node);
    if (node === undefined) return;
    const known: PodChange = { ...change, node };
    this.#judgeLastHealth(known);
    this.#judgeRejection(known);
    this.#judgeContainers(known);
    this.#judgeDeparture(known);
  }

  /** The status of a pod that has ended is the last word on its devices, and as old as its end. */
  #judgeLastHealth({ previous, pod, node, nowSeconds }: PodChange): void {
    if (!hasLeft(pod) || (previous === undefined && this.#isCounted(node, pod))) return;
    const known = new Set(unhealthyIn(previous).map(({ device }) => device));
    const unhealthy = unhealthyIn(pod).filter(({ device }) => !known.has(device));
    const atSeconds = Math.min(pod.endedAtSeconds ?? nowSeconds, nowSeconds);
    for (const finding of deviceHealthFindings(unhealthy, this.#deps.catalogue())) {
      const signal = momentOf(finding, atSeconds);
      this.#tell(node, { ...signal, resource: finding.resource ?? '' }, nowSeconds);
    }
  }

  #judgeRejection({ previous, pod, node, isListed, nowSeconds }: PodChange): void {
    if (!isRejection(pod) || (previous !== undefined && isRejection(previous))) return;
    const { cluster, log } = this.#deps;
    const signals = rejectionSignals(pod, this.#deps.catalogue(), nowSeconds);
    if (signals.length === 0) return;
    // Found by a list, nobody can say what else was bound when the kubelet refused: no blame.
    const raced = isSchedulingRace(pod, node, cluster.holding(node.name));
    if (!isListed && !raced) {
      for (const signal of signals) this.#tell(node, signal, nowSeconds);
      return;
    }
    const why = raced ? 'race' : 'unsure';
    for (const { row, words } of signals) this.#ignore(node, { row, words, why }, nowSeconds);
    log.info(
      { pod: `${pod.namespace}/${pod.name}`, node: node.name, why, message: pod.statusMessage },
      'rejection not held against the node',
    );
  }

  /** What containers and conditions say is news once; what a list found is old. */
  #judgeContainers({ previous, pod, node, isListed, nowSeconds }: PodChange): void {
    if (isListed || (pod.containers.length === 0 && pod.conditions.length === 0)) return;
    const catalogue = this.#deps.catalogue();
    const isNews = (field: 'containers' | 'conditions') =>
      JSON.stringify(previous?.[field] ?? []) !== JSON.stringify(pod[field]);
    if (isNews('containers')) {
      for (const signal of containerSignals(pod, catalogue, nowSeconds)) {
        this.#hear(node, signal, nowSeconds);
      }
    }
    if (isNews('conditions')) {
      for (const signal of podConditionSignals(pod, catalogue, nowSeconds)) {
        this.#tell(node, signal, nowSeconds);
      }
    }
  }

  #judgeDeparture(change: PodChange): void {
    const { pod, node, nowSeconds } = change;
    const left = this.#departureIn(change);
    if (left === undefined || this.#isCounted(node, pod)) return;
    const { departure, comesBack } = left;
    const history = this.#deps.store.draft(node.host);
    const devices = departure.devices.resources.reduce((sum, { count }) => sum + count, 0);
    this.#write(
      {
        ...history,
        exposure: withWork(history.exposure, departure.ranSeconds * devices, departure.atSeconds),
        departures: comesBack ? [...history.departures, departure] : history.departures,
        counted: [...history.counted, { uid: pod.uid, atSeconds: departure.atSeconds }],
      },
      nowSeconds,
    );
  }

  #departureIn({
    previous,
    pod,
    isListed,
    nowSeconds,
  }: Omit<PodChange, 'node'>): { departure: Departure; comesBack: boolean } | undefined {
    // Found by a list without a word of its end: how long it ran, and so what it proves, is unknown.
    if (isListed && pod.endedAtSeconds === undefined) return undefined;
    // Only pods that Surefoot may act for are sent home, so only they have one.
    const mayAct = isOptedIn(pod.optIn, this.#deps.cluster.namespaceOptIn(pod.namespace));
    const terms = mayAct ? (pod.expectations ?? NO_HOME) : NO_HOME;
    const departure = departureOf(previous, pod, terms, nowSeconds);
    return departure === undefined ? undefined : { departure, comesBack: terms !== NO_HOME };
  }

  #isCounted({ host }: NodeFacts, { uid, endedAtSeconds }: PodFacts): boolean {
    const { counted, countedThroughSeconds = 0 } = this.#deps.store.draft(host);
    if (counted.some((one) => one.uid === uid)) return true;
    return endedAtSeconds !== undefined && endedAtSeconds <= countedThroughSeconds;
  }

  /** A moment that only the keeper of the history judges, kept for a while by the others. */
  #passing(atSeconds: number, tell: () => void): void {
    if (this.#isKeeping) {
      tell();
      return;
    }
    this.#missed.push({ atSeconds, tell });
    if (this.#missed.length <= MOST_MISSED) return;
    this.#missed = this.#missed.filter((one) => atSeconds - one.atSeconds <= MISSED_SECONDS);
    this.#missed = this.#missed.slice(-MOST_MISSED);
  }

  /** A moment's signal that the platform has written. */
  #tell(node: NodeFacts, signal: Signal, nowSeconds: number): void {
    this.#count(signal.row);
    const before = this.#deps.store.draft(node.host);
    const owners = this.#ownersOn(node, signal.device);
    const { history, outcome } = withMoment(before, signal, owners, this.#disturbedAt(node));
    this.#deps.onSignal(outcome.row, outcome.outcome);
    this.#keepChange(node, before, history, nowSeconds);
  }

  /** A signal that a tenant may have written. */
  #hear(node: NodeFacts, signal: Signal, nowSeconds: number): void {
    this.#count(signal.row);
    const before = this.#deps.store.draft(node.host);
    const unproven = this.#unproven.get(node.host) ?? [];
    const heard = withForgeable(before, unproven, signal, this.#budget);
    this.#unproven.set(node.host, heard.unproven);
    this.#deps.onSignal(signal.row, heard.outcome);
    this.#keepChange(node, before, heard.history, nowSeconds);
  }

  #ignore(
    node: NodeFacts,
    { row, words, why }: { row: string; words: string; why: IgnoredBecause },
    nowSeconds: number,
  ): void {
    this.#deps.onSignal(row, why);
    const history = this.#deps.store.draft(node.host);
    this.#write(withIgnored(history, { atSeconds: nowSeconds, why, row, words }), nowSeconds);
  }

  #keepChange(node: NodeFacts, before: HostHistory, after: HostHistory, nowSeconds: number): void {
    if (after === before) return;
    const unproven = this.#unproven.get(node.host) ?? [];
    const proven = withProven(after, unproven);
    if (unproven.length > 0) this.#unproven.set(node.host, proven.unproven);
    this.#write(proven.history, nowSeconds);
    const known = new Set(before.incidents.map(({ id }) => id));
    for (const incident of proven.history.incidents) {
      if (known.has(incident.id)) continue;
      const { resource, device, class: incidentClass, owners } = incident;
      this.#deps.log.warn(
        { node: node.name, resource, device, class: incidentClass, owners },
        incident.evidence.join('; '),
      );
      if (incidentWeight(incident) === 0) continue;
      this.#storms.struck(node, incident, nowSeconds);
    }
  }

  #count(row: string): void {
    this.#times.set(row, (this.#times.get(row) ?? 0) + 1);
  }

  #disturb({ rack }: NodeFacts, nowSeconds: number): void {
    if (rack !== undefined) this.#rackDisturbedAtSeconds.set(rack, nowSeconds);
  }

  #disturbedAt({ rack }: NodeFacts): number | undefined {
    return rack === undefined ? undefined : this.#rackDisturbedAtSeconds.get(rack);
  }

  #write(history: HostHistory, nowSeconds: number): void {
    this.#deps.store.put(bounded(history, nowSeconds));
  }
}

/** The terms of a pod that Surefoot does not send anywhere. */
const NO_HOME: HomeTerms = { coldStartForOthersSeconds: 0, homeLifeSeconds: 0 };

function namesOf(catalogue: Catalogue, source: Source): ReadonlySet<string> {
  return new Set(catalogue.of(source).map(({ name }) => name));
}

function unhealthyIn(pod: PodFacts | undefined): PodFacts['deviceHealth'] {
  return (pod?.deviceHealth ?? []).filter(({ health }) => health === 'Unhealthy');
}

/** Whether a pod's change may change what stands about its node. */
function healthDiffers(previous: PodFacts | undefined, pod: PodFacts): boolean {
  if (previous === undefined) return pod.deviceHealth.length > 0;
  if (hasLeft(previous) !== hasLeft(pod) || holdsDevices(previous) !== holdsDevices(pod)) {
    return previous.deviceHealth.length > 0 || pod.deviceHealth.length > 0;
  }
  return (
    previous.deviceHealth.length !== pod.deviceHealth.length ||
    previous.deviceHealth.some((one, index) => {
      const other = pod.deviceHealth[index];
      return one.device !== other?.device || one.health !== other.health;
    })
  );
}
