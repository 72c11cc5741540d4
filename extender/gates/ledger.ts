import { countAsked, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Endings } from './endings.ts';

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

  /** A claim is taken to be for one device of those that the node publishes. */
  #fits(
    { uid, devices: { resources, claims } }: PodFacts,
    node: NodeFacts,
    holders: readonly PodFacts[],
  ): boolean {
    const others = holders.filter((holder) => holder.uid !== uid);
    const sum = (countOf: (holder: PodFacts) => number) =>
      others.reduce((total, holder) => total + countOf(holder), 0);
    const claimed = () => sum((holder) => holder.devices.claims.length) + claims.length;
    return (
      resources.every(
        ({ resource, count }) =>
          sum((holder) => countAsked(holder, resource)) + count <=
          (node.devices.get(resource)?.allocatable ?? 0),
      ) &&
      (claims.length === 0 || claimed() <= this.#devices.seen(node.name).length)
    );
  }
}
