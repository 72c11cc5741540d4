import type { Logger } from 'pino';

export interface MarkingDeps {
  readonly isKeeping: () => boolean;
  /** What to write where the rights are missing, and nodes are not to be marked. */
  readonly off: string;
  readonly log: Logger;
}

/**
 * Rounds of marking nodes: one at a time, by the replica that keeps the history. A node that cannot be marked keeps
 * none of the others from it; what goes wrong is said once.
 */
export class Marking {
  readonly #deps: MarkingDeps;
  #isBusy = false;
  #said = '';

  constructor(deps: MarkingDeps) {
    this.#deps = deps;
  }

  /** One after the other, what is planned now. */
  async round<Change>(
    plan: () => readonly Change[],
    mark: (change: Change) => Promise<void>,
  ): Promise<void> {
    if (this.#isBusy || !this.#deps.isKeeping()) return;
    this.#isBusy = true;
    try {
      this.#say(await firstProblem(plan(), mark));
    } catch (error) {
      this.#say(error as Problem);
    } finally {
      this.#isBusy = false;
    }
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

/** Goes on with the others after one that failed, unless nothing of the kind is allowed. */
async function firstProblem<Change>(
  changes: readonly Change[],
  mark: (change: Change) => Promise<void>,
): Promise<Problem | undefined> {
  let first: Problem | undefined;
  for (const change of changes) {
    try {
      await mark(change);
    } catch (error) {
      first ??= error as Problem;
      if (first.code === FORBIDDEN) return first;
    }
  }
  return first;
}
