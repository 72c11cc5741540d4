import type { Logger } from 'pino';

export interface MarkingDeps {
  readonly isKeeping: () => boolean;
  /** What to write where the rights are missing, and nodes are not to be marked. */
  readonly off: string;
  readonly log: Logger;
}

/** Rounds of marking nodes: one at a time, by the replica that keeps the history; what goes wrong is said once. */
export class Marking {
  readonly #deps: MarkingDeps;
  #isBusy = false;
  #said = '';

  constructor(deps: MarkingDeps) {
    this.#deps = deps;
  }

  async round(mark: () => Promise<void>): Promise<void> {
    if (this.#isBusy || !this.#deps.isKeeping()) return;
    this.#isBusy = true;
    try {
      await mark();
      this.#said = '';
    } catch (error) {
      const { code, message } = error as { code?: number; message?: string };
      const words =
        code === 403
          ? `we may not mark nodes (403); apply the component hints of the manifests, or set ${this.#deps.off} in extender.yaml`
          : `a node could not be marked (${code ?? message}); it is tried again`;
      if (words !== this.#said) this.#deps.log.error(words);
      this.#said = words;
    } finally {
      this.#isBusy = false;
    }
  }
}
