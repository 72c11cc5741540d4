import type { Response } from 'express';
import { inTurns } from './in-turns.ts';

/** Answers with a list as JSON, in which each item is made and written in its turn: to write all at once takes long. */
export async function sendList<T>(
  response: Response,
  head: object,
  name: string,
  items: Iterable<T>,
  shown: (item: T) => object,
): Promise<void> {
  const texts = await inTurns(items, (item) => JSON.stringify(shown(item), null, 2));
  const before = JSON.stringify(head, null, 2).replace(/\n\}$/, '');
  response.type('json').send(`${before},\n  "${name}": [\n${texts.join(',\n')}\n  ]\n}`);
}
