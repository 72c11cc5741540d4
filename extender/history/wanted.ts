import type { Slot } from '../../webhook/words/workload.ts';

/** What the object that owns a workload wants of it now. */
export interface OwnerFacts {
  /** `namespace/Kind/name`, as slots name it. */
  readonly workload: string;
  /** Why it wants none of its places any more; absent while it wants some. */
  readonly isOver?: 'complete' | 'failed' | 'suspended' | 'deleted';
  /** How many pods it wants at once; absent where that does not bound its places. */
  readonly replicas?: number;
  /** Numbered places that it wants: from this one, below that one. */
  readonly places?: { readonly from: number; readonly below: number };
  /** Numbered places that are done, such as `1,3-5`. */
  readonly donePlaces?: string;
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
  return !isIn(owner.donePlaces ?? '', place);
}

/** The outermost number of the slot's place: the index, ordinal or group that the owner counts. */
function placeOf({ key }: Slot, { workload }: OwnerFacts): number | undefined {
  const place = /^(?:.*-)?(\d+)(?:\.\d+)?$/.exec(key.slice(workload.length + 1))?.[1];
  return place === undefined ? undefined : Number(place);
}

/** As the Job controller writes indexes (`1,3-5,7`). */
function isIn(intervals: string, place: number): boolean {
  return intervals.split(',').some((interval) => {
    const [from = '', to = from] = interval.split('-');
    return from !== '' && Number(from) <= place && place <= Number(to);
  });
}
