import { setTimeout as sleep } from 'node:timers/promises';

/** How long, and how often. */
export interface Patience {
  readonly patienceMs: number;
  readonly everyMs: number;
}

/** Looks again and again until what is seen will do, or patience is over; gives what was seen last. */
export async function pollUntil<T>(
  look: () => Promise<T>,
  willDo: (seen: T) => boolean,
  { patienceMs, everyMs }: Patience,
): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (willDo(seen) || performance.now() >= endMs) return seen;
    await sleep(everyMs);
  }
}
