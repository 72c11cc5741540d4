import type { Slot } from '../../webhook/words/workload.ts';
import { type Departure, keepsHome } from './departure.ts';

const NOBODY: readonly Departure[] = [];

/** Which slots are away, and which node is whose home: departures, found by slot and by node. */
export class Homes {
  readonly #bySlot = new Map<string, readonly Departure[]>();
  /** By workload: the keys of its slots that are away. */
  readonly #keysOf = new Map<string, Set<string>>();
  /** In the order in which they left. A list is replaced, never altered. */
  readonly #byNode = new Map<string, readonly Departure[]>();
  /** Workloads whose owners are suspended. */
  readonly #suspended = new Set<string>();

  /** A slot has left. Completed work gives up its homes; otherwise the node it left is its home. */
  left(departure: Departure): void {
    const { key, interchangeable } = departure.slot;
    const earlier = this.#bySlot.get(key) ?? [];
    if (interchangeable) {
      if (keepsHome(departure)) this.#replace(key, [...earlier, departure]);
    } else {
      this.#replace(key, keepsHome(departure) ? [departure] : []);
    }
  }

  /**
   * A pod of the slot is bound to a node, so its slot is no longer away. Of interchangeable
   * replicas the one whose home this was is back, or else the one that has been away longest.
   * Returns the departure that this ends, for the case that the kubelet refuses the pod.
   */
  returned(slot: Slot, node: string): Departure | undefined {
    const away = this.#bySlot.get(slot.key);
    if (away === undefined) return undefined;
    const back = away.find((departure) => departure.node === node) ?? away[0];
    const stillAway = slot.interchangeable ? away.filter((departure) => departure !== back) : [];
    this.#replace(slot.key, stillAway);
    return back;
  }

  /** Departures of the slot whose node still counts as home. */
  of(slot: Slot, nowSeconds: number): readonly Departure[] {
    return this.#live(this.#bySlot.get(slot.key) ?? [], nowSeconds);
  }

  /** Whether nobody is away. */
  get isEmpty(): boolean {
    return this.#byNode.size === 0;
  }

  /** Nodes on which any slot that is away has, or had, its home. */
  nodes(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** Slots that are away and have their home on this node. */
  on(node: string, nowSeconds: number): readonly Departure[] {
    return this.#live(this.everOn(node), nowSeconds);
  }

  /** As `on`, without slots whose owners are suspended: nobody knows when those come back, so nobody spares them. */
  expectedOn(node: string, nowSeconds: number): readonly Departure[] {
    const away = this.on(node, nowSeconds);
    if (this.#suspended.size === 0) return away;
    return away.filter(({ slot }) => !this.#suspended.has(slot.workload));
  }

  /** While its owner is suspended, a slot keeps its home for itself, and others need not spare it. */
  suspend(workload: string, isSuspended: boolean): void {
    if (this.#suspended.has(workload) === isSuspended) return;
    if (isSuspended) this.#suspended.add(workload);
    else this.#suspended.delete(workload);
    // Who remembers what followed from the lists of its nodes finds new lists.
    for (const key of [...(this.#keysOf.get(workload) ?? [])]) {
      this.#replace(key, this.#bySlot.get(key) ?? []);
    }
  }

  /**
   * As `on`, with homes that have ended and were not dropped yet. Returns the same list until a slot leaves the node or
   * comes back, or its owner is suspended or resumed.
   */
  everOn(node: string): readonly Departure[] {
    return this.#byNode.get(node) ?? NOBODY;
  }

  /** Departures of a workload's slots whose nodes still count as homes; the first ones, where there are more than `most`. */
  ofWorkload(workload: string, nowSeconds: number, most: number): readonly Departure[] {
    const away: Departure[] = [];
    for (const key of this.#keysOf.get(workload) ?? []) {
      for (const departure of this.#bySlot.get(key) ?? []) {
        if (away.length === most) return away;
        if (departure.homeUntilSeconds > nowSeconds) away.push(departure);
      }
    }
    return away;
  }

  /** Whether a slot of the workload is away. */
  isAnyAway(workload: string): boolean {
    return this.#keysOf.has(workload);
  }

  /**
   * Gives up the homes of a workload that its owner does not want any more; of interchangeable ones all
   * but the newest `most`.
   */
  release(
    workload: string,
    isWanted: (departure: Departure) => boolean,
    most = Number.POSITIVE_INFINITY,
  ): void {
    for (const key of [...(this.#keysOf.get(workload) ?? [])]) {
      const away = this.#bySlot.get(key) ?? [];
      const wanted = away.filter(isWanted);
      const kept =
        wanted[0]?.slot.interchangeable === true && wanted.length > most
          ? wanted.slice(wanted.length - most)
          : wanted;
      if (kept.length < away.length) this.#replace(key, kept);
    }
  }

  /** Workloads that have a slot away. */
  workloads(): readonly string[] {
    return [...this.#keysOf.keys()];
  }

  /** Forgets homes that have ended. */
  prune(nowSeconds: number): void {
    for (const [key, away] of this.#bySlot) {
      const live = this.#live(away, nowSeconds);
      if (live.length < away.length) this.#replace(key, live);
    }
  }

  #live(departures: readonly Departure[], nowSeconds: number): readonly Departure[] {
    return departures.filter(({ homeUntilSeconds }) => homeUntilSeconds > nowSeconds);
  }

  #replace(key: string, away: readonly Departure[]): void {
    for (const departure of this.#bySlot.get(key) ?? []) {
      const others = this.everOn(departure.node).filter((other) => other !== departure);
      if (others.length === 0) this.#byNode.delete(departure.node);
      else this.#byNode.set(departure.node, others);
    }
    const workload = (this.#bySlot.get(key) ?? away)[0]?.slot.workload ?? key;
    const keys = this.#keysOf.get(workload) ?? new Set();
    if (away.length === 0) {
      this.#bySlot.delete(key);
      keys.delete(key);
    } else {
      this.#bySlot.set(key, away);
      keys.add(key);
    }
    if (keys.size === 0) this.#keysOf.delete(workload);
    else this.#keysOf.set(workload, keys);
    for (const departure of away) {
      this.#byNode.set(departure.node, [...this.everOn(departure.node), departure]);
    }
  }
}
