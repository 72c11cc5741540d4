import type { Pod } from '../../webhook/words/pod.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import { type GatedPod, gatedPod } from '../facts/gated.ts';

/** A pod at our gate, and since when nothing but our gate has held it. */
export interface Waiting extends GatedPod {
  /** When it was first seen without another gate, on our clock; absent where it was made so. */
  readonly aloneSinceSeconds?: number;
}

/** More pods than wait at once in any cluster seen; any tenant may make some. */
const MOST_GATED = 20_000;
/** Looked at in one plan, which takes about a tenth of a millisecond each and keeps a scheduler waiting. */
const MOST_IN_TURN = 2048;
const MOST_OF_A_NAMESPACE = 512;

/** Every pod that waits at our gate, also one that we would never have given it. */
export class GatedPods {
  readonly #byUid = new Map<string, Waiting>();
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#byUid.size;
  }

  has(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  /** How long the one that has waited longest has waited; 0 where none does. */
  oldestSeconds(nowSeconds: number): number {
    return this.all()
      .filter(({ isLastGate }) => isLastGate)
      .reduce((most, waiting) => Math.max(most, waitedSeconds(waiting, nowSeconds)), 0);
  }

  all(): IteratorObject<Waiting> {
    return this.#byUid.values();
  }

  /**
   * Those whose turn it is, so many of each namespace: whoever makes thousands holds up nobody else. Where there are more,
   * the others come next time. Pods that another gate holds, too, have no turn.
   */
  inTurn(isFree: (uid: string) => boolean): readonly Waiting[] {
    const found: Waiting[] = [];
    const ofNamespace = new Map<string, number>();
    let areMore = false;
    for (const waiting of this.#byUid.values()) {
      const { uid, namespace, isLastGate } = waiting;
      if (!isLastGate || !isFree(uid)) continue;
      const count = ofNamespace.get(namespace) ?? 0;
      if (count === MOST_OF_A_NAMESPACE || found.length === MOST_IN_TURN) {
        areMore = true;
        continue;
      }
      ofNamespace.set(namespace, count + 1);
      found.push(waiting);
    }
    if (areMore) for (const waiting of found) this.#toTheEnd(waiting);
    return found;
  }

  #toTheEnd(waiting: Waiting): void {
    this.#byUid.delete(waiting.uid);
    this.#byUid.set(waiting.uid, waiting);
  }

  /** A pod as the API server has it now. */
  seen(pod: Pod, nowSeconds: number): void {
    const gated = gatedPod(pod);
    const { uid = '' } = pod.metadata;
    if (gated === undefined) {
      this.removed(uid);
      return;
    }
    const before = this.#byUid.get(uid);
    const since = aloneSince(gated, before, nowSeconds);
    this.#byUid.set(uid, {
      ...gated,
      ...(since !== undefined && { aloneSinceSeconds: since }),
    });
    dropOldest(this.#byUid, MOST_GATED);
    this.#onChange();
  }

  /** The pod has no gate of ours any more, or is gone. */
  removed(uid: string): void {
    if (this.#byUid.delete(uid)) this.#onChange();
  }
}

function aloneSince(
  { isLastGate }: GatedPod,
  before: Waiting | undefined,
  nowSeconds: number,
): number | undefined {
  if (!isLastGate || before === undefined) return undefined;
  return before.isLastGate ? before.aloneSinceSeconds : nowSeconds;
}

/** How long our gate alone has held the pod. `clock` is what the API server's is ahead of ours, in seconds. */
export function waitedSeconds(
  { aloneSinceSeconds, createdAtSeconds }: Waiting,
  nowSeconds: number,
  clock = 0,
): number {
  const since = aloneSinceSeconds ?? createdAtSeconds - clock;
  return Math.max(0, nowSeconds - since);
}
