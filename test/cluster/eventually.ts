import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  readonly timeoutSeconds?: number;
  readonly intervalMs?: number;
  /** True when waiting on is pointless; the check's own error is thrown then. */
  readonly giveUpWhen?: () => boolean;
}

/**
 * Waits until `check` gives something other than `undefined` or `false`, and gives that. Throws
 * with `what` was waited for, and the last error of the check, when the time is over.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutSeconds = 30, intervalMs = 100, giveUpWhen = () => false }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let lastError: unknown;
  while (performance.now() < deadline) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
      lastError = undefined;
    } catch (error) {
      if (giveUpWhen()) throw error;
      lastError = error;
    }
    await sleep(intervalMs);
  }
  throw new Error(`waited ${timeoutSeconds} s for ${what}`, { cause: lastError });
}
