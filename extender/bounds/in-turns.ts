import { setImmediate } from 'node:timers/promises';

/** A scheduler waits for a question meanwhile, and a question takes about as long. */
export const MOST_AT_A_TIME_MS = 3;

/** Lets all others have their turn. */
export function turn(): Promise<unknown> {
  return setImmediate();
}

/** Maps all items, and gives what was made every few milliseconds; all others have their turn in between. */
export async function* inBatches<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made,
): AsyncGenerator<readonly Made[]> {
  let made: Made[] = [];
  let begunMs = performance.now();
  for (const item of items) {
    made.push(make(item));
    if (performance.now() - begunMs < MOST_AT_A_TIME_MS) continue;
    yield made;
    made = [];
    await turn();
    begunMs = performance.now();
  }
  if (made.length > 0) yield made;
}

/** Maps all items, and lets others have their turn every few milliseconds. */
export async function inTurns<T, Made>(
  items: Iterable<T>,
  make: (item: T) => Made,
): Promise<Made[]> {
  const all: Made[] = [];
  for await (const made of inBatches(items, make)) all.push(...made);
  return all;
}
