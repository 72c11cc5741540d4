import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Files of ours that are no code, by their path in the repository. This module reads them there; in the one file that
 * build.ts makes, another takes its place that has them inside. build.ts lists them.
 */

const ROOT = join(import.meta.dirname, '../..');

/** The text of one of them. Throws when there is none of that path. */
export function embeddedAsset(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Names of the files in one of their directories. */
export function embeddedAssetsIn(directory: string): readonly string[] {
  return readdirSync(join(ROOT, directory));
}
