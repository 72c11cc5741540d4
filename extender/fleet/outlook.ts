import type { Pod } from '../../webhook/words/pod.ts';
import type { Faults } from './faults.ts';
import type { Kubelets } from './kubelet.ts';
import type { Ledger } from './ledger.ts';
import type { Objects } from './objects.ts';
import { type FleetNode, GPUS_PER_NODE, RACK_LABEL } from './racks.ts';
import type { WorkloadEntry } from './script.ts';
import type { Timeline } from './timeline.ts';
import { slowdownOn, type Topology } from './topology.ts';
import type { Workload } from './workload.ts';

const SECONDS_PER_DAY = 86_400;
/** How often the places that are held are looked at. Faults and placements move in hours. */
const LOOK_SECONDS = 300;

export interface OutlookDeps {
  readonly timeline: Timeline;
  readonly nodes: Objects<FleetNode>;
  readonly pods: Objects<Pod>;
  readonly kubelets: Kubelets;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly topology: Topology;
}

/** A running pod's place. */
interface Place {
  readonly node: string;
  readonly slots: readonly number[];
  readonly sinceSeconds: number;
}

/**
 * What jobs must expect where they are, by the fleet's true rates: whatever then happens is chance, and one restart of one
 * large job more or less hides everything else. Announced work is left out: no place has less of it.
 */
export class Outlook {
  readonly #deps: OutlookDeps;
  /** By name: the node's index, by which it is in its domains. */
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #rackOf: ReadonlyMap<string, string>;
  /** Device-seconds of work that faults must be expected to undo. */
  workSeconds = 0;
  /** Device-seconds that groups lose by being in more domains than they have to be. */
  slowdownSeconds = 0;
  /** By group: racks that it was in, summed over the looks at it, and how many those were. */
  readonly racks = new Map<string, { sum: number; looks: number }>();
  /** Nodes with all devices working and free, summed over the looks. */
  #wholeFree = 0;
  #looks = 0;

  constructor(deps: OutlookDeps) {
    this.#deps = deps;
    const nodes = [...deps.nodes.all()];
    this.#indexOf = new Map(nodes.map(({ metadata: { name = '' } }, index) => [name, index]));
    this.#rackOf = new Map(
      nodes.map(({ metadata: { name = '', labels = {} } }) => [name, labels[RACK_LABEL] ?? name]),
    );
    this.#lookAgain();
  }

  /** Nodes that are free as a whole, on average. */
  get wholeFreeNodes(): number {
    return this.#wholeFree / Math.max(1, this.#looks);
  }

  #lookAgain(): void {
    this.#deps.timeline.after(LOOK_SECONDS, () => {
      this.#look();
      this.#lookAgain();
    });
  }

  #look(): void {
    this.#looks += 1;
    this.#wholeFree += this.#indexOf
      .keys()
      .reduce((sum, node) => sum + (this.#isWhole(node) ? 1 : 0), 0);
    for (const workload of this.#deps.workloads.values()) {
      if (workload.entry.kind === 'group') this.#addGroup(workload);
      if (workload.entry.kind === 'jobs') {
        for (const place of this.#placesOf(workload)) {
          this.#addWork(workload.entry, 1, [place], place.sinceSeconds);
        }
      }
    }
  }

  #isWhole(node: string): boolean {
    const { kubelets } = this.#deps;
    return kubelets.isReachable(node) && kubelets.devices(node).every(isFreeAndWorking);
  }

  /** A group that is not complete does not work, so there is nothing to undo. */
  #addGroup(workload: Workload): void {
    const { entry } = workload;
    const upSinceSeconds = this.#deps.ledger.upSinceSeconds(entry.name);
    if (upSinceSeconds === undefined) return;
    const places = this.#placesOf(workload);
    if (places.length < entry.pods) return;
    this.#addWork(entry, entry.pods, places, upSinceSeconds);
    const indexes = places.map(({ node }) => this.#indexOf.get(node) ?? 0);
    const podsPerNode = Math.max(1, Math.floor(GPUS_PER_NODE / entry.gpus));
    const slowdown = slowdownOn(indexes, podsPerNode, this.#deps.topology);
    this.slowdownSeconds += entry.pods * entry.gpus * slowdown * LOOK_SECONDS;
    const known = this.racks.get(entry.name) ?? { sum: 0, looks: 0 };
    known.sum += this.#racksOf(places);
    known.looks += 1;
    this.racks.set(entry.name, known);
  }

  /**
   * Work since the last checkpoint goes with any of its places: half an interval, where there are checkpoints, also just
   * after a restart, or whoever restarts often would seem to lose less.
   */
  #addWork(
    { gpus, checkpointSeconds }: WorkloadEntry,
    pods: number,
    places: readonly Place[],
    sinceSeconds: number,
  ): void {
    const { timeline, faults } = this.#deps;
    const ran = timeline.nowSeconds - sinceSeconds;
    const undone = checkpointSeconds === undefined ? ran : checkpointSeconds / 2;
    const perDay =
      places.reduce((sum, { node, slots }) => sum + faults.perDay(node, slots), 0) +
      this.#racksOf(places) * faults.rackOutagesPerDay;
    this.workSeconds += pods * gpus * undone * perDay * (LOOK_SECONDS / SECONDS_PER_DAY);
  }

  #racksOf(places: readonly Place[]): number {
    return new Set(places.map(({ node }) => this.#rackOf.get(node))).size;
  }

  #placesOf(workload: Workload): readonly Place[] {
    const { entry } = workload;
    const { pods, kubelets, ledger } = this.#deps;
    const places: Place[] = [];
    for (let index = 0; index < entry.pods; index += 1) {
      const sinceSeconds = ledger.runningSinceSeconds(entry.name, index);
      if (sinceSeconds === undefined) continue;
      const pod = pods.get(workload.podAt(index) ?? '');
      const node = pod?.spec.nodeName;
      if (pod === undefined || !node) continue;
      const slots = kubelets
        .devices(node)
        .flatMap(({ holder, slot }) => (holder === pod.metadata.uid ? [slot] : []));
      places.push({ node, slots, sinceSeconds });
    }
    return places;
  }
}

function isFreeAndWorking({ isBroken, holder }: { isBroken: boolean; holder?: string }): boolean {
  return !isBroken && holder === undefined;
}
