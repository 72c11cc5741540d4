import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Files of ours that are no code, by their path in the repository. This module reads them there; where all is
 * bundled into one file (build.ts), another one takes its place that has them inside.
 */

const ROOT = join(import.meta.dirname, '../..');

/** Paths of what is under these, in the repository: the bundle takes no others along. */
export const EMBEDDED_ASSETS = [
  'package.json',
  'extender/signals/catalogue.yaml',
  'extender/fleet/tour.yaml',
  'extender/page/browser/',
  'manifests/base/config/',
  'manifests/base/extender.yaml',
  'manifests/base/certs.yaml',
] as const;

/** The text of one of them. Throws when there is none of that path. */
export function embeddedAsset(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Names of the files in one of their directories. */
export function embeddedAssetsIn(directory: string): readonly string[] {
  return readdirSync(join(ROOT, directory));
}
