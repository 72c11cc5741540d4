import { setImmediate } from 'node:timers/promises';

/** A scheduler waits for a question meanwhile, and a question takes about as long. */
export const MOST_AT_A_TIME_MS = 3;

/** Lets all others have their turn. */
export function turn(): Promise<unknown> {
  return setImmediate();
}

/** Maps all items, and lets others have their turn every few milliseconds. */
export async function inTurns<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made,
): Promise<Made[]> {
  const made: Made[] = [];
  let begunMs = performance.now();
  for (const item of items) {
    made.push(make(item));
    if (performance.now() - begunMs < MOST_AT_A_TIME_MS) continue;
    await turn();
    begunMs = performance.now();
  }
  return made;
}
