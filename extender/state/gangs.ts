import { gangOf } from '../../webhook/words/gang.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import { holdsDevices, type PodFacts } from '../facts/facts.ts';

interface Gang {
  /** Node name to how many of its pods are there to stay. */
  readonly on: Map<string, number>;
  /** How many of its pods wait for a node. */
  waiting: number;
}

/** Gangs of which it is remembered since when they have been there, also between two restarts. */
const MOST_REMEMBERED = 5000;

const NOWHERE: ReadonlyMap<string, number> = new Map();

/** Where the members of each gang are, counted as its pods come and go. */
export class Gangs {
  readonly #gangs = new Map<string, Gang>();
  readonly #sinceSeconds = new Map<string, number>();

  /** Nodes that have members, and how many each has. */
  nodesOf(gang: string): ReadonlyMap<string, number> {
    return this.#gangs.get(gang)?.on ?? NOWHERE;
  }

  /** How many members wait for a node. */
  waitingOf(gang: string): number {
    return this.#gangs.get(gang)?.waiting ?? 0;
  }

  /** When the oldest of its pods that were seen was created; absent for a gang that is not known. */
  sinceSeconds(gang: string): number | undefined {
    return this.#sinceSeconds.get(gang);
  }

  /** Counts a pod, or with -1 no longer. */
  count(pod: PodFacts, more: 1 | -1): void {
    const name = gangOf(pod.slot);
    if (name === undefined || pod.isTerminating) return;
    if (more === 1) this.#remember(name, pod.createdAtSeconds);
    const gang = this.#gangs.get(name) ?? { on: new Map<string, number>(), waiting: 0 };
    if (pod.node !== undefined && holdsDevices(pod)) countOn(gang.on, pod.node, more);
    if (pod.node === undefined && pod.phase === 'Pending') gang.waiting += more;
    if (gang.on.size === 0 && gang.waiting === 0) this.#gangs.delete(name);
    else this.#gangs.set(name, gang);
  }

  #remember(gang: string, createdAtSeconds: number): void {
    const known = this.#sinceSeconds.get(gang) ?? Number.POSITIVE_INFINITY;
    if (createdAtSeconds >= known) return;
    this.#sinceSeconds.set(gang, createdAtSeconds);
    dropOldest(this.#sinceSeconds, MOST_REMEMBERED);
  }
}

function countOn(on: Map<string, number>, node: string, more: 1 | -1): void {
  const count = (on.get(node) ?? 0) + more;
  if (count === 0) on.delete(node);
  else on.set(node, count);
}
