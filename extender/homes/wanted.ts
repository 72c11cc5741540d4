import type { Slot } from '../../webhook/words/workload.ts';

/** What the object that owns a workload wants of it now. */
export interface OwnerFacts {
  /** `namespace/Kind/name`, as slots name it. */
  readonly workload: string;
  /** Why it wants none of its places any more; absent while it wants some. */
  readonly isOver?: 'complete' | 'failed' | 'suspended';
  /** How many pods it wants at once; absent where that does not bound its places. */
  readonly replicas?: number;
  /** Numbered places that it wants: from this one, below that one. */
  readonly places?: { readonly from: number; readonly below: number };
  /** Numbered places that are done or have failed for good, from and to, in order. */
  readonly donePlaces?: readonly (readonly [number, number])[];
}

/**
 * Whether an owner still wants this slot's place. `bound` is how many of its pods hold a node now: of
 * interchangeable ones those that are missing are wanted.
 */
export function isWanted(owner: OwnerFacts, slot: Slot, bound: number): boolean {
  if (owner.isOver !== undefined) return false;
  if (slot.interchangeable) return owner.replicas === undefined || bound < owner.replicas;
  const place = placeOf(slot, owner);
  if (place === undefined) return true;
  if (owner.places !== undefined) {
    const { from, below } = owner.places;
    if (place < from || place >= below) return false;
  }
  return !isIn(owner.donePlaces ?? [], place);
}

/** The outermost number of the slot's place: the index, ordinal or group that the owner counts. */
function placeOf({ key, isNamed }: Slot, { workload }: OwnerFacts): number | undefined {
  if (isNamed === true) return undefined;
  const place = /^(?:.*-)?(\d+)(?:\.\d+)?$/.exec(key.slice(workload.length + 1))?.[1];
  return place === undefined ? undefined : Number(place);
}

function isIn(intervals: readonly (readonly [number, number])[], place: number): boolean {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = intervals[middle] as readonly [number, number];
    if (place < from) high = middle - 1;
    else if (place > to) low = middle + 1;
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
