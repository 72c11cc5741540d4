import type { Slot } from '../../webhook/words/workload.ts';
import type { OwnerFacts } from '../facts/owners.ts';

/**
 * Whether an owner still wants this slot. `bound` is how many of its pods hold a node now: of interchangeable slots it
 * wants as many as are missing.
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

/** The number by which the owner counts the slot: the index, ordinal or group; the outermost of several. */
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
