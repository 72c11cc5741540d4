import type { Slot } from '../../webhook/words/workload.ts';
import type { OwnerFacts } from '../facts/owners.ts';
import { isWanted } from '../homes/wanted.ts';

/** An owner and its uid: one of the same name may follow it. */
export type KnownOwner = OwnerFacts & { readonly uid: string };

/**
 * How long a deleted owner may take to be created again under its name, as controllers that restart a group do, before
 * nobody wants its slots (judgement).
 */
const ANEW_SECONDS = 60;

/** The objects that own workloads, as far as they are watched. */
export class Owners {
  readonly #byWorkload = new Map<string, KnownOwner>();
  readonly #workloadOf = new Map<string, string>();
  /** By workload: when its owner was found to be gone. */
  readonly #goneAtSeconds = new Map<string, number>();
  /** Kinds of which every object is known, and since when. */
  readonly #knownSinceSeconds = new Map<string, number>();

  /** All owners of this kind are known from now on; one that is not here does not exist. */
  allKnown(kind: string, nowSeconds: number): void {
    if (!this.#knownSinceSeconds.has(kind)) this.#knownSinceSeconds.set(kind, nowSeconds);
  }

  set(owner: KnownOwner): void {
    this.#byWorkload.set(owner.workload, owner);
    this.#workloadOf.set(owner.uid, owner.workload);
    this.#goneAtSeconds.delete(owner.workload);
  }

  /** Returns the workload that has no owner now. */
  remove(uid: string, nowSeconds: number): string | undefined {
    const workload = this.#workloadOf.get(uid);
    if (workload === undefined) return undefined;
    this.#workloadOf.delete(uid);
    if (this.#byWorkload.get(workload)?.uid !== uid) return undefined;
    this.#byWorkload.delete(workload);
    this.#goneAtSeconds.set(workload, nowSeconds);
    return workload;
  }

  /** Workloads whose owners are gone for good since the last time. */
  gone(nowSeconds: number): readonly string[] {
    const gone: string[] = [];
    for (const [workload, atSeconds] of this.#goneAtSeconds) {
      if (nowSeconds - atSeconds < ANEW_SECONDS) continue;
      this.#goneAtSeconds.delete(workload);
      gone.push(workload);
    }
    return gone;
  }

  /** Whether the owner wants the slot, as far as is known; `bound` of its pods have a node. */
  want(slot: Slot, bound: number, nowSeconds: number): boolean {
    const owner = this.#byWorkload.get(slot.workload);
    if (owner !== undefined) return isWanted(owner, slot, bound);
    const knownSinceSeconds = this.#knownSinceSeconds.get(kindOf(slot));
    if (knownSinceSeconds === undefined) return true;
    const goneAtSeconds = this.#goneAtSeconds.get(slot.workload) ?? knownSinceSeconds;
    return nowSeconds - goneAtSeconds < ANEW_SECONDS;
  }

  /** How many numbered slots an owner has; absent where nobody says. */
  slotsOf(workload: string): number | undefined {
    const slots = this.#byWorkload.get(workload)?.slots;
    return slots === undefined ? undefined : Math.max(0, slots.below - slots.from);
  }

  /** How many more of an owner's interchangeable pods are wanted; absent where nobody says. */
  missing(workload: string, bound: number): number | undefined {
    const replicas = this.#byWorkload.get(workload)?.replicas;
    return replicas === undefined ? undefined : Math.max(0, replicas - bound);
  }
}

function kindOf({ workload }: Slot): string {
  return workload.split('/')[1] ?? '';
}
