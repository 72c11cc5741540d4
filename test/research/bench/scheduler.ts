import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubernetesObjectApi, loadAllYaml, Watch } from '@kubernetes/client-node';
import { build } from '../../../build.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { Random } from '../../../extender/fleet/random.ts';
import { blankHistory } from '../../../extender/history/host-history.ts';
import type { Departure } from '../../../extender/homes/departure.ts';
import { deviceHistoryApi } from '../../../extender/storage/api.ts';
import { statusOf } from '../../../extender/storage/encode.ts';
import { objectNameOf } from '../../../extender/storage/schema.ts';
import type { Child } from '../../cluster/child.ts';
import { type ControlPlane, freePorts } from '../../cluster/control-plane.ts';
import { eventually } from '../../cluster/eventually.ts';
import { Hand } from '../../cluster/hand.ts';
import { createNodes } from '../../cluster/nodes.ts';
import { RawClient } from '../../cluster/raw.ts';
import { pod } from '../../cluster/workloads.ts';
import { asTheImage } from '../../image-settings.ts';
import { GPU } from '../../make/facts.ts';
import { sample } from '../../samples.ts';
import { shuffled } from '../simulations/fleets.ts';
import { goOpponent } from './go-opponent.ts';
import { onPlane } from './on-plane.ts';
import { median } from './open-loop.ts';
import { usageOf } from './process-usage.ts';

/**
 * Pods a second through the real scheduler: without an extender, with one in Go, and with ours. All of it on
 * the same cores, so that what is counted is what an extender costs altogether: its own work, and what the
 * scheduler does with its answer.
 */

const ROOT = join(import.meta.dirname, '../../..');
const NODES = 1000;
const PODS = 2000;
const AT_ONCE = 32;
/** A Go extender that reaches less of "none" is no opponent: the pilot's had 0.60 to 0.66. */
const GO_AT_LEAST = 0.58;
const EVERYWHERE = 'registry.example/everywhere:1';
const HALF = 'registry.example/half:1';
const HOMES = 512;

type Extender = 'none' | 'go' | 'go-one' | 'sparse' | 'documented';

interface Way {
  readonly name: string;
  readonly extender: Extender;
  /** The pods' image is on half of the nodes; otherwise on all of them. */
  readonly halfCached?: boolean;
  /** Feature gates of the scheduler. */
  readonly gates?: string;
  /** So many slots of others are away and will be back. */
  readonly homesAway?: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'no extender', extender: 'none' },
  // Whoever configures an extender gives this up: is it that what one costs?
  { name: 'no extender, no batching', extender: 'none', gates: 'OpportunisticBatching=false' },
  { name: 'Go, dense', extender: 'go' },
  // Does nothing and says next to nothing: no extender could cost less.
  { name: 'Go, one name', extender: 'go-one' },
  { name: 'Surefoot, sparse', extender: 'sparse' },
  { name: 'Surefoot, documented', extender: 'documented' },
  { name: 'Surefoot, half of the fleet cached', extender: 'sparse', halfCached: true },
  { name: 'Surefoot, 512 homes away', extender: 'sparse', homesAway: true },
];

/** CPU milliseconds that each pod has cost, by who spent them. */
interface CpuMs {
  readonly extender: number;
  readonly scheduler: number;
  readonly apiServer: number;
  /** etcd, the controllers, kwok, and whoever counts here. */
  readonly others: number;
}

interface Run {
  readonly podsPerSecond: number;
  readonly cpuMs: CpuMs;
}

export async function benchScheduler(output: 'table' | 'json', rounds: number): Promise<void> {
  const say = (line: string) => console.error(line);
  await onPlane(say, async (plane) => {
    const bench = await SchedulerBench.prepare(plane, say);
    const runs = new Map<string, Run[]>(WAYS.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round += 1) {
      // A control plane that has run for a while is slower: nobody is always last.
      for (const way of shuffled(WAYS, new Random(round, 'order of the ways'))) {
        const run = await bench.run(way);
        runs.get(way.name)?.push(run);
        const rate = run.podsPerSecond.toFixed(1);
        say(`round ${round} of ${rounds}, ${way.name}: ${rate} pods/s, ${cpuInWords(run.cpuMs)}`);
      }
    }
    report(runs, output);
  });
}

function report(runs: ReadonlyMap<string, readonly Run[]>, output: 'table' | 'json'): void {
  const of = (name: string, figure: (run: Run) => number) =>
    median((runs.get(name) ?? []).map(figure));
  const rate = (name: string) => of(name, ({ podsPerSecond }) => podsPerSecond);
  const [none, go] = [rate('no extender'), rate('Go, dense')];
  const isValid = go >= GO_AT_LEAST * none;
  const rows = WAYS.map(({ name }) => ({
    name,
    podsPerSecond: (runs.get(name) ?? []).map(({ podsPerSecond }) => podsPerSecond),
    ofNone: rate(name) / none,
    ofGo: rate(name) / go,
    cpuMs: {
      extender: of(name, ({ cpuMs }) => cpuMs.extender),
      scheduler: of(name, ({ cpuMs }) => cpuMs.scheduler),
      apiServer: of(name, ({ cpuMs }) => cpuMs.apiServer),
      others: of(name, ({ cpuMs }) => cpuMs.others),
    },
  }));
  if (output === 'json') {
    console.log(JSON.stringify({ isValid, rows }, null, 2));
    return;
  }
  console.log(
    tableText([
      ['extender', 'pods/s, each round', 'of none', 'of Go', 'CPU a pod'],
      ...rows.map(({ name, podsPerSecond, ofNone, ofGo, cpuMs }) => [
        name,
        podsPerSecond.map((rate) => rate.toFixed(0)).join(', '),
        `${ofNone.toFixed(2)} x`,
        `${ofGo.toFixed(2)} x`,
        cpuInWords(cpuMs),
      ]),
    ]),
  );
  if (!isValid) {
    console.log(
      `not valid: the Go extender reached ${(go / none).toFixed(2)} of no extender, and ${GO_AT_LEAST} is what it can`,
    );
  }
}

function cpuInWords({ extender, scheduler, apiServer, others }: CpuMs): string {
  const said = { extender, scheduler, 'API server': apiServer, others };
  const parts = Object.entries(said).map(([who, ms]) => `${ms.toFixed(1)} ms ${who}`);
  return parts.join(' + ');
}

class SchedulerBench {
  readonly #plane: ControlPlane;
  readonly #hand: Hand;
  readonly #raw: RawClient;
  readonly #goPath: string;
  readonly #say: (line: string) => void;
  #runs = 0;

  private constructor(
    plane: ControlPlane,
    raw: RawClient,
    goPath: string,
    say: (line: string) => void,
  ) {
    this.#plane = plane;
    this.#hand = new Hand(plane.kubeConfig('admin'));
    this.#raw = raw;
    this.#goPath = goPath;
    this.#say = say;
  }

  static async prepare(plane: ControlPlane, say: (line: string) => void): Promise<SchedulerBench> {
    const goPath = await goOpponent('go-extender', plane.directory);
    const admin = plane.kubeConfig('admin');
    const objects = KubernetesObjectApi.makeApiClient(admin);
    for (const name of ['namespace.yaml', 'extender.yaml', 'devicehistory.yaml']) {
      const text = await readFile(join(ROOT, 'manifests/base', name), 'utf8');
      for (const object of loadAllYaml(text)) {
        if (object.kind !== 'Deployment') await objects.create(object);
      }
    }
    say(`creating ${NODES} nodes`);
    await createNodes(admin, { count: NODES, gpus: 8 });
    const raw = await RawClient.for({ admin, directory: plane.directory });
    await build(join(plane.directory, 'dist'));
    const bench = new SchedulerBench(plane, raw, goPath, say);
    for (let index = 1; index <= NODES; index += 1) {
      const names = index % 2 === 0 ? [EVERYWHERE] : [EVERYWHERE, HALF];
      const images = names.map((name) => ({ names: [name], sizeBytes: 12e9 }));
      await bench.#hand.patchNodeStatus(`gpu-${index}`, { images });
    }
    await bench.#meetFleet();
    return bench;
  }

  /** The histories of nodes that were never seen are written once, and not while it is measured. */
  async #meetFleet(): Promise<void> {
    const extender = await this.#startExtender('sparse');
    const api = deviceHistoryApi(this.#plane.kubeConfig('admin'));
    const { items } = await this.#hand.core.listNode();
    await eventually(
      'the histories of all nodes',
      async () => {
        const uuid = items.at(-1)?.status?.nodeInfo?.systemUUID;
        const last = await api.get(objectNameOf(`uuid:${uuid}`));
        return last.status !== undefined;
      },
      { timeoutSeconds: 120 },
    ).catch(() => this.#say('no history of the last node was written: it has none yet'));
    await sleep(5000);
    await extender?.child.stop();
  }

  /** From the first pod that is bound to the last, with a scheduler that finds them all waiting. */
  async run(way: Way): Promise<Run> {
    this.#runs += 1;
    const scheduler = `bench-${this.#runs}`;
    if (way.homesAway === true) await this.#sendAway();
    const extender = await this.#startExtender(way.extender);
    await this.#createPods(scheduler, way.halfCached === true ? HALF : EVERYWHERE);
    const used = { before: new Map<string, number>(), after: new Map<string, number>() };
    const bound = this.#watchBound(scheduler, async () => {
      used.before = await this.#cpuSeconds();
    });
    const before = await this.#historyRequests();
    const child = await this.#plane.startScheduler(scheduler, {
      extender: extender?.url ?? false,
      gates: way.gates,
    });
    try {
      const podsPerSecond = await bound;
      used.after = await this.#cpuSeconds();
      const requests = (await this.#historyRequests()) - before;
      if (requests > 0) this.#say(`${way.name}: ${requests} requests about histories meanwhile`);
      return { podsPerSecond, cpuMs: cpuMsAPod(used, scheduler, extender?.child.name) };
    } finally {
      await child.stop('SIGKILL');
      await extender?.child.stop();
      const unanswered = await this.#plane.unansweredCalls(scheduler);
      if (unanswered > 0) this.#say(`${way.name}: ${unanswered} calls were not answered in time`);
      await this.#hand.clear();
      if (way.homesAway === true) await this.#bringBack();
      await sleep(2000);
    }
  }

  /** What each program has used so far, and this one as well, by its name. */
  async #cpuSeconds(): Promise<Map<string, number>> {
    const { user, system } = process.cpuUsage();
    const used = new Map([['bench', (user + system) / 1e6]]);
    for (const { name, pid } of this.#plane.running) {
      if (pid !== undefined) used.set(name, (await usageOf(pid)).cpuSeconds);
    }
    return used;
  }

  /** What our writing costs the API server. */
  async #historyRequests(): Promise<number> {
    return sample(await this.#raw.metrics(), 'apiserver_request_total', {
      resource: 'devicehistories',
    });
  }

  async #startExtender(
    extender: Extender,
  ): Promise<{ readonly child: Child; readonly url: string } | undefined> {
    if (extender === 'none') return undefined;
    const [port = 0, admin = 0, page = 0] = await freePorts(3);
    const url = `http://127.0.0.1:${port}`;
    const name = `extender-${this.#runs}`;
    if (extender === 'go' || extender === 'go-one') {
      const flags = [`--listen=127.0.0.1:${port}`, `--one=${extender === 'go-one'}`];
      const child = this.#plane.start(name, this.#goPath, flags);
      await eventually('the Go extender', async () => {
        const body = JSON.stringify({ NodeNames: [] });
        return (await fetch(url, { method: 'POST', body })).ok;
      });
      return { child, url };
    }
    const child = this.#plane.start(name, 'env', [
      ...(await asTheImage(join(this.#plane.directory, 'dist/surefoot.mjs'))),
      'extender',
      `--config=${await this.#configFor(extender)}`,
      `--kubeconfig=${this.#plane.kubeconfigPath('extender')}`,
      `--listen=127.0.0.1:${port}`,
      `--admin=127.0.0.1:${admin}`,
      `--page=127.0.0.1:${page}`,
      '--drain=0',
    ]);
    await eventually('Surefoot to be ready', async () => {
      return (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok;
    });
    return { child, url };
  }

  async #configFor(scores: string): Promise<string> {
    const config = join(this.#plane.directory, `config-${scores}`);
    await mkdir(config, { recursive: true });
    await cp(join(ROOT, 'manifests/base/config'), config, { recursive: true });
    const path = join(config, 'extender.yaml');
    const text = await readFile(path, 'utf8');
    // Events cost the API server, and no opponent writes any.
    const quiet = text.replace(/^events: true$/m, 'events: false');
    await writeFile(path, `${quiet}mode: act\nscores: ${scores}\n`);
    return config;
  }

  async #createPods(schedulerName: string, image: string): Promise<void> {
    const names = Array.from({ length: PODS }, (_none, index) => `${schedulerName}-${index}`);
    const createSome = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        const one = pod(name, { image, schedulerName });
        Object.assign(one.spec ?? {}, { tolerations: [{ key: GPU, operator: 'Exists' }] });
        await this.#raw.create('pods', 'default', one);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, createSome));
  }

  /** Resolves with the rate once all pods of this scheduler are bound. */
  #watchBound(scheduler: string, onFirst: () => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const bound = new Set<string>();
      let firstAt = 0;
      let stop = () => {};
      const seen = (
        _type: string,
        { metadata, spec }: { metadata: { uid: string }; spec: { nodeName?: string } },
      ) => {
        if (!spec.nodeName || bound.has(metadata.uid)) return;
        if (bound.size === 0) {
          firstAt = performance.now();
          onFirst();
        }
        bound.add(metadata.uid);
        if (bound.size < PODS) return;
        stop();
        resolve(((PODS - 1) * 1000) / (performance.now() - firstAt));
      };
      const fieldSelector = `spec.schedulerName=${scheduler}`;
      new Watch(this.#plane.kubeConfig('admin'))
        .watch('/api/v1/pods', { fieldSelector }, seen, (error) => {
          if (bound.size < PODS)
            reject(error ?? new Error(`the watch ended at ${bound.size} pods`));
        })
        .then((controller) => {
          stop = () => controller.abort();
        }, reject);
    });
  }

  /** Slots of a kind of owner that is not asked whether it wants them back. */
  async #sendAway(): Promise<void> {
    const api = deviceHistoryApi(this.#plane.kubeConfig('admin'));
    const { items } = await this.#hand.core.listNode();
    const now = Date.now() / 1000;
    await Promise.all(
      items.slice(0, HOMES).map(async ({ metadata, status }, index) => {
        const host = `uuid:${status?.nodeInfo?.systemUUID}`;
        const departure: Departure = {
          slot: {
            key: `team-b/PyTorchJob/away/worker/${index}`,
            workload: 'team-b/PyTorchJob/away',
            interchangeable: false,
          },
          podUid: `away-${index}`,
          node: metadata?.name ?? '',
          cause: 'deleted',
          atSeconds: now,
          ranSeconds: 3600,
          devices: { resources: [{ resource: GPU, count: 8 }], claims: [] },
          images: [],
          coldStartForOthersSeconds: 20,
          homeUntilSeconds: now + 3600,
        };
        const history = {
          ...blankHistory(host),
          node: metadata?.name ?? '',
          departures: [departure],
        };
        const name = objectNameOf(host);
        // An earlier round has left histories of the pods that were there.
        await api.delete(name).catch(() => {});
        const made = await api.create(name);
        const version = made.metadata.resourceVersion ?? '';
        await api.replaceStatus(name, version, statusOf(history).status);
      }),
    );
  }

  async #bringBack(): Promise<void> {
    const api = deviceHistoryApi(this.#plane.kubeConfig('admin'));
    const { items } = await this.#hand.core.listNode();
    for (const { status } of items.slice(0, HOMES)) {
      await api.delete(objectNameOf(`uuid:${status?.nodeInfo?.systemUUID}`)).catch(() => {});
    }
  }
}

function cpuMsAPod(
  used: {
    readonly before: ReadonlyMap<string, number>;
    readonly after: ReadonlyMap<string, number>;
  },
  scheduler: string,
  extender: string | undefined,
): CpuMs {
  const sum = { extender: 0, scheduler: 0, apiServer: 0, others: 0 };
  for (const [name, seconds] of used.after) {
    const ms = ((seconds - (used.before.get(name) ?? seconds)) * 1000) / PODS;
    if (name === extender) sum.extender += ms;
    else if (name === scheduler) sum.scheduler += ms;
    else if (name === 'kube-apiserver') sum.apiServer += ms;
    else sum.others += ms;
  }
  return sum;
}
