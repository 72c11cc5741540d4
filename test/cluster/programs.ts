import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { spanInWords } from '../../webhook/words/duration.ts';
import { DEFAULT_MINOR, type KubernetesVersion, kubernetesVersion } from './versions.ts';

/** Go packages; etcd and kwok serve every version of Kubernetes and come from the default module file. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
} as const;

export type ProgramName = keyof typeof PACKAGES;
/** Paths of the programs that make a control plane. */
export type Programs = Readonly<Record<ProgramName, string>>;

const PROGRAM_NAMES = Object.keys(PACKAGES) as readonly ProgramName[];
const HERE = import.meta.dirname;

/**
 * The control-plane programs: taken from `assetsDir` (what `KUBEBUILDER_ASSETS` names) if given,
 * or built as Go tools from the pinned module file and kept under the user's cache directory.
 * Throws with what to do where neither is possible.
 */
export async function controlPlanePrograms(
  kubernetes: KubernetesVersion,
  {
    assetsDir,
    cacheDir = join(homedir(), '.cache'),
    say,
  }: { assetsDir?: string | undefined; cacheDir?: string | undefined; say: (line: string) => void },
): Promise<Programs> {
  if (assetsDir !== undefined) return programsIn(assetsDir);
  const placed = await Promise.all(
    PROGRAM_NAMES.map(async (name) => {
      const version = name.startsWith('kube-') ? kubernetes : kubernetesVersion(DEFAULT_MINOR);
      const path = join(cacheDir, 'surefoot', await cacheKey(version), name);
      return { name, version, path, isBuilt: await exists(path) };
    }),
  );
  const absent = placed.filter(({ isBuilt }) => !isBuilt);
  if (absent.length > 0) await build(absent, say);
  return Object.fromEntries(placed.map(({ name, path }) => [name, path])) as Programs;
}

/** A program, the version it comes from, and where it goes. */
interface Placed {
  readonly name: ProgramName;
  readonly version: KubernetesVersion;
  readonly path: string;
}

async function programsIn(directory: string): Promise<Programs> {
  for (const name of PROGRAM_NAMES) {
    if (!(await exists(join(directory, name)))) {
      throw new Error(
        `KUBEBUILDER_ASSETS: ${directory} has no ${name}; it must hold ${PROGRAM_NAMES.join(', ')}`,
      );
    }
  }
  return Object.fromEntries(PROGRAM_NAMES.map((name) => [name, join(directory, name)])) as Programs;
}

/** Same sources, same programs: the checksums of everything that goes into them. */
async function cacheKey({ version, modFile }: KubernetesVersion): Promise<string> {
  const sums = await readFile(join(HERE, modFile.replace(/\.mod$/, '.sum')));
  const modules = await readFile(join(HERE, modFile));
  const hash = createHash('sha256').update(modules).update(sums).digest('hex').slice(0, 12);
  return `control-plane-${version}-${hash}`;
}

async function build(programs: readonly Placed[], say: (line: string) => void): Promise<void> {
  await requireGo();
  say(
    `building ${programs.length} programs of the control plane; the first time takes about 9 min on two cores`,
  );
  const begun = performance.now();
  for (const [index, { name, version, path }] of programs.entries()) {
    await mkdir(dirname(path), { recursive: true });
    const step = `${name} for ${version.version} (${index + 1} of ${programs.length})`;
    const progress = setInterval(() => {
      say(`building ${step}, ${elapsed(begun)} so far`);
    }, 15_000);
    try {
      say(`building ${step}`);
      await goBuild(version, name, `${path}.new`);
      // Whole or not at all: a build that is cut off must not look finished.
      await rename(`${path}.new`, path);
    } finally {
      clearInterval(progress);
    }
  }
  say(`built in ${elapsed(begun)}`);
}

function goBuild(
  { version, minor, modFile }: KubernetesVersion,
  name: ProgramName,
  output: string,
): Promise<void> {
  const [gitMajor, gitMinor] = minor.split('.');
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(
    (place) => [
      `-X ${place}.gitVersion=${version}`,
      `-X ${place}.gitMajor=${gitMajor}`,
      `-X ${place}.gitMinor=${gitMinor}`,
      `-X ${place}.gitTreeState=clean`,
    ],
  );
  const args = [
    'build',
    `-modfile=${modFile}`,
    '-trimpath',
    '-ldflags',
    ['-s -w', ...stamps].join(' '),
  ];
  const child = spawn('go', [...args, '-o', output, PACKAGES[name]], {
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
      else reject(new Error(`go could not build ${name} (status ${code}):\n${errors}`));
    });
  });
}

async function requireGo(): Promise<void> {
  try {
    await promisify(execFile)('go', ['version']);
  } catch {
    throw new Error(
      'the control plane is not built yet and there is no Go to build it; install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory with the programs',
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function elapsed(begun: number): string {
  return spanInWords((performance.now() - begun) / 1000);
}
