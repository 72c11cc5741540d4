import type { Logger } from 'pino';
import { asksForDevices } from '../webhook/words/device.ts';
import { isOptedIn } from '../webhook/words/opt-in.ts';
import { isSchedulingRace } from './history/blame.ts';
import type { Catalogue } from './history/catalogue.ts';
import {
  type Departure,
  departureOf,
  type HomeTerms,
  hasLeft,
  isRejection,
} from './history/departure.ts';
import type { NodeFacts, PodFacts } from './history/facts.ts';
import { withWork } from './history/hazard.ts';
import { Homes } from './history/homes.ts';
import { bounded, type HostHistory, isExpired } from './history/host-history.ts';
import { type Incident, withoutReports, withRecovery, withSignal } from './history/incident.ts';
import {
  deviceHealthEnds,
  deviceHealthObservations,
  nodeObservations,
  type Observations,
  rejectionSignals,
} from './history/signal.ts';
import type { HistoryStore } from './storage/store.ts';
import type { Cluster } from './watch/cluster.ts';

/** What became of an observation. */
export type SignalOutcome = 'counted' | 'race' | 'unsure';

/** Who looks on while the historian takes things in. */
export interface Witness {
  /** Something about a node, its pods or its history has changed; `undefined`: about a pod on none. */
  touched(node: string | undefined): void;
  nodeChanged(previous: NodeFacts, current: NodeFacts, nowSeconds: number): void;
  incidentsChanged(
    node: NodeFacts,
    before: readonly Incident[],
    after: readonly Incident[],
    nowSeconds: number,
  ): void;
  departed(departure: Departure, pod: PodFacts): void;
}

export interface HistorianDeps {
  readonly cluster: Cluster;
  readonly store: HistoryStore;
  readonly catalogue: Catalogue;
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

/** Takes in what the watches show, and writes down what of it is history. */
export class Historian {
  readonly homes = new Homes();
  /** What each pod that is bound but not yet running has come back from, by uid. */
  readonly #arriving = new Map<string, Departure>();
  readonly #deps: HistorianDeps;

  constructor(deps: HistorianDeps) {
    this.#deps = deps;
    for (const { departures } of deps.store.all()) {
      for (const departure of departures) this.homes.left(departure);
    }
  }

  nodeChanged(node: NodeFacts, nowSeconds: number): void {
    const { cluster, catalogue } = this.#deps;
    const previous = cluster.node(node.name);
    cluster.setNode(node);
    this.#observe(node, nodeObservations(previous, node, catalogue, nowSeconds), nowSeconds);
    this.#deps.witness?.touched(node.name);
    if (previous !== undefined) {
      this.#deps.witness?.nodeChanged(previous, node, nowSeconds);
      return;
    }
    // Pods may be heard of before their node; what they say of its devices is heard now.
    for (const pod of cluster.holding(node.name)) {
      this.#judgeHealth({ previous: undefined, pod, node, isListed: true, nowSeconds });
    }
  }

  nodeRemoved(uid: string, nowSeconds: number): void {
    const { cluster, store } = this.#deps;
    const node = cluster.removeNode(uid);
    if (node === undefined) return;
    this.#deps.witness?.touched(node.name);
    const history = store.get(node.host);
    if (history.incidents.every(({ standing }) => standing.length === 0)) return;
    this.#write(
      { ...history, incidents: withoutReports(history.incidents, nowSeconds) },
      nowSeconds,
    );
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
    const node = pod.node === undefined ? undefined : cluster.node(pod.node);
    if (node === undefined) return;
    const change: PodChange = { previous, pod, node, isListed, nowSeconds };
    this.#judgeHealth(change);
    this.#judgeRejection(change);
    this.#judgeDeparture(change);
  }

  podRemoved(uid: string, nowSeconds: number): void {
    const pod = this.#deps.cluster.pod(uid);
    if (pod === undefined) return;
    // A deletion that was never seen to begin: the watch was away. It still frees the node.
    const { endedAtSeconds = nowSeconds } = pod;
    this.podChanged({ ...pod, isTerminating: true, endedAtSeconds }, true, nowSeconds);
    this.#deps.cluster.removePod(uid);
    this.#deps.witness?.touched(pod.node);
  }

  /** Drops homes that have ended, and hosts that are gone for good, in memory and in the store. */
  prune(nowSeconds: number): void {
    const { cluster, store } = this.#deps;
    this.homes.prune(nowSeconds);
    const present = new Set([...cluster.nodes()].map(({ host }) => host));
    for (const history of [...store.all()]) {
      if (!present.has(history.host) && isExpired(history, nowSeconds)) {
        this.#settle(history, store.remove(history.host));
        continue;
      }
      const fresh = bounded(history, nowSeconds);
      if (fresh.departures.length < history.departures.length) this.#write(fresh, nowSeconds);
    }
  }

  /** A pod that never ran where it was bound has not come back: its slot is away as before. */
  #judgeArrival(pod: PodFacts): void {
    const back = this.#arriving.get(pod.uid);
    if (back === undefined || (pod.phase === 'Pending' && !pod.isTerminating)) return;
    this.#arriving.delete(pod.uid);
    if (pod.phase === 'Pending' || isRejection(pod)) this.homes.left(back);
  }

  #judgeHealth({ previous, pod, node, nowSeconds }: PodChange): void {
    const { catalogue } = this.#deps;
    // The status of a pod that has ended is as old as its end: a restart of ours must not renew it.
    const seenAtSeconds = Math.min(hasLeft(pod) ? endOf(pod, nowSeconds) : nowSeconds, nowSeconds);
    const health = deviceHealthObservations(previous, pod, catalogue, seenAtSeconds);
    this.#observe(node, health, nowSeconds);
    if (!hasLeft(pod)) return;
    for (const last of previous === undefined ? [pod] : [previous, pod]) {
      this.#observe(node, deviceHealthEnds(last, catalogue, seenAtSeconds), nowSeconds);
    }
  }

  #judgeRejection({ previous, pod, node, isListed, nowSeconds }: PodChange): void {
    if (!isRejection(pod) || (previous !== undefined && isRejection(previous))) return;
    const { catalogue, cluster, onSignal, log } = this.#deps;
    const signals = rejectionSignals(pod, catalogue, nowSeconds);
    if (signals.length === 0) return;
    // Found by a list, nobody can say what else was bound when the kubelet refused: no blame.
    const raced = isSchedulingRace(pod, node, cluster.holding(node.name));
    if (!isListed && !raced) {
      this.#observe(node, { signals, recoveries: [] }, nowSeconds);
      return;
    }
    const outcome = raced ? 'race' : 'unsure';
    for (const { row } of signals) onSignal(row, outcome);
    log.info(
      { pod: `${pod.namespace}/${pod.name}`, node: node.name, outcome, message: pod.statusMessage },
      'rejection not held against the node',
    );
  }

  #judgeDeparture({ previous, pod, node, isListed, nowSeconds }: PodChange): void {
    // Found by a list without a word of its end: how long it ran, and so what it proves, is unknown.
    if (isListed && pod.endedAtSeconds === undefined) return;
    // Only pods that Surefoot may act for are sent home, so only they have one.
    const mayAct = isOptedIn(pod.optIn, this.#deps.cluster.namespaceOptIn(pod.namespace));
    const terms = mayAct ? (pod.expectations ?? NO_HOME) : NO_HOME;
    const departure = departureOf(previous, pod, terms, nowSeconds);
    if (departure === undefined) return;
    this.#deps.witness?.departed(departure, pod);
    const comesBack = terms !== NO_HOME;
    if (comesBack) this.homes.left(departure);
    const history = this.#deps.store.get(node.host);
    const devices = departure.devices.resources.reduce((sum, { count }) => sum + count, 0);
    this.#write(
      {
        ...history,
        exposure: withWork(history.exposure, departure.ranSeconds * devices, departure.atSeconds),
        departures: comesBack ? [...history.departures, departure] : history.departures,
      },
      nowSeconds,
    );
  }

  #observe(node: NodeFacts, { signals, recoveries }: Observations, nowSeconds: number): void {
    if (signals.length === 0 && recoveries.length === 0) return;
    const { store, onSignal, log } = this.#deps;
    const history = store.get(node.host);
    let incidents = history.incidents;
    for (const signal of signals) {
      incidents = withSignal(incidents, signal);
      onSignal(signal.row, 'counted');
      log.warn(
        { node: node.name, resource: signal.resource, device: signal.device, row: signal.row },
        signal.words,
      );
    }
    for (const recovery of recoveries) incidents = withRecovery(incidents, recovery);
    if (incidents === history.incidents) return;
    this.#deps.witness?.incidentsChanged(node, history.incidents, incidents, nowSeconds);
    this.#write({ ...history, incidents }, nowSeconds);
  }

  #write(history: HostHistory, nowSeconds: number): void {
    this.#settle(history, this.#deps.store.put(bounded(history, nowSeconds)));
  }

  #settle({ host }: HostHistory, written: Promise<void>): void {
    written.catch((error: unknown) => {
      this.#deps.log.error({ host, err: error }, 'history could not be written');
    });
  }
}

/** The terms of a pod that Surefoot does not send anywhere. */
const NO_HOME: HomeTerms = { coldStartForOthersSeconds: 0, homeLifeSeconds: 0 };

function endOf(pod: PodFacts, nowSeconds: number): number {
  return pod.endedAtSeconds ?? nowSeconds;
}
