import { asksForDevices } from '../../webhook/words/device.ts';
import type { EventFacts } from '../facts/events.ts';
import { holdsDevices, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import { type Departure, hasLeft, isRejection, neverStarted } from '../homes/departure.ts';
import { Homes } from '../homes/homes.ts';
import { Runs } from '../homes/runs.ts';
import type { Finding } from '../signals/finding.ts';
import type { HostId } from '../signals/identity.ts';
import type { DynamicResources } from '../state/dynamic-resources.ts';
import { ImagePulls } from '../state/image-pulls.ts';
import { type KnownOwner, Owners } from '../state/owners.ts';
import { hasUnknownDevices, withClaimedDevices } from './claimed-devices.ts';
import type { ForgivenessAsked } from './forgiveness.ts';
import { HostRecorder, type HostRecorderDeps } from './host-recorder.ts';
import { MissedMoments } from './missed-moments.ts';
import { departureIn, type PodChange, PodSignals, type PodSignalsDeps } from './pod-signals.ts';
import { isSchedulingRace } from './scheduling-race.ts';
import { SharedHosts } from './shared-hosts.ts';
import { StandingFindings } from './standing-findings.ts';

/** How a pod came to be seen on a node: it had waited for one, it was made with one, or a list found it there. */
export type BindingSeen = 'waited' | 'named' | 'listed';

/** Whoever wants to know what is taken in. */
export interface IngestListener {
  /** Something about a node or its pods has changed; `undefined`: about a pod on none. */
  touched?(node: string | undefined): void;
  nodeChanged?(previous: NodeFacts, current: NodeFacts, nowSeconds: number): void;
  departed?(departure: Departure, pod: PodFacts): void;
  podChanged?(pod: PodFacts, nowSeconds: number): void;
  /** What was last seen of a pod that is not in the API any more. */
  podRemoved?(pod: PodFacts, nowSeconds: number): void;
  /** Its slot still counts as away. */
  bound?(pod: PodFacts, nowSeconds: number, seen: BindingSeen): void;
}

export interface IngestDeps extends HostRecorderDeps, PodSignalsDeps {
  readonly devices: DynamicResources;
}

/**
 * Takes in what the watches show. Every replica keeps the facts and the homes; only the leader (`isLeader`) records
 * what of it is history.
 */
export class Ingest {
  readonly homes = new Homes();
  readonly runs = new Runs();
  readonly pulls: ImagePulls;
  readonly owners = new Owners();
  readonly #deps: IngestDeps;
  readonly #standing: StandingFindings;
  readonly #recorder: HostRecorder;
  readonly #podSignals: PodSignals;
  readonly #listeners: IngestListener[] = [];
  /** What each pod that is bound but not yet running has come back from, by uid. */
  readonly #arriving = new Map<string, Departure>();
  readonly #sharedHosts: SharedHosts;
  readonly #missed = new MissedMoments();
  #isLeader = false;

  constructor(deps: IngestDeps) {
    const { cluster, devices, catalogue, store } = deps;
    this.#deps = deps;
    this.pulls = new ImagePulls(cluster);
    this.#sharedHosts = new SharedHosts(cluster, store);
    this.#standing = new StandingFindings(cluster, devices, catalogue);
    this.#recorder = new HostRecorder(deps, this.#standing);
    this.#podSignals = new PodSignals(deps, this.#recorder);
    store.subscribe({ changed: (host) => cluster.bumpVersion(cluster.onHost(host)?.name) });
  }

  /** True while this replica records the history. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  subscribe(listener: IngestListener): void {
    this.#listeners.push(listener);
  }

  /** Takes the homes that are stored: before the pods are listed. */
  restoreHomes(): void {
    const departures = [...this.#deps.store.all()].flatMap((history) => history.departures);
    for (const departure of departures.sort((a, b) => a.atSeconds - b.atSeconds)) {
      this.homes.left(departure);
    }
  }

  /**
   * Begins to record the history: after the first lists, and when another replica has stopped. What stands now is
   * compared with what is stored; of what has passed, the last minute is recorded.
   */
  becomeLeader(nowSeconds: number): void {
    if (this.#isLeader) return;
    this.#isLeader = true;
    this.#recorder.start();
    const { cluster } = this.#deps;
    for (const node of cluster.nodes()) this.#reconcile(node, nowSeconds);
    for (const pod of cluster.pods()) {
      this.#podSignals.record({ pod, previous: undefined, isListed: true, nowSeconds });
    }
    this.#missed.judge(nowSeconds);
  }

  /** Another replica records it from now on. */
  stopLeading(): void {
    this.#isLeader = false;
    this.#recorder.stop();
  }

  nodeChanged(facts: NodeFacts, nowSeconds: number): void {
    const { cluster } = this.#deps;
    const { node, other } = this.#sharedHosts.take(facts);
    if (other !== undefined) this.#rehost(other, nowSeconds);
    const previous = cluster.node(node.name);
    cluster.setNode(node);
    if (previous?.isReady === true && !node.isReady) this.#recorder.disturb(node, nowSeconds);
    this.#reconcile(node, nowSeconds);
    this.#touched(node.name);
    if (previous === undefined) return;
    for (const listener of this.#listeners) listener.nodeChanged?.(previous, node, nowSeconds);
  }

  nodeRemoved(uid: string, nowSeconds: number): void {
    const node = this.#deps.cluster.removeNode(uid);
    if (node === undefined) return;
    this.#standing.measured.forgetOn(node.name);
    this.#touched(node.name);
    if (this.#isLeader) this.#recorder.nodeGone(node, nowSeconds);
  }

  /** Slices, rules or claims have changed what is said about a node's devices. */
  devicesChanged(nodeName: string, nowSeconds: number): void {
    const { cluster } = this.#deps;
    // Which device a pod's claim got may be known only now.
    for (const pod of [...cluster.holding(nodeName)]) {
      if (hasUnknownDevices(pod)) this.podChanged(pod, false, nowSeconds);
    }
    const node = cluster.node(nodeName);
    if (node !== undefined) this.#reconcile(node, nowSeconds);
  }

  /** What a custom object says about a node now; nothing once it is gone. */
  customChanged(key: string, node: string, findings: readonly Finding[], nowSeconds: number): void {
    this.#standing.setCustom(key, node, findings);
    this.devicesChanged(node, nowSeconds);
  }

  /** What metrics say about subjects of a row on a node: devices, by the beginning of their findings' keys. */
  measured(
    row: string,
    node: string,
    found: ReadonlyMap<string, readonly Finding[]>,
    nowSeconds: number,
  ): void {
    this.#standing.measured.set(row, node, found);
    this.devicesChanged(node, nowSeconds);
    this.#standing.measured.forgetWell(row, node);
  }

  /** Nothing is known from metrics any more: another replica asks, or nobody. */
  forgetMeasured(isAsked: boolean): void {
    this.#standing.measured.forget(isAsked);
  }

  /** An Event about a node. One that was listed is old: nothing is rebuilt from Events. */
  eventSeen({ node: name, signals }: EventFacts, isListed: boolean, nowSeconds: number): void {
    // Any tenant may write of a Node that does not exist.
    if (isListed || signals.length === 0 || this.#deps.cluster.node(name) === undefined) return;
    this.#recordOrKeep(nowSeconds, signals, () => {
      const node = this.#deps.cluster.node(name);
      if (node === undefined) return;
      for (const signal of signals) this.#recorder.recordUntrusted(node, signal, nowSeconds);
    });
  }

  /** An owner wants other slots than before: homes of slots that it does not want are given up. */
  ownerChanged(owner: KnownOwner, nowSeconds: number): void {
    this.owners.set(owner);
    this.homes.suspend(owner.workload, owner.isSuspended === true);
    this.#release(owner.workload, nowSeconds);
  }

  /** An owner is gone: if none of its name comes soon, nobody wants its slots. */
  ownerRemoved(uid: string, nowSeconds: number): void {
    const workload = this.owners.remove(uid, nowSeconds);
    if (workload !== undefined) this.homes.suspend(workload, false);
  }

  /** Every owner of this kind is known: one that is not there is gone. */
  ownersKnown(kind: string, nowSeconds: number): void {
    this.owners.allKnown(kind, nowSeconds);
  }

  /** `isListed`: the pod was found by a list, so the moments that led to it were not seen. */
  podChanged(facts: PodFacts, isListed: boolean, nowSeconds: number): void {
    // Most pods of most clusters hold no device: nothing of them is kept.
    if (!asksForDevices(facts.devices)) return;
    const { cluster, devices } = this.#deps;
    const previous = cluster.pod(facts.uid);
    const pod = withClaimedDevices(facts, previous, devices);
    const change: PodChange = { previous, pod, isListed, nowSeconds };
    cluster.setPod(pod);
    for (const listener of this.#listeners) listener.podChanged?.(pod, nowSeconds);
    this.#touched(pod.node);
    if (pod.node !== undefined && previous?.node === undefined) this.#touched(undefined);
    this.#findBinding(change);
    this.#findPulls(change);
    this.#findArrival(change);
    this.#findDeparture(change);
    if (pod.node !== undefined) {
      this.#recordOrKeep(nowSeconds, { pod, previous }, () => this.#podSignals.record(change));
    }
    const node = pod.node === undefined ? undefined : cluster.node(pod.node);
    if (node !== undefined && healthDiffers(previous, pod)) this.#reconcile(node, nowSeconds);
  }

  podRemoved(uid: string, nowSeconds: number): void {
    const pod = this.#deps.cluster.pod(uid);
    if (pod === undefined) return;
    // A deletion that was never seen to begin: the watch was away. It still frees the node.
    const { endedAtSeconds = nowSeconds } = pod;
    this.podChanged({ ...pod, isTerminating: true, endedAtSeconds }, true, nowSeconds);
    this.#deps.cluster.removePod(uid);
    for (const listener of this.#listeners) listener.podRemoved?.(pod, nowSeconds);
    this.pulls.gone(uid);
    this.#touched(pod.node);
    const node = pod.node === undefined ? undefined : this.#deps.cluster.node(pod.node);
    if (node !== undefined && pod.deviceHealth.length > 0) this.#reconcile(node, nowSeconds);
  }

  /** What waits for its time, and what struck several hosts at once. To be called about every second. */
  tick(nowSeconds: number): void {
    for (const workload of this.owners.gone(nowSeconds)) this.#release(workload, nowSeconds);
    if (this.#isLeader) this.#recorder.tick(nowSeconds);
  }

  /** Drops homes that have ended, and hosts that are gone for good, in memory and in the store. */
  prune(nowSeconds: number): void {
    this.homes.prune(nowSeconds);
    // Those that an earlier run of ours has stored, of owners that are gone since.
    for (const workload of this.homes.workloads()) this.#release(workload, nowSeconds);
    if (this.#isLeader) this.#recorder.prune(nowSeconds);
  }

  /** Forgives the incidents of a host, or of one of its devices; returns how many there were. */
  forgive(host: HostId, asked: ForgivenessAsked, nowSeconds: number): number {
    return this.#isLeader ? this.#recorder.forgive(host, asked, nowSeconds) : 0;
  }

  /** For each row of the catalogue: on how many nodes it stands now, and how often it was seen to begin. */
  sightings(): ReturnType<HostRecorder['sightings']> {
    return this.#recorder.sightings();
  }

  /** Two Nodes at once are two machines, whatever they say: the one that was there keeps what happened to it. */
  #rehost(node: NodeFacts, nowSeconds: number): void {
    this.#deps.cluster.setNode(node);
    this.#reconcile(node, nowSeconds);
    this.#touched(node.name);
  }

  #reconcile(node: NodeFacts, nowSeconds: number): void {
    if (this.#isLeader) this.#recorder.reconcile(node, nowSeconds);
  }

  #touched(node: string | undefined): void {
    for (const listener of this.#listeners) listener.touched?.(node);
  }

  #release(workload: string, nowSeconds: number): void {
    const bound = this.#deps.cluster.boundOf(workload);
    this.homes.release(
      workload,
      (departure) => this.#isWanted(departure, nowSeconds),
      this.owners.missing(workload, bound),
    );
  }

  #findBinding({ previous, pod, isListed, nowSeconds }: PodChange): void {
    if (pod.node === undefined || previous?.node !== undefined || hasLeft(pod)) return;
    const first = isListed ? 'listed' : 'named';
    const seen = previous === undefined ? first : 'waited';
    for (const listener of this.#listeners) listener.bound?.(pod, nowSeconds, seen);
    const back = this.homes.returned(pod.slot, pod.node);
    if (back !== undefined) this.#arriving.set(pod.uid, back);
  }

  /** What a pod waits for on its node, and what has run there. */
  #findPulls({ previous, pod, nowSeconds }: PodChange): void {
    const { cluster } = this.#deps;
    const node = pod.node === undefined ? undefined : cluster.node(pod.node);
    if (node === undefined) return;
    const isWaiting = pod.ran.length === 0 && !hasLeft(pod);
    if (isWaiting && previous?.node === undefined) this.pulls.bound(pod, node, nowSeconds);
    this.pulls.changed(pod, hasLeft(pod));
    cluster.images.ranOn(node, pod, nowSeconds);
  }

  /**
   * A pod that never ran where it was bound has not come back: its slot is away as before. A node that refused it, or
   * could not start it, is its home no more.
   */
  #findArrival({ pod, nowSeconds }: PodChange): void {
    const back = this.#arriving.get(pod.uid);
    if (back === undefined || (pod.phase === 'Pending' && !pod.isTerminating)) return;
    this.#arriving.delete(pod.uid);
    const neverRan = pod.phase === 'Pending' || isRejection(pod) || neverStarted(pod);
    if (!neverRan) return;
    if (back.node === pod.node && this.#wasTurnedAway(pod)) this.#recorder.dropHome(back);
    else if (this.#isWanted(back, nowSeconds)) this.homes.left(back);
  }

  /** Whether the node itself was the reason why the pod did not start there. */
  #wasTurnedAway(pod: PodFacts): boolean {
    if (neverStarted(pod)) return true;
    if (pod.statusReason !== 'UnexpectedAdmissionError') return false;
    const { cluster } = this.#deps;
    const node = cluster.node(pod.node ?? '');
    return node !== undefined && !isSchedulingRace(pod, node, cluster.holding(node.name));
  }

  /** Every replica keeps the homes, whoever records the history. */
  #findDeparture(change: PodChange): void {
    const found = departureIn(change, this.#deps.cluster);
    if (found === undefined) return;
    const { departure, comesBack } = found;
    for (const listener of this.#listeners) listener.departed?.(departure, change.pod);
    const { cause, slot } = departure;
    if (cause === 'completed') this.runs.completed(slot.workload, departure);
    if (cause !== 'device fault') this.runs.left(slot.workload, departure);
    if (comesBack && this.#isWanted(departure, change.nowSeconds)) this.homes.left(departure);
  }

  /** Whether the owner of a slot wants it back, as far as anybody knows. */
  #isWanted({ slot }: Departure, nowSeconds: number): boolean {
    return this.owners.want(slot, this.#deps.cluster.boundOf(slot.workload), nowSeconds);
  }

  /** The leader records a moment at once; the others keep it for a minute, in case they have to take over. */
  #recordOrKeep(atSeconds: number, facts: object, record: () => void): void {
    if (this.#isLeader) record();
    else this.#missed.add(atSeconds, facts, record);
  }
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
