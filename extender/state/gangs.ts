import { gangOf } from '../../webhook/words/gang.ts';
import { holdsDevices, type PodFacts } from '../facts/facts.ts';

interface Gang {
  /** Node name to how many of its pods are there to stay. */
  readonly on: Map<string, number>;
  /** How many of its pods wait for a node. */
  waiting: number;
}

const NOWHERE: ReadonlyMap<string, number> = new Map();

/** Where the members of each gang are, counted as its pods come and go. */
export class Gangs {
  readonly #gangs = new Map<string, Gang>();

  /** Nodes that have members, and how many each has. */
  nodesOf(gang: string): ReadonlyMap<string, number> {
    return this.#gangs.get(gang)?.on ?? NOWHERE;
  }

  /** How many members wait for a node. */
  waitingOf(gang: string): number {
    return this.#gangs.get(gang)?.waiting ?? 0;
  }

  /** Counts a pod, or with -1 no longer. */
  count(pod: PodFacts, more: 1 | -1): void {
    const name = gangOf(pod.slot);
    if (name === undefined || pod.isTerminating) return;
    const gang = this.#gangs.get(name) ?? { on: new Map<string, number>(), waiting: 0 };
    if (pod.node !== undefined && holdsDevices(pod)) countOn(gang.on, pod.node, more);
    if (pod.node === undefined && pod.phase === 'Pending') gang.waiting += more;
    if (gang.on.size === 0 && gang.waiting === 0) this.#gangs.delete(name);
    else this.#gangs.set(name, gang);
  }
}

function countOn(on: Map<string, number>, node: string, more: 1 | -1): void {
  const count = (on.get(node) ?? 0) + more;
  if (count === 0) on.delete(node);
  else on.set(node, count);
}
