import type { Logger } from 'pino';

export interface MarkingDeps {
  readonly isLeader: () => boolean;
  /** What to write where the rights are missing, and nodes are not to be marked. */
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
 * Rounds of marking nodes: one at a time, by the replica that keeps the history. A node that cannot be marked keeps
 * none of the others from it; what goes wrong is said once.
 */
export class Marking {
  readonly #deps: MarkingDeps;
  /** Nodes that could not be marked when that was tried last. */
  #failing = new Set<string>();
  #isBusy = false;
  #said = '';

  constructor(deps: MarkingDeps) {
    this.#deps = deps;
  }

  /** One after the other, as much of what is planned now as a round may change. */
  async round<Planned extends Change>(
    plan: () => readonly Planned[],
    mark: (change: Planned) => Promise<void>,
  ): Promise<void> {
    if (this.#isBusy || !this.#deps.isLeader()) return;
    this.#isBusy = true;
    try {
      this.#say(await this.#carryOut(plan(), mark));
    } catch (error) {
      this.#say(error as Problem);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Gives the first problem. Goes on with the others after one that failed, unless nothing of the kind is allowed. */
  async #carryOut<Planned extends Change>(
    planned: readonly Planned[],
    mark: (change: Planned) => Promise<void>,
  ): Promise<Problem | undefined> {
    const byName = new Map(planned.map((change) => [change.name, change]));
    this.#failing = new Set([...this.#failing].filter((name) => byName.has(name)));
    // Last, or the first few that fail would take all changes of each round.
    const inOrder = [
      ...planned.filter(({ name }) => !this.#failing.has(name)),
      ...[...this.#failing].flatMap((name) => byName.get(name) ?? []),
    ];
    let first: Problem | undefined;
    for (const change of inOrder.slice(0, this.#deps.mostChanges)) {
      try {
        await mark(change);
        this.#failing.delete(change.name);
      } catch (error) {
        // Behind those that have failed before it: each gets its turn.
        this.#failing.delete(change.name);
        this.#failing.add(change.name);
        first ??= error as Problem;
        if (first.code === FORBIDDEN) break;
      }
    }
    return first;
  }

  #say(problem: Problem | undefined): void {
    const words = problem === undefined ? '' : this.#inWords(problem);
    if (words !== '' && words !== this.#said) this.#deps.log.error(words);
    this.#said = words;
  }

  #inWords({ code, message }: Problem): string {
    return code === FORBIDDEN
      ? `we may not mark nodes (403); apply the component hints of the manifests, or set ${this.#deps.off} in extender.yaml`
      : `a node could not be marked (${code ?? message}); it is tried again`;
  }
}

interface Problem {
  readonly code?: number;
  readonly message?: string;
}

const FORBIDDEN = 403;
