import type { Logger } from 'pino';
import { loadKubeConfig, namespaceOf } from '../certs/cluster/kube-config.ts';
import { replicaIdentity } from '../certs/cluster/lease.ts';
import { parseAddress } from '../certs/serving/address.ts';
import { adminApp } from '../certs/serving/admin.ts';
import { Bound } from '../certs/serving/bound.ts';
import { Callers } from '../certs/serving/connections.ts';
import { RunningServer } from '../certs/serving/http.ts';
import { LastGood } from '../certs/serving/last-good.ts';
import { type Service, WrongCall } from '../certs/serving/lifecycle.ts';
import { programLog } from '../certs/serving/program-log.ts';
import {
  brokenReading,
  configurationMetrics,
  serviceRegistry,
} from '../certs/serving/service-metrics.ts';
import { startTlsServer } from '../certs/serving/tls-server.ts';
import { placementEvent } from './decisions/emit.ts';
import { EventWriter, eventSink } from './decisions/event-writer.ts';
import { Placements } from './decisions/placements.ts';
import { DecisionRecord } from './decisions/record.ts';
import { Ingest } from './ingest/ingest.ts';
import { clusterLeader, memoryLeader } from './ingest/leader.ts';
import { Unmapped } from './ingest/unmapped.ts';
import { WatchGaps } from './ingest/watch-gaps.ts';
import { Watches } from './ingest/watches.ts';
import { extenderMetrics } from './metrics.ts';
import { NodeHints } from './node-labels/hazard-labels.ts';
import { HomeHints } from './node-labels/home-labels.ts';
import { nodeMarker } from './node-labels/node-writer.ts';
import { pageApp } from './page/api.ts';
import type { Controls } from './page/controls.ts';
import { Journal } from './page/journal.ts';
import { LiveFeed } from './page/live.ts';
import type { ControlName } from './page/shapes.ts';
import { shownSignals, timeOf } from './page/shown.ts';
import { ForecastCache } from './prioritize/forecast-cache.ts';
import { extenderApp } from './prioritize/server.ts';
import { extenderDirectory } from './settings.ts';
import { builtInCatalogue } from './signals/built-in-catalogue.ts';
import { catalogueOf } from './signals/catalogue.ts';
import { Cluster } from './state/cluster.ts';
import { DynamicResources } from './state/dra.ts';
import { RatesOfFleet } from './state/fleet-rates.ts';
import type { Snapshot } from './state/snapshot.ts';
import type { HistoryChanged } from './storage/store.ts';

export interface ExtenderOptions {
  readonly config: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly listen: string;
  /** Directory with tls.crt and tls.key: the scheduler asks over HTTPS; absent: in the clear, for loopback. */
  readonly tlsDir?: string;
  /** File with the CA of the scheduler's client certificate; absent: whoever reaches the port may ask. */
  readonly clientCa?: string;
  /** Common name in that certificate. */
  readonly clientName?: string;
  readonly admin: string;
  readonly page: string;
  /** How long to serve on after SIGTERM, so that no call is lost. */
  readonly drainSeconds: number;
  /** Seconds since 1970; default: the machine's clock. */
  readonly nowSeconds?: () => number;
  /** `cluster`: in DeviceHistory objects; `memory`: for as long as this process lives. */
  readonly history: 'cluster' | 'memory';
  /** How often states that wait are looked at again; default: every second. */
  readonly tickMs?: number;
  /** What people may do from the page; default: nothing. */
  readonly controls?: Controls;
  /** Default: one JSON object a line on standard output. */
  readonly log?: Logger;
}

/** An extender that serves. */
export interface RunningExtender extends Service {
  /** The ports it was given, or found free where it was given 0. */
  readonly ports: { readonly listen: number; readonly admin: number; readonly page: number };
}

/** What kube-scheduler's certificate calls it (kubeadm, and RBAC's default bindings). */
const SCHEDULER_NAME = 'system:kube-scheduler';
/** What may wait: a scheduler asks about one pod at a time, and a cluster has a handful of schedulers. */
const MOST_QUESTIONS = 64;
const MOST_QUESTION_BYTES = 64 * 2 ** 20;
/** How often homes that have ended are dropped. */
const PRUNE_INTERVAL_MS = 60_000;
/** How often nodes are marked for schedulers that do not ask us, where that is wanted. */
const HINTS_INTERVAL_MS = 5000;
/** How often states that wait are looked at again, and commonCauses looked for. */
const TICK_INTERVAL_MS = 1000;

/** Starts the extender. Throws WrongCall when a flag, the configuration or the kubeconfig is no good. */
export async function startExtender(options: ExtenderOptions): Promise<RunningExtender> {
  const { log = programLog('extender'), nowSeconds = wallSeconds } = options;
  const listen = parseAddress('--listen', options.listen);
  const admin = parseAddress('--admin', options.admin);
  const page = parseAddress('--page', options.page);
  const clients = clientsOf(options);
  const kubeConfig = loadKubeConfig(options);
  const config = await LastGood.loadForStart({
    ...extenderDirectory(options.config),
    onSwap: () => {
      log.info('configuration changed');
      catalogue = catalogueOf(builtIn, config.value.extender.catalogue);
      // What a device is may have changed, or what is a sign: see everything with new eyes.
      watches.refresh();
    },
    onProblem: (problems) =>
      log.error({ problems }, 'configuration broken; the last good one stays'),
  });

  const builtIn = builtInCatalogue();
  let catalogue = catalogueOf(builtIn, config.value.extender.catalogue);
  const registry = serviceRegistry('extender', config.value.cluster);
  configurationMetrics(registry, () => config);
  const metrics = extenderMetrics(registry);
  const cluster = new Cluster();
  const devices = new DynamicResources();
  const unmapped = new Unmapped();
  const decisions = new DecisionRecord();
  const journal = new Journal((entry) => live.wrote(entry));
  const onChange: HistoryChanged = (before, after) => {
    const node = cluster.onHost(after.host);
    live.touched(node?.name);
    if (node === undefined) return;
    journal.incidentsChanged(node, before.incidents, after.incidents, nowSeconds());
  };
  const watchGaps = new WatchGaps(({ fromSeconds, toSeconds, why }) => {
    const gap = { from: timeOf(fromSeconds), to: timeOf(toSeconds), why };
    log.warn(gap, 'what came and went in this time was not seen');
    metrics.uncovered(toSeconds - fromSeconds);
  });
  const identity = replicaIdentity();
  const keeper =
    options.history === 'memory'
      ? memoryLeader(nowSeconds, onChange)
      : clusterLeader({
          kubeConfig,
          identity,
          namespace: namespaceOf(kubeConfig),
          nowSeconds,
          onChange,
          onWritten: metrics.historyWritten,
          onGap: (from, to) => watchGaps.missed(from, to, 'no replica kept the history'),
          watchMetrics: metrics.watch('devicehistories'),
          log,
        });
  const { store } = keeper;
  const ingest = new Ingest({
    cluster,
    devices,
    store,
    catalogue: () => catalogue,
    onSignal: metrics.signal,
    onBound: (...binding) => placements.bound(...binding),
    witness: {
      touched: (node) => live.touched(node),
      nodeChanged: (...change) => journal.nodeChanged(...change),
      departed: (...change) => journal.departed(...change),
    },
    log,
  });
  metrics.countHistory({
    isLeader: () => ingest.isLeader,
    unwritten: () => keeper.unwritten,
    unmapped: () => unmapped.list().length,
  });
  const rates = new RatesOfFleet(cluster, store);
  const forecastCache = new ForecastCache();
  const profiles = () => config.value.profiles;
  const snapshot = (): Snapshot => ({
    cluster,
    homes: ingest.homes,
    pulls: ingest.pulls,
    runs: ingest.runs,
    devices,
    store,
    rates: rates.current,
    config: config.value.extender,
    profiles: profiles(),
    nowSeconds: nowSeconds(),
  });
  const events = new EventWriter({
    sink: eventSink(kubeConfig, identity),
    onResult: metrics.event,
    log,
    nowMs: () => performance.now(),
  });
  const placements = new Placements({
    decisions,
    snapshot,
    onPlaced(how, decision) {
      metrics.placed(how);
      const { events: areTold } = config.value.extender;
      if (decision?.mode !== 'act' || !areTold) return;
      const event = placementEvent(decision);
      if (event !== undefined) events.tell(decision.pod, event, nowSeconds());
    },
  });
  const live = new LiveFeed({
    snapshot,
    decisions,
    entries: (count) => journal.latest(count),
    controls: Object.keys(options.controls ?? {}) as ControlName[],
    cluster: () => config.value.cluster,
    alarm: () => placements.alarm(nowSeconds()),
  });
  const watches = new Watches({
    kubeConfig,
    ingest,
    cluster,
    devices,
    unmapped,
    catalogue: () => catalogue,
    profiles,
    nowSeconds,
    metrics: metrics.watch,
    onGap(kind, seconds) {
      const why = `the watch of ${kind} had to be begun anew with a list`;
      watchGaps.missed(nowSeconds() - seconds, nowSeconds(), why);
    },
    log,
  });
  const marking = {
    marker: nodeMarker(kubeConfig),
    snapshot,
    isLeader: () => ingest.isLeader,
    log,
  };
  const hints = new NodeHints({ ...marking, onMarked: metrics.marked });
  metrics.countUnmarked(() => hints.unmarked);
  const homeHints = new HomeHints({ ...marking, onMarked: metrics.markedHome });
  const checks = [
    { name: 'history-loaded', missing: () => keeper.missing(), remark: () => keeper.remark() },
    { name: 'asked', missing: () => undefined, remark: () => placements.alarm(nowSeconds()) },
    ...watches.checks,
  ];
  const missing = () => checks.map((check) => check.missing()).find((why) => why !== undefined);

  let stopping = false;
  const callers = new Callers();
  const bound = new Bound({
    requests: MOST_QUESTIONS,
    bytes: MOST_QUESTION_BYTES,
    onShed: () => metrics.shed(),
    callers,
  });
  const app = extenderApp({
    bound: bound.handler,
    nodes: cluster.index,
    snapshot,
    cache: forecastCache,
    missing,
    decisions,
    onAsked: (pod, scheduler) => placements.asked(pod, scheduler, nowSeconds()),
    metrics,
    log,
  });
  const server =
    options.tlsDir === undefined
      ? await RunningServer.http(listen, app, callers)
      : await startTlsServer({
          tlsDir: options.tlsDir,
          ...(clients !== undefined && { clients }),
          callers,
          address: listen,
          listener: app,
          registry,
          log,
        });
  const adminServer = await RunningServer.http(
    admin,
    adminApp(registry, [
      { name: 'not-stopping', missing: () => (stopping ? 'the program is stopping' : undefined) },
      { name: 'configuration', missing: () => undefined, remark: () => brokenReading(config) },
      ...checks,
      ...('check' in server ? [server.check] : []),
    ]),
  );
  const pageServer = await RunningServer.http(
    page,
    pageApp({
      signals: () =>
        shownSignals({
          catalogue,
          keepsHistory: ingest.isLeader,
          sightings: ingest.sightings(),
          unmapped: unmapped.list(),
          gaps: watchGaps.list(),
        }),
      decisions,
      snapshot,
      live,
      ...(options.controls !== undefined && { controls: options.controls }),
    }),
  );

  const starting = (async () => {
    // What is stored first: a slot whose pod is found again must be known to have been away.
    await keeper.load();
    ingest.restoreHomes();
    await watches.start();
    rates.reckon(nowSeconds());
    collectGarbage();
    if (!stopping) keeper.start(ingest);
  })();
  void config.follow();
  let alarm: string | undefined;
  const prune = async () => {
    // By a clock that is wrong for one round, everything would be over.
    if (await keeper.confirms(nowSeconds())) ingest.prune(nowSeconds());
  };
  const pruning = setInterval(() => {
    void prune();
    const before = alarm;
    alarm = placements.alarm(nowSeconds());
    if (before === undefined && alarm !== undefined) log.warn(alarm);
  }, PRUNE_INTERVAL_MS);
  const ticking = setInterval(() => {
    ingest.tick(nowSeconds());
    rates.tick(nowSeconds());
    forecastCache.renew(snapshot());
    void homeHints.round();
  }, options.tickMs ?? TICK_INTERVAL_MS);
  const hinting = setInterval(() => void hints.round(), HINTS_INTERVAL_MS);
  const ports = { listen: server.port, admin: adminServer.port, page: pageServer.port };
  log.info(
    {
      port: ports.listen,
      admin: ports.admin,
      page: ports.page,
      mode: config.value.extender.mode,
    },
    'serving',
  );

  return {
    ports,
    async stop() {
      stopping = true;
      clearInterval(pruning);
      clearInterval(ticking);
      clearInterval(hinting);
      config.stop();
      await server.stop(options.drainSeconds);
      live.stop();
      await Promise.all([watches.stop(), keeper.stop()]);
      await Promise.all([starting, adminServer.stop(0), pageServer.stop(0)]);
    },
  };
}

/** Who may ask over HTTPS. Throws WrongCall when the flags do not go together. */
function clientsOf({ tlsDir, clientCa, clientName }: ExtenderOptions) {
  if (clientCa === undefined) {
    if (clientName === undefined) return undefined;
    throw new WrongCall('--client-name: nobody is asked for a name; add --client-ca FILE');
  }
  if (tlsDir === undefined) {
    throw new WrongCall('--client-ca: nobody shows a certificate without TLS; add --tls-dir DIR');
  }
  return { authorityPath: clientCa, name: clientName ?? SCHEDULER_NAME };
}

/**
 * What was read and let go again while the fleet was listed is half of the memory; left alone, the collector would
 * keep room for it for good. A tenth of a second with 5,000 nodes, once. Only where Node is started with
 * `--expose-gc`, as in the image.
 */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function wallSeconds(): number {
  return Date.now() / 1000;
}
