import type { Logger } from 'pino';
import { briefly, httpStatusOf } from '../../certs/cluster/api-error.ts';

export interface ReconcilerDeps {
  readonly isLeader: () => boolean;
  /** What to write where the rights are missing, and nodes are not to be labelled. */
  readonly off: string;
  /** Nodes changed in a round: whatever goes wrong, a fleet is not repainted in a moment. */
  readonly mostChanges: number;
  readonly log: Logger;
}

/** What is to be done to a node. */
interface Change {
  readonly name: string;
}

/**
 * Changes nodes to what is planned, in rounds, one at a time, by the leader. A node that cannot be changed holds up none
 * of the others; a problem is logged once.
 */
export class NodeReconciler {
  readonly #deps: ReconcilerDeps;
  /** Nodes that could not be changed at the last try. */
  #failing = new Set<string>();
  #isBusy = false;
  #logged = '';

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  /** Writes what is planned now, one node after the other, as many as a round may change. */
  async round<Planned extends Change>(
    plan: () => readonly Planned[],
    write: (change: Planned) => Promise<void>,
  ): Promise<void> {
    if (this.#isBusy || !this.#deps.isLeader()) return;
    this.#isBusy = true;
    try {
      this.#logProblem(await this.#carryOut(plan(), write));
    } catch (error) {
      this.#logProblem(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Gives the first problem. Goes on with the others after one that failed, unless nothing of the kind is allowed. */
  async #carryOut<Planned extends Change>(
    planned: readonly Planned[],
    write: (change: Planned) => Promise<void>,
  ): Promise<unknown> {
    const byName = new Map(planned.map((change) => [change.name, change]));
    this.#failing = new Set([...this.#failing].filter((name) => byName.has(name)));
    // Last, or the first few that fail would take all changes of each round.
    const inOrder = [
      ...planned.filter(({ name }) => !this.#failing.has(name)),
      ...[...this.#failing].flatMap((name) => byName.get(name) ?? []),
    ];
    let first: unknown;
    for (const change of inOrder.slice(0, this.#deps.mostChanges)) {
      try {
        await write(change);
        this.#failing.delete(change.name);
      } catch (error) {
        // Behind those that have failed before it: each gets its turn.
        this.#failing.delete(change.name);
        this.#failing.add(change.name);
        first ??= error;
        if (httpStatusOf(first) === FORBIDDEN) break;
      }
    }
    return first;
  }

  #logProblem(problem: unknown): void {
    const words = problem === undefined ? '' : this.#inWords(problem);
    if (words !== '' && words !== this.#logged) this.#deps.log.error(words);
    this.#logged = words;
  }

  #inWords(problem: unknown): string {
    return httpStatusOf(problem) === FORBIDDEN
      ? `we may not label nodes (403); apply the component hints of the manifests, or set ${this.#deps.off} in extender.yaml`
      : `a node could not be labelled (${briefly(problem)}); it is tried again`;
  }
}

const FORBIDDEN = 403;
