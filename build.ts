import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * `npm run build`: all of Surefoot in one file, dist/surefoot.mjs, and the same as a plugin of kubectl. It needs Node
 * and nothing beside it. Each program is still evaluated only when it is called for.
 */

const ROOT = import.meta.dirname;
const READS_FILES = join(ROOT, 'certs/serving/embedded-assets.ts');

/** What of the repository is no code and goes into the file; a directory with all that is in it. */
const EMBEDDED_ASSETS = [
  'package.json',
  'extender/signals/catalogue.yaml',
  'extender/fleet/tour.yaml',
  'extender/page/browser/',
  'node_modules/uplot/dist/uPlot.iife.min.js',
  'node_modules/uplot/dist/uPlot.min.css',
  'manifests/base/config/',
  'manifests/base/extender.yaml',
  'manifests/base/certs.yaml',
] as const;

/** Node keeps the text of what it runs in memory: blanks and comments go, names stay for stack traces. */
const TERSE = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

/** The same program in ASCII, of which Node keeps one byte a character and not two. No text of ours is a raw one. */
function asciiOnly(program: string): string {
  return program.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The module that has our files inside, for the one that reads them. */
async function filesInside(): Promise<string> {
  const paths = (
    await Promise.all(
      EMBEDDED_ASSETS.map(async (path) =>
        path.endsWith('/') ? (await readdir(join(ROOT, path))).map((name) => path + name) : [path],
      ),
    )
  ).flat();
  const texts = await Promise.all(
    paths.map(async (path) => [path, await readFile(join(ROOT, path), 'utf8')] as const),
  );
  return `const FILES = new Map(${JSON.stringify(texts)});
export const EMBEDDED_ASSETS = [...FILES.keys()];
export function embeddedAsset(path) {
  const text = FILES.get(path);
  if (text === undefined) throw new Error(path + ' is not in the bundle');
  return text;
}
export function embeddedAssetsIn(directory) {
  const start = directory.replace(/\\/*$/, '/');
  return EMBEDDED_ASSETS.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
}
`;
}

/** Of the Kubernetes client's typed calls, none of which we make: a quarter of the file. */
const UNDICI = join(ROOT, 'node_modules/undici/index.js');
const WITHOUT_UNDICI = `function none() { throw new Error('this file has no undici: see build.ts'); }
export { none as Agent, none as ProxyAgent, none as fetch };
`;

/** Builds into a directory, which is made anew. */
export async function build(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const bundle = await rolldown({
    input: join(ROOT, 'extender/commands/surefoot.ts'),
    platform: 'node',
    logLevel: 'silent',
    // Of the Kubernetes client only what is named: its models of all kinds would be two thirds of the file.
    treeshake: { moduleSideEffects: (id) => !id.includes('/@kubernetes/client-node/') },
    plugins: [
      {
        name: 'files-inside',
        load: (id) => (id === READS_FILES ? filesInside() : undefined),
      },
      {
        name: 'without-undici',
        load: (id) => (id === UNDICI ? { code: WITHOUT_UNDICI, moduleType: 'js' } : undefined),
      },
    ],
  });
  const file = join(directory, 'surefoot.mjs');
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, minify: TERSE });
  await writeFile(file, asciiOnly(output[0].code));
  await chmod(file, 0o755);
  await copyFile(file, join(directory, 'kubectl-surefoot'));
}

if (import.meta.main) {
  const directory = join(ROOT, 'dist');
  await build(directory);
  console.log(`${relative(ROOT, directory)}/surefoot.mjs`);
}
