import { chmod, copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { OWN_FILES } from './certs/serving/own-files.ts';

/**
 * `npm run build`: all of Surefoot in one file, dist/surefoot.mjs, and the same as a plugin of kubectl. It needs Node
 * and nothing beside it. Each program is still evaluated only when it is called for.
 */

const ROOT = import.meta.dirname;
const READS_FILES = join(ROOT, 'certs/serving/own-files.ts');

/** The module that has our files inside, for the one that reads them. */
async function filesInside(): Promise<string> {
  const paths = (
    await Promise.all(
      OWN_FILES.map(async (path) =>
        path.endsWith('/') ? (await readdir(join(ROOT, path))).map((name) => path + name) : [path],
      ),
    )
  ).flat();
  const texts = await Promise.all(
    paths.map(async (path) => [path, await readFile(join(ROOT, path), 'utf8')] as const),
  );
  return `const FILES = new Map(${JSON.stringify(texts)});
export const OWN_FILES = [...FILES.keys()];
export function ownFile(path) {
  const text = FILES.get(path);
  if (text === undefined) throw new Error(path + ' is not in the bundle');
  return text;
}
export function ownFilesIn(directory) {
  const start = directory.replace(/\\/*$/, '/');
  return OWN_FILES.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
}
`;
}

/** Builds into a directory, which is made anew. */
export async function build(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const bundle = await rolldown({
    input: join(ROOT, 'extender/commands/surefoot.ts'),
    platform: 'node',
    logLevel: 'silent',
    plugins: [
      {
        name: 'files-inside',
        load: (id) => (id === READS_FILES ? filesInside() : undefined),
      },
    ],
  });
  const file = join(directory, 'surefoot.mjs');
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await chmod(file, 0o755);
  await copyFile(file, join(directory, 'kubectl-surefoot'));
}

if (import.meta.main) {
  const directory = join(ROOT, 'dist');
  await build(directory);
  console.log(`${relative(ROOT, directory)}/surefoot.mjs`);
}
