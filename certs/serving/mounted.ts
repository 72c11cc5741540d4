import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The directory that holds one version of what is mounted at `directory`. Kubernetes swaps a
 * mounted ConfigMap or Secret by moving its `..data` link: resolved once, all files are of the
 * same version. A plain directory is itself.
 */
export function mountedVersion(directory: string): Promise<string> {
  return realpath(join(directory, '..data')).catch(() => directory);
}
