import { Seldom } from '../../certs/serving/seldom.ts';
import { asksForDevices } from '../../webhook/words/device.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { EventFacts } from '../facts/events.ts';
import { type HostId, holdsDevices, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import {
  type Departure,
  departureOf,
  type HomeTerms,
  hasLeft,
  isRejection,
} from '../homes/departure.ts';
import { Homes } from '../homes/homes.ts';
import { Runs } from '../homes/runs.ts';
import { deviceHealthFindings, type Finding } from '../signals/finding.ts';
import {
  containerSignals,
  momentOf,
  podConditionSignals,
  rejectionSignals,
} from '../signals/signal.ts';
import { Pulls } from '../state/image-pulls.ts';
import { type KnownOwner, Owners } from '../state/owners.ts';
import { type ForgivenessAsked, HostRecorder, type HostRecorderDeps } from './host-recorder.ts';
import { MissedMoments } from './missed-moments.ts';
import { isSchedulingRace } from './scheduling-race.ts';

/** Who looks on while the ingest takes things in. */
export interface Witness {
  /** Something about a node or its pods has changed; `undefined`: about a pod on none. */
  touched(node: string | undefined): void;
  nodeChanged(previous: NodeFacts, current: NodeFacts, nowSeconds: number): void;
  departed(departure: Departure, pod: PodFacts): void;
}

/** How a pod came to be seen on a node: it had waited for one, it was made with one, or a list found it there. */
export type BindingSeen = 'waited' | 'named' | 'listed';

export interface IngestDeps extends HostRecorderDeps {
  readonly onBound: (pod: PodFacts, nowSeconds: number, seen: BindingSeen) => void;
  readonly witness?: Witness;
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

/**
 * Takes in what the watches show. Every replica keeps the facts and the homes; only the one that keeps
 * the history (`isLeader`) has its recorder write down what of it is history.
 */
export class Ingest {
  readonly homes = new Homes();
  readonly runs = new Runs();
  readonly pulls: Pulls;
  readonly #owners = new Owners();
  readonly #deps: IngestDeps;
  readonly #recorder: HostRecorder;
  /** What each pod that is bound but not yet running has come back from, by uid. */
  readonly #arriving = new Map<string, Departure>();
  /** Uids of Nodes that claim a machine that another one had. */
  readonly #clones = new Set<string>();
  readonly #complaint = new Seldom();
  #isLeader = false;
  readonly #missed = new MissedMoments();

  constructor(deps: IngestDeps) {
    this.#deps = deps;
    this.pulls = new Pulls(deps.cluster);
    this.#recorder = new HostRecorder(deps);
    deps.store.subscribe((host) => deps.cluster.bumpVersion(deps.cluster.onHost(host)?.name));
  }

  /** True while this replica writes the history. */
  get isLeader(): boolean {
    return this.#isLeader;
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
    if (this.#isLeader) return;
    this.#isLeader = true;
    this.#recorder.start();
    const { cluster } = this.#deps;
    for (const node of cluster.nodes()) this.#look(node, nowSeconds);
    for (const pod of cluster.pods())
      this.#judgePod({ pod, previous: undefined, isListed: true, nowSeconds });
    this.#missed.judge(nowSeconds);
  }

  /** Another replica keeps it from now on. */
  stopKeeping(): void {
    this.#isLeader = false;
    this.#recorder.stop();
  }

  nodeChanged(facts: NodeFacts, nowSeconds: number): void {
    const { cluster, witness } = this.#deps;
    const node = this.#onItsOwnHost(facts);
    const previous = cluster.node(node.name);
    cluster.setNode(node);
    if (previous?.isReady === true && !node.isReady) this.#recorder.disturb(node, nowSeconds);
    this.#look(node, nowSeconds);
    witness?.touched(node.name);
    if (previous !== undefined) witness?.nodeChanged(previous, node, nowSeconds);
  }

  nodeRemoved(uid: string, nowSeconds: number): void {
    const { cluster, witness } = this.#deps;
    const node = cluster.removeNode(uid);
    if (node === undefined) return;
    witness?.touched(node.name);
    this.#clones.delete(uid);
    if (this.#isLeader) this.#recorder.nodeGone(node, nowSeconds);
  }

  /** Slices, rules or claims have changed what is said about a node's devices. */
  devicesChanged(nodeName: string, nowSeconds: number): void {
    const node = this.#deps.cluster.node(nodeName);
    if (node !== undefined) this.#look(node, nowSeconds);
  }

  /** What a custom object says about a node now; nothing once it is gone. */
  customChanged(key: string, node: string, findings: readonly Finding[], nowSeconds: number): void {
    this.#recorder.setCustom(key, node, findings);
    this.devicesChanged(node, nowSeconds);
  }

  /** An Event about a node. One that was listed is old: nothing is rebuilt from Events. */
  eventSeen({ node: name, signals }: EventFacts, isListed: boolean, nowSeconds: number): void {
    // Any tenant may write of a Node that does not exist.
    if (isListed || signals.length === 0 || this.#deps.cluster.node(name) === undefined) return;
    this.#passing(nowSeconds, signals, () => {
      const node = this.#deps.cluster.node(name);
      if (node === undefined) return;
      for (const signal of signals) this.#recorder.hear(node, signal, nowSeconds);
    });
  }

  /** An owner wants other places than before: homes that it does not want are given up. */
  ownerChanged(owner: KnownOwner, nowSeconds: number): void {
    this.#owners.set(owner);
    this.#release(owner.workload, nowSeconds);
  }

  /** An owner is gone: if none of its name comes soon, nobody wants its places. */
  ownerRemoved(uid: string, nowSeconds: number): void {
    this.#owners.remove(uid, nowSeconds);
  }

  /** Every owner of this kind is known: one that is not there is gone. */
  ownersKnown(kind: string, nowSeconds: number): void {
    this.#owners.allKnown(kind, nowSeconds);
  }

  #release(workload: string, nowSeconds: number): void {
    const bound = this.#deps.cluster.boundOf(workload);
    this.homes.release(
      workload,
      (departure) => this.#isWanted(departure, nowSeconds),
      this.#owners.missing(workload, bound),
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
      const first = isListed ? 'listed' : 'named';
      onBound(pod, nowSeconds, previous === undefined ? first : 'waited');
    }
    this.#judgeImages(pod, previous, nowSeconds);
    this.#judgeArrival(pod, nowSeconds);
    this.#judgeHome({ pod, previous, isListed, nowSeconds });
    if (pod.node !== undefined) {
      this.#passing(nowSeconds, { pod, previous }, () =>
        this.#judgePod({ pod, previous, isListed, nowSeconds }),
      );
    }
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
    this.pulls.gone(uid);
    this.#deps.witness?.touched(pod.node);
    const node = pod.node === undefined ? undefined : this.#deps.cluster.node(pod.node);
    if (node !== undefined && pod.deviceHealth.length > 0) this.#look(node, nowSeconds);
  }

  /** What waits for its time, and what struck several hosts at once. To be called about every second. */
  tick(nowSeconds: number): void {
    for (const workload of this.#owners.gone(nowSeconds)) this.#release(workload, nowSeconds);
    if (this.#isLeader) this.#recorder.tick(nowSeconds);
  }

  /** Drops homes that have ended, and hosts that are gone for good, in memory and in the store. */
  prune(nowSeconds: number): void {
    this.homes.prune(nowSeconds);
    // Those that were stored by an earlier run of ours, of owners that are gone since.
    for (const workload of this.homes.workloads()) this.#release(workload, nowSeconds);
    if (this.#isLeader) this.#recorder.prune(nowSeconds);
  }

  /** Forgives the incidents of a host, or of one of its devices; gives how many there were. */
  forgive(host: HostId, asked: ForgivenessAsked, nowSeconds: number): number {
    return this.#isLeader ? this.#recorder.forgive(host, asked, nowSeconds) : 0;
  }

  /** For each row of the catalogue: on how many nodes it stands now, and how often it was seen to begin. */
  sightings(): ReturnType<HostRecorder['sightings']> {
    return this.#recorder.sightings();
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

  #look(node: NodeFacts, nowSeconds: number): void {
    if (this.#isLeader) this.#recorder.look(node, nowSeconds);
  }

  /** What a pod waits for on its node, and what has run there. */
  #judgeImages(pod: PodFacts, previous: PodFacts | undefined, nowSeconds: number): void {
    const { cluster } = this.#deps;
    const node = pod.node === undefined ? undefined : cluster.node(pod.node);
    if (node === undefined) return;
    const isWaiting = pod.ran.length === 0 && !hasLeft(pod);
    if (isWaiting && previous?.node === undefined) this.pulls.bound(pod, node, nowSeconds);
    this.pulls.changed(pod, hasLeft(pod));
    cluster.images.ranOn(node, pod, nowSeconds);
  }

  /** A pod that never ran where it was bound has not come back: its slot is away as before. */
  #judgeArrival(pod: PodFacts, nowSeconds: number): void {
    const back = this.#arriving.get(pod.uid);
    if (back === undefined || (pod.phase === 'Pending' && !pod.isTerminating)) return;
    this.#arriving.delete(pod.uid);
    const neverRan = pod.phase === 'Pending' || isRejection(pod);
    if (neverRan && this.#isWanted(back, nowSeconds)) this.homes.left(back);
  }

  /** Every replica keeps the homes, whoever keeps the history. */
  #judgeHome(change: Omit<PodChange, 'node'>): void {
    const departure = this.#departureIn(change);
    if (departure === undefined) return;
    this.#deps.witness?.departed(departure.departure, change.pod);
    const { cause, slot } = departure.departure;
    if (cause === 'completed') this.runs.completed(slot.workload, departure.departure);
    if (cause !== 'device fault') this.runs.left(slot.workload, departure.departure);
    if (departure.comesBack && this.#isWanted(departure.departure, change.nowSeconds)) {
      this.homes.left(departure.departure);
    }
  }

  /** Whether the owner of a slot wants it back, as far as anybody knows. */
  #isWanted({ slot }: Departure, nowSeconds: number): boolean {
    return this.#owners.want(slot, this.#deps.cluster.boundOf(slot.workload), nowSeconds);
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
    if (!hasLeft(pod) || (previous === undefined && this.#recorder.isCounted(node, pod))) return;
    const known = new Set(unhealthyIn(previous).map(({ device }) => device));
    const unhealthy = unhealthyIn(pod).filter(({ device }) => !known.has(device));
    const atSeconds = Math.min(pod.endedAtSeconds ?? nowSeconds, nowSeconds);
    for (const finding of deviceHealthFindings(unhealthy, this.#deps.catalogue())) {
      const signal = momentOf(finding, atSeconds);
      this.#recorder.tell(node, { ...signal, resource: finding.resource ?? '' }, nowSeconds);
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
      for (const signal of signals) this.#recorder.tell(node, signal, nowSeconds);
      return;
    }
    const why = raced ? 'race' : 'unsure';
    for (const { row, words } of signals)
      this.#recorder.ignore(node, { row, words, why }, nowSeconds);
    if (!this.#complaint.isDue()) return;
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
        this.#recorder.hear(node, signal, nowSeconds);
      }
    }
    if (isNews('conditions')) {
      for (const signal of podConditionSignals(pod, catalogue, nowSeconds)) {
        this.#recorder.tell(node, signal, nowSeconds);
      }
    }
  }

  #judgeDeparture(change: PodChange): void {
    const { pod, node, nowSeconds } = change;
    const left = this.#departureIn(change);
    if (left === undefined || this.#recorder.isCounted(node, pod)) return;
    const { departure, comesBack } = left;
    this.#recorder.departed(node, departure, comesBack, nowSeconds);
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

  /** A moment that only the keeper of the history judges, kept for a while by the others. */
  #passing(atSeconds: number, facts: object, judge: () => void): void {
    if (this.#isLeader) judge();
    else this.#missed.add(atSeconds, facts, judge);
  }
}

/** The terms of a pod that Surefoot does not send anywhere. */
const NO_HOME: HomeTerms = { coldStartForOthersSeconds: 0, homeLifeSeconds: 0 };

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
