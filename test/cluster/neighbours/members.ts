import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'vitest';
import { INJECTED } from '../../../webhook/words/keys.ts';
import { eventually } from '../eventually.ts';
import { isRunning, nodeOf } from '../hand.ts';
import type { UsedBed } from '../use-bed.ts';

/** The pods of a group, by what tells one from the other. */
export type Placed = ReadonlyMap<string, V1Pod>;

export interface GroupOptions {
  /** Label selector. */
  readonly selector: string;
  readonly count: number;
  /** What tells a member from the others, also when its pod is another. */
  readonly slotOf: (pod: V1Pod) => string;
}

/** A group that a controller of others keeps, seen through its pods. */
export class Members {
  readonly #used: UsedBed;
  readonly #options: GroupOptions;

  constructor(used: UsedBed, options: GroupOptions) {
    this.#used = used;
    this.#options = options;
  }

  pods(): Promise<readonly V1Pod[]> {
    return this.#used.hand.pods(this.#options.selector);
  }

  /** All of them, once they run; `instead`: and none of these does. */
  running(instead: Placed = new Map()): Promise<Placed> {
    const { count, selector, slotOf } = this.#options;
    const old = new Set([...instead.values()].map(({ metadata }) => metadata?.uid));
    return eventually(
      `${count} running pods of ${selector}`,
      async () => {
        const running = (await this.pods()).filter(
          (pod) => isRunning(pod) && !old.has(pod.metadata?.uid),
        );
        const placed = new Map(running.map((pod) => [slotOf(pod), pod]));
        return placed.size === count && placed;
      },
      { timeoutSeconds: 120, intervalMs: 300 },
    );
  }

  /** Members that are not on the node on which they were, and what was said of their placement. */
  away(before: Placed, after: Placed): Promise<readonly string[]> {
    const strays = [...before].flatMap(([slot, pod]) => {
      const now = after.get(slot);
      return nodeOf(pod) === nodeOf(now) ? [] : [{ slot, was: nodeOf(pod), now }];
    });
    return Promise.all(
      strays.map(async ({ slot, was, now }) => {
        const decision = await this.#used.bed.surefoot.decisionFor(now?.metadata?.name ?? '');
        const words = decision?.forecasts.slice(0, 3).map((one) => one.words) ?? [];
        const why = [decision?.unasked?.words, ...words].filter((one) => one !== undefined);
        return `${slot}: ${was} -> ${nodeOf(now)}; ${why.join(' | ')}`;
      }),
    );
  }
}

/** A member by labels that its controller gives it, outermost first. */
export function byLabels(...labels: readonly string[]): GroupOptions['slotOf'] {
  return ({ metadata }) => labels.map((label) => metadata?.labels?.[label]).join('/');
}

/** Every one of them was prepared by our webhook. */
export function expectPrepared(placed: Placed): void {
  for (const { metadata } of placed.values()) {
    expect(metadata?.annotations).toHaveProperty([INJECTED]);
  }
}
