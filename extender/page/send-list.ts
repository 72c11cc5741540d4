import type { Response } from 'express';
import { MOST_AT_A_TIME_MS, turn } from '../bounds/in-turns.ts';

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
    response.write(text);
    text = '';
    await turn();
    if (response.closed) return;
    begunMs = performance.now();
  }
  response.end(`${text}\n  ]\n}`);
}
