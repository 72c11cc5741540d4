import type { Slot } from '../../webhook/words/workload.ts';

/** What the object that owns a workload wants of it now. */
export interface OwnerFacts {
  /** `namespace/Kind/name`, as slots name it. */
  readonly workload: string;
  /** Why it wants none of its slots any more; absent while it wants some. */
  readonly isOver?: 'complete' | 'failed' | 'suspended';
  /** How many pods it wants at once; absent where that does not bound its slots. */
  readonly replicas?: number;
  /** Numbered slots that it wants: from this one, below that one. */
  readonly slots?: { readonly from: number; readonly below: number };
  /** Numbered slots that are done or have failed for good, from and to, in order. */
  readonly doneSlots?: readonly (readonly [number, number])[];
}

/**
 * Whether an owner still wants this slot's slotNumber. `bound` is how many of its pods hold a node now: of
 * interchangeable ones those that are missing are wanted.
 */
export function isWanted(owner: OwnerFacts, slot: Slot, bound: number): boolean {
  if (owner.isOver !== undefined) return false;
  if (slot.interchangeable) return owner.replicas === undefined || bound < owner.replicas;
  const slotNumber = slotNumberOf(slot, owner);
  if (slotNumber === undefined) return true;
  if (owner.slots !== undefined) {
    const { from, below } = owner.slots;
    if (slotNumber < from || slotNumber >= below) return false;
  }
  return !isIn(owner.doneSlots ?? [], slotNumber);
}

/** The outermost number of the slot's slotNumber: the index, ordinal or group that the owner counts. */
function slotNumberOf({ key, isNamed }: Slot, { workload }: OwnerFacts): number | undefined {
  if (isNamed === true) return undefined;
  const slotNumber = /^(?:.*-)?(\d+)(?:\.\d+)?$/.exec(key.slice(workload.length + 1))?.[1];
  return slotNumber === undefined ? undefined : Number(slotNumber);
}

function isIn(intervals: readonly (readonly [number, number])[], slotNumber: number): boolean {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = intervals[middle] as readonly [number, number];
    if (slotNumber < from) high = middle - 1;
    else if (slotNumber > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** Indexes as the Job controller writes them (`1,3-5,7`), in order. */
export function intervalsOf(...texts: readonly string[]): readonly (readonly [number, number])[] {
  return texts
    .flatMap((text) => text.split(','))
    .filter((interval) => /^\d+(-\d+)?$/.test(interval))
    .map((interval): readonly [number, number] => {
      const [from = 0, to = from] = interval.split('-').map(Number);
      return [from, to];
    })
    .sort(([a], [b]) => a - b);
}
