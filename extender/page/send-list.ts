import { once } from 'node:events';
import type { Response } from 'express';
import { inBatches } from '../bounds/in-turns.ts';

/** Whoever has taken nothing for so long is let go: what waits for it takes memory. */
const MOST_WAIT_MS = 10_000;

/** Answers with a list as JSON. Each item is made and written in its turn: all at once would hold up a scheduler. */
export async function sendList<T>(
  response: Response,
  head: object,
  name: string,
  items: Iterable<T>,
  shown: (item: T) => object,
): Promise<void> {
  response.type('json');
  let text = `${JSON.stringify(head, null, 2).replace(/\n\}$/, '')},\n  "${name}": [`;
  let separator = '\n';
  for await (const made of inBatches(items, (item) => JSON.stringify(shown(item), null, 2))) {
    text += separator + made.join(',\n');
    separator = ',\n';
    const isTaken = response.write(text);
    text = '';
    if (!isTaken) await taken(response);
    if (response.closed || response.destroyed) return;
  }
  response.end(`${text}\n  ]\n}`);
}

/** Waits until the caller has taken what was written; one that does not is let go. */
async function taken(response: Response): Promise<void> {
  const tooLong = AbortSignal.timeout(MOST_WAIT_MS);
  const over = new AbortController();
  const signal = AbortSignal.any([tooLong, over.signal]);
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } catch {
    response.destroy();
  } finally {
    // Whichever did not happen is not waited for any more: a long list has many parts.
    over.abort();
  }
}
