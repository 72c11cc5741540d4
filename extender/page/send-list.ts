import { once } from 'node:events';
import type { Response } from 'express';
import { MOST_AT_A_TIME_MS, turn } from '../bounds/in-turns.ts';

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
  let begunMs = performance.now();
  for (const item of items) {
    text += separator + JSON.stringify(shown(item), null, 2);
    separator = ',\n';
    if (performance.now() - begunMs < MOST_AT_A_TIME_MS) continue;
    const isTaken = response.write(text);
    text = '';
    if (isTaken) await turn();
    else await taken(response);
    if (response.closed || response.destroyed) return;
    begunMs = performance.now();
  }
  response.end(`${text}\n  ]\n}`);
}

/** Waits until the caller has taken what was written; one that does not is let go. */
async function taken(response: Response): Promise<void> {
  const signal = AbortSignal.timeout(MOST_WAIT_MS);
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } catch {
    response.destroy();
  }
}
