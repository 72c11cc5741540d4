import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { spanInWords } from '../../webhook/words/duration.ts';

/** A program that is built from a module file here, which pins it. */
export interface GoProgram {
  readonly name: string;
  readonly package: string;
  /** Module file beside this one. */
  readonly modFile: string;
  /** What its directory under the cache begins with; programs of one module file may share it. */
  readonly directory: string;
  readonly linkerFlags?: string;
  /** Build tags, by commas. */
  readonly tags?: string;
}

export interface BuildOptions {
  /** Progress, for people. */
  readonly say: (line: string) => void;
}

const HERE = import.meta.dirname;
/** The user's, by the convention of freedesktop.org. */
const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');

/** Builds what is not in the cache yet; gives the path of each by its name. `why`: for people who wait. */
export async function builtPrograms(
  programs: readonly GoProgram[],
  why: string,
  { say }: BuildOptions,
): Promise<Readonly<Record<string, string>>> {
  const placed = await Promise.all(
    programs.map(async (program) => {
      const directory = `${program.directory}-${await sumsOf(program.modFile)}`;
      const path = join(CACHE, 'surefoot', directory, program.name);
      return { program, path, isBuilt: await isProgram(path) };
    }),
  );
  const absent = placed.filter(({ isBuilt }) => !isBuilt);
  if (absent.length > 0) await build(absent, why, say);
  return Object.fromEntries(placed.map(({ program, path }) => [program.name, path]));
}

/** A program, and where it goes. */
interface Placed {
  readonly program: GoProgram;
  readonly path: string;
}

/** Same sources, same programs: the checksums of everything that goes into them. */
async function sumsOf(modFile: string): Promise<string> {
  const sums = await readFile(join(HERE, modFile.replace(/\.mod$/, '.sum')));
  const modules = await readFile(join(HERE, modFile));
  return createHash('sha256').update(modules).update(sums).digest('hex').slice(0, 12);
}

async function build(
  programs: readonly Placed[],
  why: string,
  say: BuildOptions['say'],
): Promise<void> {
  await requireGo();
  say(`building ${programs.length} programs ${why}`);
  const begun = performance.now();
  for (const [index, { program, path }] of programs.entries()) {
    await mkdir(dirname(path), { recursive: true });
    const step = `${program.name} (${index + 1} of ${programs.length})`;
    const progress = setInterval(() => {
      say(`building ${step}, ${elapsed(begun)} so far`);
    }, 15_000);
    try {
      say(`building ${step}`);
      await goBuild(program, `${path}.new`);
      // Whole or not at all: a build that is cut off must not look finished.
      await rename(`${path}.new`, path);
    } finally {
      clearInterval(progress);
    }
  }
  say(`built in ${elapsed(begun)}`);
}

function goBuild(program: GoProgram, output: string): Promise<void> {
  const args = [
    'build',
    `-modfile=${program.modFile}`,
    '-trimpath',
    ...(program.tags !== undefined ? [`-tags=${program.tags}`] : []),
    '-ldflags',
    `-s -w ${program.linkerFlags ?? ''}`,
  ];
  const child = spawn('go', [...args, '-o', output, program.package], {
    cwd: HERE,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go could not build ${program.name} (status ${code}):\n${errors}`));
    });
  });
}

async function requireGo(): Promise<void> {
  try {
    await promisify(execFile)('go', ['version']);
  } catch {
    throw new Error(
      'a program of the tests is not built yet and there is no Go to build it; install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory with the programs of the control plane',
    );
  }
}

/** Whether it is there and may be run. */
export async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function elapsed(begun: number): string {
  return spanInWords((performance.now() - begun) / 1000);
}
