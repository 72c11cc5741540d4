import { holdsDevices, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Endings } from './endings.ts';

/** What a pod needs of a node; a claim is taken to be for one device of those that the node publishes. */
type Amounts = ReadonlyMap<string, number>;
const CLAIMS = 'claims';

/**
 * Who holds the devices of each node now, who will once the leaving have left, and for whom a nomination keeps them.
 * The sum never exceeds what a node has: a nomination beyond it would keep others out for nothing.
 */
export class Ledger {
  readonly #cluster: Cluster;
  readonly #devices: Snapshot['devices'];
  readonly #lingering: ReadonlyMap<string, readonly PodFacts[]>;
  /** By node: pods that a nomination keeps devices for, by uid. */
  readonly #held = new Map<string, Map<string, PodFacts>>();

  constructor(
    { cluster, devices, nowSeconds }: Pick<Snapshot, 'cluster' | 'devices' | 'nowSeconds'>,
    endings: Endings,
  ) {
    this.#cluster = cluster;
    this.#devices = devices;
    this.#lingering = endings.lingering(nowSeconds);
  }

  hold(pod: PodFacts, node: string): void {
    const on = this.#held.get(node) ?? new Map<string, PodFacts>();
    this.#held.set(node, on.set(pod.uid, pod));
  }

  release(uid: string, node: string): void {
    this.#held.get(node)?.delete(uid);
  }

  /** Pods that a nomination keeps devices of the node for. */
  heldOn(node: string): Iterable<PodFacts> {
    return this.#held.get(node)?.values() ?? [];
  }

  /** Whether all of the pod fits on the node once those that are leaving have left. */
  fitsLater(pod: PodFacts, node: NodeFacts, isLeaving: (holder: PodFacts) => boolean): boolean {
    const staying = [...this.#cluster.holding(node.name)].filter((holder) => !isLeaving(holder));
    return this.#fits(pod, node, [...staying, ...this.heldOn(node.name)]);
  }

  /** Whether it fits now, as far as devices are truly free. */
  fitsNow(pod: PodFacts, node: NodeFacts): boolean {
    return this.#fits(pod, node, this.#heldNow(node));
  }

  /** Whether a scheduler would place it there now: to it, every nomination takes devices beside those that are held. */
  isPlaceable(pod: PodFacts, node: NodeFacts): boolean {
    return this.#fits(pod, node, [...this.#heldNow(node), ...this.heldOn(node.name)]);
  }

  #heldNow({ name }: NodeFacts): readonly PodFacts[] {
    return [...this.#cluster.holding(name), ...(this.#lingering.get(name) ?? [])];
  }

  #fits(pod: PodFacts, node: NodeFacts, holders: readonly PodFacts[]): boolean {
    const asked = amountsOf(pod);
    const used = new Map<string, number>();
    for (const holder of holders) {
      if (holder.uid === pod.uid) continue;
      for (const [what, count] of amountsOf(holder)) used.set(what, (used.get(what) ?? 0) + count);
    }
    return asked
      .entries()
      .every(([what, count]) => (used.get(what) ?? 0) + count <= this.#capacity(node, what));
  }

  #capacity({ name, devices }: NodeFacts, what: string): number {
    if (what === CLAIMS) return this.#devices.seen(name).length;
    return devices.get(what)?.allocatable ?? 0;
  }
}

function amountsOf({ devices: { resources, claims } }: PodFacts): Amounts {
  return new Map([
    ...resources.map(({ resource, count }) => [resource, count] as const),
    ...(claims.length === 0 ? [] : [[CLAIMS, claims.length] as const]),
  ]);
}

/** Devices and claims that a pod asks for, as one number. */
export function devicesAskedBy(pod: PodFacts): number {
  return amountsOf(pod)
    .values()
    .reduce((sum, count) => sum + count, 0);
}

/** Whether the pod is on its way out. */
export function isEnding(pod: PodFacts): boolean {
  return pod.isTerminating || !holdsDevices(pod);
}
