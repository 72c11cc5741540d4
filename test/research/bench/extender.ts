import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from '../../../build.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { actingConfig, CONFIG_FILES } from '../../../extender/simulation/script-files.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { bytesInWords } from '../../../webhook/words/quantity.ts';
import { Child } from '../../cluster/child.ts';
import { freePorts } from '../../cluster/control-plane.ts';
import { eventually } from '../../cluster/eventually.ts';
import { asTheImage } from '../../image-settings.ts';
import { GPU } from '../../make/facts.ts';
import { sample } from '../../samples.ts';
import { quantile } from './open-loop.ts';
import { usageOf } from './process-usage.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SIZES = [1000, 5000] as const;
/** The image that half of the nodes have, for pods that are told apart by it. */
const IMAGE = 'registry.example/team/train:1';
const PODS_A_NODE = 4;
const ROUNDS = 5;
/** So many that V8 collects what it has promoted: 300 had not shown that it then went on and on. */
const CALLS_A_ROUND = 1500;
const VIEWERS = 10;
const IDLE_MS = 15_000;
/** Until all viewers have all nodes. */
const SETTLING_MS = 5000;

interface Server {
  readonly child: Child;
  readonly port: number;
}

interface Ours extends Server {
  readonly admin: number;
  readonly page: number;
}

interface Measured {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsACall: number;
}

/** One extender on a fleet of so many nodes, beside a bare server, call by call as the scheduler asks. */
export async function benchExtender(output: 'table' | 'json'): Promise<void> {
  const results: Record<string, unknown>[] = [];
  for (const nodes of SIZES) results.push(await benchSize(nodes));
  if (output === 'json') {
    console.log(JSON.stringify(results, null, 2));
    return;
  }
  for (const {
    nodes,
    ready,
    resident,
    residentAfter,
    statusesASecond,
    cpuAViewer,
    rows,
  } of results as unknown as readonly Sized[]) {
    console.log(
      `${nodes} nodes, ${nodes * PODS_A_NODE} pods: ready after ${ready.toFixed(1)} s, ${bytesInWords(resident)} resident, ${bytesInWords(residentAfter)} in the storm of ${statusesASecond.toFixed(0)} statuses a second; an idle viewer takes ${(100 * cpuAViewer).toFixed(2)} % of a core`,
    );
    console.log(
      tableText([
        ['names asked about', 'p50', 'of bare', 'p99', 'of bare', 'CPU a call', 'of bare'],
        ...rows.map(({ name, ours, bare }) => [
          name,
          `${ours.p50Ms.toFixed(2)} ms`,
          `${(ours.p50Ms / bare.p50Ms).toFixed(2)} x`,
          `${ours.p99Ms.toFixed(2)} ms`,
          `${(ours.p99Ms / bare.p99Ms).toFixed(2)} x`,
          `${ours.cpuMsACall.toFixed(2)} ms`,
          `${(ours.cpuMsACall / bare.cpuMsACall).toFixed(2)} x`,
        ]),
      ]),
    );
  }
}

interface Sized {
  readonly nodes: number;
  readonly ready: number;
  readonly resident: number;
  /** In the storm, when all questions have been asked. */
  readonly residentAfter: number;
  /** As many as the extender heard of: a storm that the machine cannot keep up is a smaller one. */
  readonly statusesASecond: number;
  /** Share of a core, while nobody asks. */
  readonly cpuAViewer: number;
  readonly rows: readonly {
    readonly name: string;
    readonly ours: Measured;
    readonly bare: Measured;
  }[];
}

async function benchSize(nodes: number): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-bench-'));
  const started: Child[] = [];
  try {
    const fleet = await startFleet(directory, nodes);
    started.push(fleet);
    await build(join(directory, 'dist'));
    const begun = performance.now();
    const ours = await startExtender(directory);
    started.push(ours.child);
    const ready = (performance.now() - begun) / 1000;
    const { residentBytes: resident } = await usageOf(ours.child.pid ?? 0);
    const bare = await startBare(directory);
    started.push(bare.child);
    const names = Array.from({ length: nodes }, (_none, index) => `gpu-${index + 1}`);
    const allAlike = bodyOf('registry.example/everywhere:1', names);
    const kinds = [
      { name: `${nodes}, all alike`, body: allAlike },
      { name: `${nodes}, half of them warm`, body: bodyOf(IMAGE, names) },
    ];
    const rows = [];
    for (const { name, body } of kinds) rows.push({ name, ...(await compare(ours, bare, body)) });
    const quiet = await cpuShare(ours);
    const leave = watching(ours, VIEWERS);
    await sleep(SETTLING_MS);
    const cpuAViewer = ((await cpuShare(ours)) - quiet) / VIEWERS;
    const watched = `${nodes}, all alike, ${VIEWERS} viewers of the page`;
    rows.push({ name: watched, ...(await compare(ours, bare, allAlike)) });
    leave();
    process.kill(fleet.pid ?? 0, 'SIGUSR2');
    const name = `${nodes}, all alike, every node's status once a second`;
    const heard = await statusesHeard(ours);
    const stormBegan = performance.now();
    rows.push({ name, ...(await compare(ours, bare, allAlike)) });
    const stormSeconds = (performance.now() - stormBegan) / 1000;
    const statusesASecond = ((await statusesHeard(ours)) - heard) / stormSeconds;
    const { residentBytes: residentAfter } = await usageOf(ours.child.pid ?? 0);
    return { nodes, ready, resident, residentAfter, statusesASecond, cpuAViewer, rows };
  } finally {
    for (const child of started.reverse()) await child.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Opens the page's stream so many times; call what it returns to close it. */
function watching({ page }: Ours, count: number): () => void {
  const calls = Array.from({ length: count }, () =>
    request(
      { port: page, host: '127.0.0.1', path: '/api/live', headers: { 'Accept-Encoding': 'gzip' } },
      (response) => response.resume(),
    )
      .once('error', () => {})
      .end(),
  );
  return () => {
    for (const call of calls) call.destroy();
  };
}

/** How much of a core the extender takes while nobody asks. */
async function cpuShare({ child }: Server): Promise<number> {
  const before = await usageOf(child.pid ?? 0);
  await sleep(IDLE_MS);
  const after = await usageOf(child.pid ?? 0);
  return (after.cpuSeconds - before.cpuSeconds) / (IDLE_MS / 1000);
}

/** Rounds in turn, so that what slows the machine slows both. */
async function compare(
  ours: Server,
  bare: Server,
  body: string,
): Promise<{ readonly ours: Measured; readonly bare: Measured }> {
  const all = new Map<Server, { times: number[]; cpuSeconds: number }>([
    [ours, { times: [], cpuSeconds: 0 }],
    [bare, { times: [], cpuSeconds: 0 }],
  ]);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [server, sum] of all) {
      const before = await usageOf(server.child.pid ?? 0);
      const times = await callsTo(server.port, body);
      const after = await usageOf(server.child.pid ?? 0);
      // The first round warms both up.
      if (round === 0) continue;
      sum.times.push(...times);
      sum.cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    }
  }
  const measured = (server: Server): Measured => {
    const { times, cpuSeconds } = all.get(server) ?? { times: [], cpuSeconds: 0 };
    const sorted = times.sort((a, b) => a - b);
    return {
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      cpuMsACall: (cpuSeconds * 1000) / (ROUNDS * CALLS_A_ROUND),
    };
  };
  return { ours: measured(ours), bare: measured(bare) };
}

/** One call after the other on one connection, as the scheduler does. */
async function callsTo(port: number, body: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let call = 0; call < CALLS_A_ROUND; call += 1) {
    const begun = performance.now();
    await post(agent, port, body.replace('UID', `uid-${call}`));
    times.push(performance.now() - begun);
  }
  agent.destroy();
  return times;
}

function post(agent: Agent, port: number, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const call = request(
      { agent, port, host: '127.0.0.1', path: '/prioritize', method: 'POST', headers },
      (response) => {
        response.resume();
        response.once('end', resolve);
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

function bodyOf(image: string, names: readonly string[]): string {
  const pod: Pod = {
    metadata: {
      name: 'asking',
      namespace: 'default',
      uid: 'UID',
      annotations: { 'surefoot.dev/profile': 'nvidia' },
    },
    spec: { containers: [{ name: 'main', image, resources: { limits: { [GPU]: '1' } } }] },
  };
  return JSON.stringify({ Pod: pod, Nodes: null, NodeNames: names });
}

async function startFleet(directory: string, nodes: number): Promise<Child> {
  const tlsDir = join(directory, 'tls');
  const log = join(directory, 'fleet.log');
  const script = join(ROOT, 'test/research/bench/storming-fleet.ts');
  // Its storm takes a core. An API server has a machine of its own; here it gives way to who is measured.
  const args = ['-n', '19', process.execPath, script, tlsDir, String(nodes)];
  const child = new Child('fleet', 'nice', args, log);
  const port = await child.servingPort();
  for (const name of CONFIG_FILES) {
    await writeFile(join(directory, name), actingConfig(name));
  }
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority': join(tlsDir, 'ca.crt'),
  };
  await writeFile(
    join(directory, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'fleet',
      clusters: [{ name: 'fleet', cluster }],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'fleet', context: { cluster: 'fleet', user: 'nobody' } }],
    }),
  );
  return child;
}

/** As the image runs it. */
async function startExtender(directory: string): Promise<Ours> {
  const [port = 0, admin = 0, page = 0] = await freePorts(3);
  const args = [
    ...(await asTheImage(join(directory, 'dist/surefoot.mjs'))),
    'extender',
    `--config=${directory}`,
    `--kubeconfig=${join(directory, 'kubeconfig')}`,
    '--history=memory',
    `--listen=127.0.0.1:${port}`,
    `--admin=127.0.0.1:${admin}`,
    `--page=127.0.0.1:${page}`,
  ];
  const child = new Child('extender', 'env', args, join(directory, 'extender.log'));
  await eventually(
    'the extender to be ready',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined);
      return answer?.ok === true;
    },
    { timeoutSeconds: 120 },
  );
  return { child, port, admin, page };
}

async function statusesHeard({ admin }: Ours): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return sample(text, 'surefoot_watch_messages_total', { kind: 'nodes' });
}

async function startBare(directory: string): Promise<Server> {
  const log = join(directory, 'bare.log');
  const script = join(ROOT, 'test/research/bench/opponents/bare-extender.ts');
  const child = new Child('bare', process.execPath, [script], log);
  return { child, port: await child.servingPort() };
}
