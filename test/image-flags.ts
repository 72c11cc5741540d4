import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The flags with which the image runs Node: those of the Dockerfile. */
export async function imageFlags(): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, '../Dockerfile'), 'utf8');
  const line = /^ENTRYPOINT (.+)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error('the Dockerfile has no ENTRYPOINT');
  const entrypoint: readonly string[] = JSON.parse(line);
  return entrypoint.filter((part) => part.startsWith('--'));
}
