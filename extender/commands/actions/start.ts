import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { makeCertificates } from '../../../certs/make-once.ts';
import { parseAddress } from '../../../certs/serving/address.ts';
import { RunningServer } from '../../../certs/serving/http.ts';
import { LastGood } from '../../../certs/serving/last-good.ts';
import type { Service } from '../../../certs/serving/lifecycle.ts';
import { servingPairDirectory } from '../../../certs/serving/serving-pair.ts';
import { startWebhook } from '../../../webhook/main.ts';
import { Admission } from '../../fleet/admission.ts';
import { fleetApiApp } from '../../fleet/api-server.ts';
import { Captions } from '../../fleet/captions.ts';
import { fleetControls } from '../../fleet/controls.ts';
import { Fleet } from '../../fleet/fleet.ts';
import type { ExtenderArgs, HostPriorityList } from '../../fleet/scheduler.ts';
import type { FaultScript } from '../../fleet/script.ts';
import { type RunningExtender, startExtender } from '../../main.ts';
import { roomMissing } from '../../simulation/room.ts';
import { actingConfig, CONFIG_FILES, readScript, tour } from '../../simulation/script-files.ts';
import { LiveLine } from '../terminal/live-line.ts';
import { complain, print } from '../terminal/print.ts';

export interface StartOptions {
  readonly nodes: number;
  /** Seconds of the fleet in one of the wall clock. */
  readonly speed: number;
  readonly seed: number;
  /** Path of a fault script; absent: the tour. */
  readonly script?: string;
  /** Where people look; absent: the usual port, or a free one when that is taken. */
  readonly page?: string;
}

const USUAL_PAGE = '127.0.0.1:9092';
const FREE_PORT = '127.0.0.1:0';
/** How often the fleet catches up with the clock. */
const STEP_MS = 25;
/** The scheduler gives an extender 300 ms (manifests/components/cluster-scheduler-loopback/scheduler.yaml). */
const PRIORITIZE_TIMEOUT_MS = 300;

/** Webhook, extender and fleet in one process, speaking with each other over loopback only. */
export async function startAll(options: StartOptions): Promise<Service> {
  const script = options.script === undefined ? tour() : await readScript(options.script);
  // A fleet that is too small leaves pods pending for as long as it runs, which looks like a fault of ours.
  const missing = roomMissing(script, options.nodes);
  if (missing !== undefined) complain(missing);
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-start-'));
  const stops: (() => Promise<unknown> | undefined)[] = [
    () => rm(directory, { recursive: true, force: true }),
  ];
  const stop = async () => {
    for (const one of stops.reverse()) await one();
  };
  try {
    await compose(options, script, directory, stops);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function compose(
  options: StartOptions,
  script: FaultScript,
  directory: string,
  stops: (() => Promise<unknown> | undefined)[],
): Promise<void> {
  const { nodes, seed, speed } = options;
  const log = pino({ level: 'error' }, pino.destination(2));
  const config = await writeConfig(directory);
  const tlsDir = join(directory, 'tls');
  await makeCertificates({ tlsDir, hosts: ['127.0.0.1'], now: new Date() });
  const line = new LiveLine(process.stdout);

  const webhook = await startWebhook({
    config,
    tlsDir,
    listen: FREE_PORT,
    admin: FREE_PORT,
    drainSeconds: 0,
    log,
  });
  stops.push(() => webhook.stop());
  const admission = new Admission({
    url: `https://127.0.0.1:${webhook.ports.listen}/mutate`,
    ca: await readFile(join(tlsDir, 'ca.crt'), 'utf8'),
    onFailure: (sentence) => log.error(sentence),
  });
  stops.push(async () => admission.close());

  let extender: RunningExtender | undefined;
  const startSeconds = Math.floor(Date.now() / 1000);
  const begun = performance.now();
  const nowSeconds = () => startSeconds + ((performance.now() - begun) / 1000) * speed;
  const captions = new Captions();
  const fleet = new Fleet({
    script,
    nodes,
    seed,
    startSeconds,
    doors: {
      admit: (pod) => admission.admit(pod),
      prioritize: (args) => askExtender(extender?.ports.listen, args),
    },
    onHappening(happening) {
      line.show(happening, startSeconds);
      captions.happened(happening);
    },
  });
  const pair = await LastGood.loadForStart(servingPairDirectory(tlsDir));
  const apiServer = await RunningServer.https(
    parseAddress('the fleet', FREE_PORT),
    pair,
    fleetApiApp({
      api: fleet.api,
      nowSeconds: () => fleet.timeline.nowSeconds,
      admit: (pod) => admission.admit(pod),
      terminate: (key) => fleet.kubelets.terminate(key),
    }),
  );
  stops.push(() => apiServer.stop(0));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(apiServer.port, join(tlsDir, 'ca.crt')));

  extender = await startOnPage(options.page, (page) =>
    startExtender({
      config,
      kubeconfig,
      listen: FREE_PORT,
      admin: FREE_PORT,
      page,
      drainSeconds: 0,
      history: 'memory',
      tickMs: 500,
      nowSeconds,
      controls: fleetControls(fleet),
      story: { speed, caption: () => captions.at(nowSeconds()) },
      log,
    }),
  );
  const running = extender;
  stops.push(() => running.stop());
  await untilReady(running.ports.admin);
  print(`http://127.0.0.1:${running.ports.page}/`);

  let isStopping = false;
  const driving = drive(fleet, nowSeconds, () => isStopping);
  stops.push(() => {
    isStopping = true;
    return driving;
  });
}

async function drive(
  fleet: Fleet,
  nowSeconds: () => number,
  isStopping: () => boolean,
): Promise<void> {
  while (!isStopping()) {
    await fleet.timeline.runUntil(nowSeconds());
    await sleep(STEP_MS);
  }
}

async function writeConfig(directory: string): Promise<string> {
  for (const name of CONFIG_FILES) {
    await writeFile(join(directory, name), actingConfig(name));
  }
  return directory;
}

function kubeconfigFor(port: number, caPath: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'surefoot-fleet',
    clusters: [
      {
        name: 'fleet',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': caPath },
      },
    ],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'surefoot-fleet', context: { cluster: 'fleet', user: 'nobody' } }],
  });
}

/** On the page that was asked for; else on the usual one, and on a free port if that is taken. */
async function startOnPage(
  asked: string | undefined,
  start: (page: string) => Promise<RunningExtender>,
): Promise<RunningExtender> {
  if (asked !== undefined) return start(asked);
  const probe = await RunningServer.http(parseAddress('--page', USUAL_PAGE), () => {}).catch(
    () => undefined,
  );
  await probe?.stop(0);
  return start(probe === undefined ? FREE_PORT : USUAL_PAGE);
}

/** As kube-scheduler does with `ignorable: true`: no answer is no opinion. */
async function askExtender(
  port: number | undefined,
  args: ExtenderArgs,
): Promise<HostPriorityList> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/prioritize`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(args),
      signal: AbortSignal.timeout(PRIORITIZE_TIMEOUT_MS),
    });
    return response.ok ? ((await response.json()) as HostPriorityList) : [];
  } catch {
    return [];
  }
}

async function untilReady(adminPort: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if ((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok) return;
    await sleep(25);
  }
  throw new Error('the extender did not become ready on the built-in fleet within 5 s');
}
