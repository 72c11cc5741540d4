import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How the image runs Node, as the Dockerfile says. */
export interface ImageSettings {
  readonly flags: readonly string[];
  /** `NAME=VALUE`. */
  readonly variables: readonly string[];
}

/** Reads them. */
export async function imageSettings(): Promise<ImageSettings> {
  const text = await readFile(join(import.meta.dirname, '../Dockerfile'), 'utf8');
  const line = /^ENTRYPOINT (.+)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error('the Dockerfile has no ENTRYPOINT');
  const entrypoint: readonly string[] = JSON.parse(line);
  return {
    flags: entrypoint.filter((part) => part.startsWith('--')),
    variables: [...text.matchAll(/^ENV (\S+)$/gm)].map(([, variable = '']) => variable),
  };
}

/** What `env` has to be given so that it runs a built file as the image does. */
export async function asTheImage(file: string): Promise<readonly string[]> {
  const { flags, variables } = await imageSettings();
  return [...variables, process.execPath, ...flags, file];
}
