import type { Logger } from 'pino';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import { withBusyDaysAtEnd } from '../hazard/host-life.ts';
import { busyShare, withWork, workedSeconds } from '../history/exposure.ts';
import {
  blankHistory,
  bounded,
  type HostHistory,
  hostSinceSeconds,
  type IgnoredBecause,
  united,
  withIgnored,
} from '../history/host-history.ts';
import { type Incident, incidentWeight, isOpen, withoutReports } from '../history/incident.ts';
import { type Outcome, reconcileFindings, type Waiting, withMoment } from '../history/intake.ts';
import { NamespaceBudget, withForgeable, withProven } from '../history/trust.ts';
import type { Departure } from '../homes/departure.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import type { HostId } from '../signals/identity.ts';
import type { Signal } from '../signals/signal.ts';
import { busyDaysOf, busyDaysOn, hostSize } from '../state/busy-days.ts';
import type { Cluster } from '../state/cluster.ts';
import type { HistoryStore } from '../storage/store.ts';
import { CommonCauses } from './common-causes.ts';
import { expiryOf } from './expiry.ts';
import { type ForgivenessAsked, withForgiven } from './forgiveness.ts';
import type { StandingFindings } from './standing-findings.ts';

/** What became of a sign. */
export type SignalOutcome = Outcome['outcome'] | 'corroborates';

export interface HostRecorderDeps {
  readonly cluster: Cluster;
  readonly store: HistoryStore;
  readonly catalogue: () => Catalogue;
  readonly onSignal: (row: string, outcome: SignalOutcome) => void;
  readonly log: Logger;
}

const SECONDS_PER_DAY = 86_400;
const NO_WAITING: ReadonlyMap<string, Waiting> = new Map();

/** Writes what findings, signals and departures mean into the history of their host. */
export class HostRecorder {
  readonly #deps: HostRecorderDeps;
  readonly #commonCauses: CommonCauses;
  readonly #standing: StandingFindings;
  readonly #budget = new NamespaceBudget();
  /** Findings that do not count yet. */
  readonly #waiting = new Map<HostId, ReadonlyMap<string, Waiting>>();
  /** Signals that only tenants have given so far. */
  readonly #unproven = new Map<HostId, readonly Signal[]>();
  /** Hosts whose findings were compared before. */
  readonly #looked = new Set<HostId>();
  readonly #rackDisturbedAtSeconds = new Map<string, number>();
  /** How often each row was seen: as a moment, or as a state that began. */
  readonly #times = new Map<string, number>();
  /** When each device was first seen in any host. */
  readonly #firstSeenSeconds = new Map<string, number>();

  constructor(deps: HostRecorderDeps, standing: StandingFindings) {
    this.#deps = deps;
    this.#standing = standing;
    this.#commonCauses = new CommonCauses(deps.cluster, deps.store);
  }

  /** For each row of the catalogue: on how many nodes it stands now, and how often it was seen to begin. */
  sightings(): ReadonlyMap<string, { readonly nodes: number; readonly times: number }> {
    const nodes = this.#standing.nodesByRow();
    const names = new Set([...nodes.keys(), ...this.#times.keys()]);
    return new Map(
      [...names].map((name) => [
        name,
        { nodes: nodes.get(name) ?? 0, times: this.#times.get(name) ?? 0 },
      ]),
    );
  }

  /** Reads all stored histories; to be called before the first comparison. */
  start(): void {
    for (const history of this.#deps.store.all()) this.#note(history);
  }

  #note({ devices }: HostHistory): void {
    for (const { id, firstSeenAtSeconds } of devices) {
      if (firstSeenAtSeconds === undefined || !isUnique(id)) continue;
      const known = this.#firstSeenSeconds.get(id) ?? Number.POSITIVE_INFINITY;
      if (firstSeenAtSeconds < known) this.#firstSeenSeconds.set(id, firstSeenAtSeconds);
    }
  }

  /** Forgets what only the leader knows: another replica leads from now on. */
  stop(): void {
    this.#waiting.clear();
    this.#unproven.clear();
    this.#looked.clear();
    this.#firstSeenSeconds.clear();
  }

  /** Compares what stands about a node with what its history says is standing. */
  reconcile(node: NodeFacts, nowSeconds: number): void {
    const { store, onSignal } = this.#deps;
    if (node.sharedHost !== undefined) this.#divide(node.sharedHost, nowSeconds);
    const before = store.draft(node.host);
    const rackDisturbedAtSeconds = this.#disturbedAt(node);
    const waiting = this.#waiting.get(node.host) ?? NO_WAITING;
    const waited = new Set([...waiting.values()].map(({ finding }) => finding.row.name));
    const taken = reconcileFindings(before, {
      node,
      seen: this.#standing.devicesOn(node),
      refusalRows: this.#deps.catalogue().namesOf('pod-rejected'),
      bootSigns: this.#deps
        .catalogue()
        .of('node-boot')
        .map((row) => ({ row, worth: row.worth })),
      findings: this.#standing.on(node),
      isUnknown: (key) => this.#standing.isUnknown(node, key),
      waiting,
      ...(rackDisturbedAtSeconds !== undefined && { rackDisturbedAtSeconds }),
      owners: (device) => this.#standing.ownersOf(node, device),
      isFirst: !this.#looked.has(node.host),
      seenElsewhereAtSeconds: (device) => this.#firstSeenSeconds.get(device),
      busyDays: this.#busyDays(node.host, nowSeconds),
      nowSeconds,
    });
    this.#looked.add(node.host);
    if (taken.waiting.size === 0) this.#waiting.delete(node.host);
    else this.#waiting.set(node.host, taken.waiting);
    if (taken.history.boot?.id !== before.boot?.id && before.boot !== undefined) {
      this.disturb(node, nowSeconds);
    }
    for (const { row, outcome } of taken.outcomes) {
      onSignal(row, outcome);
      // A finding that waited before it counted was seen once, not twice.
      if (outcome === 'waiting' || (outcome === 'counted' && !waited.has(row))) this.#count(row);
    }
    this.#keepChange(node, before, taken.history, nowSeconds);
  }

  /**
   * Two Nodes have this identity. Its history goes to the Node that it was last about, and a mark stays, so that it is
   * nobody's after a restart either.
   */
  #divide(host: HostId, nowSeconds: number): void {
    const { store, cluster } = this.#deps;
    const before = store.draft(host);
    if (before.sharedAtSeconds !== undefined) return;
    const heir = cluster.node(before.node);
    if (heir?.sharedHost !== host) {
      this.#write({ ...before, sharedAtSeconds: nowSeconds }, nowSeconds);
      return;
    }
    const own = store.draft(heir.host);
    const moved = { ...before, host: heir.host };
    this.#write(own.node === '' ? moved : united(own, moved), nowSeconds);
    this.#write({ ...blankHistory(host), sharedAtSeconds: nowSeconds }, nowSeconds);
    this.#forget(host);
    this.#deps.log.warn(
      { host, node: heir.name },
      'two Nodes give one machine as theirs; each of them is taken for a machine of its own from now on',
    );
  }

  /** Forgets what only the leader knows of a host. */
  #forget(host: HostId): void {
    this.#waiting.delete(host);
    this.#unproven.delete(host);
    this.#looked.delete(host);
  }

  /** A signal that the platform has written. */
  recordTrusted(node: NodeFacts, signal: Signal, nowSeconds: number): void {
    this.#count(signal.row);
    const before = this.#deps.store.draft(node.host);
    const owners = this.#standing.ownersOf(node, signal.device);
    const { history, outcome } = withMoment(before, signal, owners, this.#disturbedAt(node));
    this.#deps.onSignal(outcome.row, outcome.outcome);
    this.#keepChange(node, before, history, nowSeconds);
  }

  /** A signal that a tenant may have written. */
  recordUntrusted(node: NodeFacts, signal: Signal, nowSeconds: number): void {
    this.#count(signal.row);
    const before = this.#deps.store.draft(node.host);
    const unproven = this.#unproven.get(node.host) ?? [];
    const taken = withForgeable(before, unproven, signal, this.#budget);
    this.#unproven.set(node.host, taken.unproven);
    this.#deps.onSignal(signal.row, taken.outcome);
    this.#keepChange(node, before, taken.history, nowSeconds);
  }

  /** Something that looked like a fault and is none. */
  recordIgnored(
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
      this.#commonCauses.add(node, incident, nowSeconds);
    }
  }

  #count(row: string): void {
    this.#times.set(row, (this.#times.get(row) ?? 0) + 1);
  }

  /** A host of the rack has booted or gone away: links have two ends. */
  disturb({ rack }: NodeFacts, nowSeconds: number): void {
    if (rack !== undefined) this.#rackDisturbedAtSeconds.set(rack, nowSeconds);
  }

  #disturbedAt({ rack }: NodeFacts): number | undefined {
    return rack === undefined ? undefined : this.#rackDisturbedAtSeconds.get(rack);
  }

  #write(history: HostHistory, nowSeconds: number): void {
    const before = this.#deps.store.draft(history.host);
    if (history.devices !== before.devices) this.#note(history);
    const incidents = this.#withBusyDaysAtEnd(history, before.incidents, nowSeconds);
    this.#deps.store.put(bounded({ ...history, incidents }, nowSeconds));
  }

  #withBusyDaysAtEnd(
    { host, incidents, exposure }: HostHistory,
    before: readonly Incident[],
    nowSeconds: number,
  ): readonly Incident[] {
    if (incidents === before) return incidents;
    return withBusyDaysAtEnd(
      incidents,
      before,
      Math.max(exposure.busyDays, this.#busyDays(host, nowSeconds)),
    );
  }

  #busyDays(host: HostId, nowSeconds: number): number {
    const { cluster, store } = this.#deps;
    return busyDaysOf(store.draft(host), cluster, nowSeconds);
  }

  /** A slot has left the node: its work proves the devices, and its home may be there. */
  recordDeparture(
    node: NodeFacts,
    departure: Departure,
    comesBack: boolean,
    nowSeconds: number,
  ): void {
    const history = this.#deps.store.draft(node.host);
    const { atSeconds, ranSeconds } = departure;
    const share = busyShare(departure.devices, hostSize(node, history));
    const worked = workedSeconds(history.exposure, atSeconds - ranSeconds, atSeconds);
    const exposure = withWork(history.exposure, share, worked, atSeconds);
    const mostDays = (nowSeconds - hostSinceSeconds(node, history, nowSeconds)) / SECONDS_PER_DAY;
    this.#write(
      {
        ...history,
        exposure: {
          ...exposure,
          busyDays: Math.max(history.exposure.busyDays, Math.min(exposure.busyDays, mostDays)),
        },
        departures: comesBack ? [...history.departures, departure] : history.departures,
        counted: [...history.counted, { uid: departure.podUid, atSeconds: departure.atSeconds }],
      },
      nowSeconds,
    );
  }

  /** The node of this departure is not its slot's home any more, also after a restart of ours. */
  dropHome({ podUid, node: name, atSeconds }: Departure): void {
    const node = this.#deps.cluster.node(name);
    if (node === undefined) return;
    const history = this.#deps.store.draft(node.host);
    const departures = history.departures.filter((one) => one.podUid !== podUid);
    if (departures.length === history.departures.length) return;
    this.#write({ ...history, departures }, atSeconds);
  }

  /** True when the pod's end is in the history already. */
  isCounted({ host }: NodeFacts, { uid, endedAtSeconds }: PodFacts): boolean {
    const { counted, countedThroughSeconds = 0 } = this.#deps.store.draft(host);
    if (counted.some((one) => one.uid === uid)) return true;
    return endedAtSeconds !== undefined && endedAtSeconds <= countedThroughSeconds;
  }

  /** The Node is gone: nothing reports on its host any more. */
  nodeGone(node: NodeFacts, nowSeconds: number): void {
    const { host } = node;
    this.#forget(host);
    const { store, cluster } = this.#deps;
    const before = store.draft(host);
    const busyDays = busyDaysOn(node, before, cluster, nowSeconds);
    const hasWorked = busyDays > before.exposure.busyDays;
    if (!hasWorked && !before.incidents.some(isOpen)) return;
    // Its pods will vanish without their ends being seen, so their work up to now is added.
    const exposure = hasWorked
      ? { ...before.exposure, busyDays, atSeconds: nowSeconds, foldedAtSeconds: nowSeconds }
      : before.exposure;
    const incidents = withoutReports(before.incidents, nowSeconds);
    this.#write({ ...before, exposure, incidents }, nowSeconds);
  }

  /** Counts findings that have waited long enough, and looks for common causes. To be called about every second. */
  tick(nowSeconds: number): void {
    for (const changed of this.#commonCauses.settle(nowSeconds)) this.#write(changed, nowSeconds);
    const { cluster } = this.#deps;
    for (const [host, waiting] of this.#waiting) {
      const isDue = waiting.values().some(({ dueSeconds }) => dueSeconds <= nowSeconds);
      const node = isDue ? cluster.onHost(host) : undefined;
      if (node !== undefined) this.reconcile(node, nowSeconds);
    }
  }

  /** Drops homes that have ended, and hosts that are gone for good. */
  prune(nowSeconds: number): void {
    const { cluster, store } = this.#deps;
    const present = new Set(
      [...cluster.nodes()].flatMap(({ host, sharedHost = host }) => [host, sharedHost]),
    );
    const { shortened, forgotten } = expiryOf(store, present, nowSeconds);
    for (const history of shortened) this.#write(history, nowSeconds);
    for (const host of forgotten) store.remove(host);
    this.#firstSeenSeconds.clear();
    this.start();
  }

  /** Forgives the incidents of a host, or of one of its devices; returns how many there were. */
  forgive(host: HostId, asked: ForgivenessAsked, nowSeconds: number): number {
    const { history, forgiven } = withForgiven(this.#deps.store.draft(host), asked, nowSeconds);
    if (forgiven > 0) this.#write(history, nowSeconds);
    return forgiven;
  }
}

/** Whether an id names one device in the world: it has a UUID. `card0-0` exists on every host. */
function isUnique(device: string): boolean {
  return /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.test(device);
}
