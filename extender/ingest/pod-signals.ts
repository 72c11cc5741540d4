import type { Logger } from 'pino';
import { Seldom } from '../../certs/serving/seldom.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import {
  type Departure,
  departureOf,
  type HomeTerms,
  hasLeft,
  isRejection,
} from '../homes/departure.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { deviceHealthFindings } from '../signals/finding.ts';
import {
  containerSignals,
  momentOf,
  podConditionSignals,
  rejectionSignals,
} from '../signals/signal.ts';
import type { Cluster } from '../state/cluster.ts';
import type { HostRecorder } from './host-recorder.ts';
import { isSchedulingRace } from './scheduling-race.ts';

/** One change of a pod. */
export interface PodChange {
  readonly previous: PodFacts | undefined;
  readonly pod: PodFacts;
  /** The pod was found by a list, so the moments that led to it were not seen. */
  readonly isListed: boolean;
  readonly nowSeconds: number;
}

/** The same on a node that is known. */
interface ChangeOnNode extends PodChange {
  readonly node: NodeFacts;
}

export interface PodSignalsDeps {
  readonly cluster: Cluster;
  readonly catalogue: () => Catalogue;
  /** The kubelet has refused a pod for a reason that no row knows. */
  readonly onUnmapped?: (node: string, kind: string, nowSeconds: number) => void;
  readonly log: Logger;
}

/** Refusals for want of room, or of a node on its way down. */
const ROUTINE = /^(OutOf\S+|NodeAffinity|NodeShutdown|TopologyAffinityError)$/;
/** Enough to recognise a message. */
const SHOWN_CHARACTERS = 120;

/** Finds the signals and the departure in a pod's change, and has them recorded for its host. */
export class PodSignals {
  readonly #deps: PodSignalsDeps;
  readonly #recorder: HostRecorder;
  readonly #complaint = new Seldom();

  constructor(deps: PodSignalsDeps, recorder: HostRecorder) {
    this.#deps = deps;
    this.#recorder = recorder;
  }

  record(change: PodChange): void {
    const { cluster } = this.#deps;
    const node = change.pod.node === undefined ? undefined : cluster.node(change.pod.node);
    if (node === undefined) return;
    const known: ChangeOnNode = { ...change, node };
    this.#recordLastHealth(known);
    this.#recordRejection(known);
    this.#recordContainers(known);
    this.#recordDeparture(known);
  }

  /** The status of a pod that has ended is the last word on its devices, and as old as its end. */
  #recordLastHealth({ previous, pod, node, nowSeconds }: ChangeOnNode): void {
    if (!hasLeft(pod) || (previous === undefined && this.#recorder.isCounted(node, pod))) return;
    const known = new Set(unhealthyIn(previous).map(({ device }) => device));
    const unhealthy = unhealthyIn(pod).filter(({ device }) => !known.has(device));
    const atSeconds = Math.min(pod.endedAtSeconds ?? nowSeconds, nowSeconds);
    for (const finding of deviceHealthFindings(unhealthy, this.#deps.catalogue())) {
      const { resource } = finding;
      const signal = {
        ...momentOf(finding, atSeconds),
        ...(resource !== undefined && { resource }),
      };
      this.#recorder.recordTrusted(node, signal, nowSeconds);
    }
  }

  #recordRejection({ previous, pod, node, isListed, nowSeconds }: ChangeOnNode): void {
    if (!isFirstRejection(previous, pod)) return;
    const { cluster, log } = this.#deps;
    const signals = rejectionSignals(pod, this.#deps.catalogue(), nowSeconds);
    if (signals.length === 0) {
      const { statusReason = '', statusMessage = '' } = pod;
      if (ROUTINE.test(statusReason)) return;
      const kind = `refusal ${statusReason}: ${statusMessage.slice(0, SHOWN_CHARACTERS)}`;
      this.#deps.onUnmapped?.(node.name, kind, nowSeconds);
      return;
    }
    // Found by a list, nobody can say what else was bound when the kubelet refused: no blame.
    const raced = isSchedulingRace(pod, node, cluster.holding(node.name));
    if (!isListed && !raced) {
      for (const signal of signals) this.#recorder.recordTrusted(node, signal, nowSeconds);
      return;
    }
    const why = raced ? 'race' : 'unsure';
    for (const { row, words } of signals) {
      this.#recorder.recordIgnored(node, { row, words, why }, nowSeconds);
    }
    if (!this.#complaint.isDue()) return;
    log.info(
      { pod: `${pod.namespace}/${pod.name}`, node: node.name, why, message: pod.statusMessage },
      'rejection not held against the node',
    );
  }

  /** What containers and conditions say is news once; what a list found is old. */
  #recordContainers({ previous, pod, node, isListed, nowSeconds }: ChangeOnNode): void {
    if (isListed || (pod.containers.length === 0 && pod.conditions.length === 0)) return;
    const catalogue = this.#deps.catalogue();
    const isNews = (field: 'containers' | 'conditions') =>
      JSON.stringify(previous?.[field] ?? []) !== JSON.stringify(pod[field]);
    if (isNews('containers')) {
      for (const signal of containerSignals(pod, catalogue, nowSeconds)) {
        this.#recorder.recordUntrusted(node, signal, nowSeconds);
      }
    }
    if (isNews('conditions')) {
      for (const signal of podConditionSignals(pod, catalogue, nowSeconds)) {
        this.#recorder.recordTrusted(node, signal, nowSeconds);
      }
    }
  }

  #recordDeparture(change: ChangeOnNode): void {
    const { pod, node, nowSeconds } = change;
    const left = departureIn(change, this.#deps.cluster);
    if (left === undefined || this.#recorder.isCounted(node, pod)) return;
    this.#recorder.recordDeparture(node, left.departure, left.comesBack, nowSeconds);
  }
}

/** The departure in a pod's change, if there is one; `comesBack`: Surefoot may send the slot home. */
export function departureIn(
  { previous, pod, isListed, nowSeconds }: PodChange,
  cluster: Cluster,
): { readonly departure: Departure; readonly comesBack: boolean } | undefined {
  // Found by a list without a word of its end: how long it ran, and so what it proves, is unknown.
  if (isListed && pod.endedAtSeconds === undefined) return undefined;
  // Only pods that Surefoot may act for are sent home, so only they have one.
  const mayAct = isOptedIn(pod.optIn, cluster.namespaceOptIn(pod.namespace));
  const terms = mayAct ? (pod.expectations ?? NO_HOME) : NO_HOME;
  const departure = departureOf(previous, pod, terms, nowSeconds);
  return departure === undefined ? undefined : { departure, comesBack: terms !== NO_HOME };
}

/** The terms of a pod that Surefoot does not send anywhere. */
const NO_HOME: HomeTerms = { coldStartForOthersSeconds: 0, homeLifeSeconds: 0 };

/** The kubelet refuses a pod that waited: one that has restarted admits pods that ran again, before the plugins are back. */
function isFirstRejection(previous: PodFacts | undefined, pod: PodFacts): boolean {
  if (!isRejection(pod) || hasRun(pod)) return false;
  return previous === undefined || (previous.phase === 'Pending' && !hasRun(previous));
}

/** Whether a container of the pod ever ran. */
function hasRun({ ran }: PodFacts): boolean {
  return ran.length > 0;
}

function unhealthyIn(pod: PodFacts | undefined): PodFacts['deviceHealth'] {
  return (pod?.deviceHealth ?? []).filter(({ health }) => health === 'Unhealthy');
}
