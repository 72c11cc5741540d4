import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Command, CommanderError } from 'commander';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { wholeNumber } from '../../extender/commands/terminal/whole-number.ts';
import { Bed } from './bed.ts';
import { eventually } from './eventually.ts';
import { DEFAULT_MINOR, kubernetesVersion } from './versions.ts';

/** `npm run cluster`: a real control plane on this machine with Surefoot installed, for a person. */

const RUN_DIRECTORY = join(import.meta.dirname, '.run');
const STATE_PATH = join(RUN_DIRECTORY, 'state.json');
const LOG_PATH = join(import.meta.dirname, '.run.log');
/** Longer than a first build takes on a slow machine. */
const DETACH_TIMEOUT_SECONDS = 45 * 60;

interface ClusterOptions {
  readonly nodes: number;
  readonly gpus: number;
  readonly kubernetes: string;
  readonly mode: 'act' | 'observe';
  readonly detach?: true;
  readonly stop?: true;
}

interface State {
  readonly pid: number;
  /** What it started, in case that it is killed and cannot end them itself. */
  readonly children: readonly number[];
  readonly kubeconfig: string;
  readonly page: string;
  /** By which doctor finds the extender. */
  readonly atExtender: string;
}

async function main(): Promise<void> {
  const command = new Command('cluster')
    .description('a real control plane on this machine, with fake GPU nodes and Surefoot installed')
    .option('--nodes <N>', 'how many nodes', wholeNumber('--nodes', 1, 5000), 4)
    .option('--gpus <N>', 'GPUs on each node', wholeNumber('--gpus', 1, 1024), 8)
    .option('--kubernetes <MINOR>', 'Kubernetes version', DEFAULT_MINOR)
    .option('--mode <MODE>', 'act or observe', knownMode, 'act')
    .option('--detach', 'return when it is up, and leave it running')
    .option('--stop', 'stop the one that is running')
    .exitOverride();
  const options = (await command.parseAsync()).opts<ClusterOptions>();
  kubernetesVersion(options.kubernetes);
  if (options.stop) return stopRunning();
  const left = await writtenState();
  if (left !== undefined && !isAlive(left.pid)) await endOrphans(left.children);
  const running = await runningState();
  if (running !== undefined) {
    throw new WrongCall(
      `a cluster is running already (pid ${running.pid}); stop it with: npm run cluster -- --stop`,
    );
  }
  return options.detach ? startDetached() : runHere(options);
}

/** Runs until a signal; leaves no process and no file behind. */
async function runHere({ nodes, gpus, kubernetes, mode }: ClusterOptions): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
  await rm(RUN_DIRECTORY, { recursive: true, force: true });
  await mkdir(RUN_DIRECTORY, { recursive: true });
  const starting = Bed.start({
    count: nodes,
    gpus,
    kubernetes,
    mode,
    // Observing, nobody gives the pods a toleration.
    tainted: mode === 'act',
    directory: RUN_DIRECTORY,
    assetsDir: process.env.KUBEBUILDER_ASSETS,
    say: (line) => console.error(line),
  });
  const bed = await Promise.race([starting, interrupted]);
  if (bed !== undefined) {
    const kubeconfig = bed.plane.kubeconfigPath('admin');
    const state: State = {
      pid: process.pid,
      children: bed.plane.pids,
      kubeconfig,
      page: bed.surefoot.pageUrl,
      atExtender: bed.surefoot.atExtender,
    };
    await writeFile(STATE_PATH, JSON.stringify(state));
    sayHowToUse(state);
    console.log('Ctrl-C stops it.');
    await interrupted;
  }
  console.error('stopping');
  await starting.then(
    (started) => started.stop(),
    () => rm(RUN_DIRECTORY, { recursive: true, force: true }),
  );
}

async function startDetached(): Promise<void> {
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach');
  const log = openSync(LOG_PATH, 'w');
  const child = spawn(process.execPath, [import.meta.filename, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let exited: number | null | undefined;
  child.once('exit', (code) => {
    exited = code;
  });
  const cancel = () => child.kill('SIGTERM');
  process.once('SIGINT', cancel);
  let said = 0;
  const state = await eventually(
    'the cluster to be up',
    async () => {
      const progress = await readFile(LOG_PATH, 'utf8');
      process.stderr.write(progress.slice(said).split('export KUBECONFIG')[0] ?? '');
      said = progress.length;
      if (exited !== undefined) throw new Error('the cluster did not come up');
      return runningState();
    },
    { timeoutSeconds: DETACH_TIMEOUT_SECONDS, giveUpWhen: () => exited !== undefined },
  );
  process.off('SIGINT', cancel);
  child.unref();
  sayHowToUse(state);
  console.log('It runs until: npm run cluster -- --stop');
}

async function stopRunning(): Promise<void> {
  const state = await writtenState();
  if (state === undefined) {
    console.log('no cluster is running');
    return;
  }
  if (isAlive(state.pid)) {
    process.kill(state.pid, 'SIGTERM');
    await eventually('the cluster to stop', () => !isAlive(state.pid), { timeoutSeconds: 60 });
  } else {
    await endOrphans(state.children);
    await rm(RUN_DIRECTORY, { recursive: true, force: true });
  }
  await rm(LOG_PATH, { force: true });
  console.log('stopped');
}

/** Ends what a killed cluster has left running; a number that another program has by now is spared. */
async function endOrphans(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'args=']).catch(
      () => ({ stdout: '' }),
    );
    if (stdout.includes(RUN_DIRECTORY)) process.kill(pid, 'SIGKILL');
  }
}

function sayHowToUse({ kubeconfig, page, atExtender }: State): void {
  const directory = dirname(kubeconfig);
  console.log(`export KUBECONFIG=${kubeconfig}

kubectl get nodes -o custom-columns='NAME:.metadata.name,GPUS:.status.allocatable.nvidia\\.com/gpu'
kubectl apply -f manifests/examples/gpu-pod.yaml && kubectl get pod train -o yaml
npm run -s surefoot -- doctor ${atExtender}
the page: ${page}/

configuration ${directory}/config, logs ${directory}/logs`);
}

async function writtenState(): Promise<State | undefined> {
  const text = await readFile(STATE_PATH, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as State);
}

async function runningState(): Promise<State | undefined> {
  const state = await writtenState();
  return state !== undefined && isAlive(state.pid) ? state : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function knownMode(text: string): 'act' | 'observe' {
  if (text === 'act' || text === 'observe') return text;
  throw new WrongCall(`--mode: "${text}" is neither act nor observe`);
}

try {
  await main();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof WrongCall ? 2 : 1);
}
