import type { Slot } from '../webhook/words/workload.ts';
import { isWanted, type OwnerFacts } from './history/wanted.ts';

/** An owner and its uid: one of the same name may follow it. */
export type KnownOwner = OwnerFacts & { readonly uid: string };

/** The objects that own workloads, as far as they are watched. */
export class Owners {
  readonly #byWorkload = new Map<string, KnownOwner>();
  readonly #workloadOf = new Map<string, string>();
  /** Kinds of which every object is known. */
  readonly #known = new Set<string>();

  /** From now on an owner of this kind that is not here does not exist. */
  allKnown(kind: string): void {
    this.#known.add(kind);
  }

  set(owner: KnownOwner): void {
    this.#byWorkload.set(owner.workload, owner);
    this.#workloadOf.set(owner.uid, owner.workload);
  }

  /** Gives the workload whose owner is gone; nothing where one of its name has come since. */
  remove(uid: string): string | undefined {
    const workload = this.#workloadOf.get(uid);
    if (workload === undefined) return undefined;
    this.#workloadOf.delete(uid);
    if (this.#byWorkload.get(workload)?.uid !== uid) return undefined;
    this.#byWorkload.delete(workload);
    return workload;
  }

  /** Whether the slot's owner wants its place, as far as anybody knows; `bound` of its pods have a node. */
  want(slot: Slot, bound: number): boolean {
    const owner = this.#byWorkload.get(slot.workload);
    if (owner !== undefined) return isWanted(owner, slot, bound);
    return !this.#known.has(kindOf(slot));
  }
}

function kindOf({ workload }: Slot): string {
  return workload.split('/')[1] ?? '';
}
