import type { Logger } from 'pino';
import { parseAddress } from '../certs/serving/address.ts';
import { adminApp } from '../certs/serving/admin.ts';
import { configDirectory } from '../certs/serving/config-directory.ts';
import { RunningServer } from '../certs/serving/http.ts';
import { LastGood } from '../certs/serving/last-good.ts';
import type { Service } from '../certs/serving/lifecycle.ts';
import { programLog } from '../certs/serving/program-log.ts';
import {
  brokenReading,
  configurationMetrics,
  serviceRegistry,
} from '../certs/serving/service-metrics.ts';
import { builtInCatalogue } from './built-in-catalogue.ts';
import { DecisionRecord } from './decisions/record.ts';
import { Historian } from './historian.ts';
import { extenderMetrics } from './metrics.ts';
import { pageApp } from './page/api.ts';
import type { Controls } from './page/controls.ts';
import { Journal } from './page/journal.ts';
import { LiveFeed } from './page/live.ts';
import type { ControlName } from './page/shapes.ts';
import type { View } from './prioritize.ts';
import { extenderApp } from './server.ts';
import { extenderFiles } from './settings.ts';
import { MemoryStore } from './storage/memory.ts';
import { loadKubeConfig, namespaceSource, nodeSource, podSource } from './watch/api.ts';
import { Cluster } from './watch/cluster.ts';
import { namespaceFacts } from './watch/namespaces.ts';
import { nodeFacts } from './watch/nodes.ts';
import { podFacts } from './watch/pods.ts';
import { Reflector } from './watch/reflector.ts';

export interface ExtenderOptions {
  readonly config: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly listen: string;
  readonly admin: string;
  readonly page: string;
  /** How long to serve on after SIGTERM, so that no call is lost. */
  readonly drainSeconds: number;
  /** Seconds since 1970; default: the machine's clock. */
  readonly nowSeconds?: () => number;
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

/** How often homes that have ended are dropped. */
const PRUNE_INTERVAL_MS = 60_000;

/** Starts the extender. Throws WrongCall when a flag, the configuration or the kubeconfig is no good. */
export async function startExtender(options: ExtenderOptions): Promise<RunningExtender> {
  const { log = programLog('extender'), nowSeconds = wallSeconds } = options;
  const listen = parseAddress('--listen', options.listen);
  const admin = parseAddress('--admin', options.admin);
  const page = parseAddress('--page', options.page);
  const kubeConfig = loadKubeConfig(options);
  const config = await LastGood.loadForStart({
    ...configDirectory(options.config, extenderFiles),
    onSwap: () => {
      log.info('configuration changed');
      // A profile may have changed what a device is: see every pod with new eyes.
      pods.refresh();
    },
    onProblem: (problems) =>
      log.error({ problems }, 'configuration broken; the last good one stays'),
  });

  const registry = serviceRegistry('extender');
  configurationMetrics(registry, () => config);
  const metrics = extenderMetrics(registry);
  const cluster = new Cluster();
  const store = new MemoryStore();
  const decisions = new DecisionRecord();
  const journal = new Journal((entry) => live.wrote(entry));
  const historian = new Historian({
    cluster,
    store,
    catalogue: builtInCatalogue(),
    onSignal: metrics.signal,
    onBound: ({ uid, node = '' }, atSeconds) => decisions.bound(uid, node, atSeconds),
    witness: {
      touched: (node) => live.touched(node),
      nodeChanged: (...change) => journal.nodeChanged(...change),
      incidentsChanged: (...change) => journal.incidentsChanged(...change),
      departed: (...change) => journal.departed(...change),
    },
    log,
  });
  const profiles = () => config.value['profiles.yaml'].profiles;
  const view = (): View => ({
    cluster,
    homes: historian.homes,
    store,
    config: config.value['extender.yaml'],
    profiles: profiles(),
    nowSeconds: nowSeconds(),
  });
  const live = new LiveFeed({
    view,
    decisions,
    entries: (count) => journal.latest(count),
    controls: Object.keys(options.controls ?? {}) as ControlName[],
  });

  const namespaces = new Reflector(
    'namespaces',
    namespaceSource(kubeConfig),
    {
      read: namespaceFacts,
      changed: (namespace) => cluster.setNamespace(namespace),
      removed: (uid) => cluster.removeNamespace(uid),
    },
    { metrics: metrics.watch('namespaces'), log },
  );
  const nodes = new Reflector(
    'nodes',
    nodeSource(kubeConfig),
    {
      read: nodeFacts,
      changed: (node) => historian.nodeChanged(node, nowSeconds()),
      removed: (uid) => historian.nodeRemoved(uid, nowSeconds()),
    },
    { metrics: metrics.watch('nodes'), log },
  );
  const pods = new Reflector(
    'pods',
    podSource(kubeConfig),
    {
      read: (pod) => podFacts(pod, profiles()),
      changed: (pod, isListed) => historian.podChanged(pod, isListed, nowSeconds()),
      removed(uid, last) {
        if (last !== undefined) historian.podChanged(last, false, nowSeconds());
        historian.podRemoved(uid, nowSeconds());
      },
    },
    { metrics: metrics.watch('pods'), log },
  );
  const checks = [
    { name: 'namespaces-listed', missing: () => namespaces.missing() },
    { name: 'nodes-listed', missing: () => nodes.missing() },
    { name: 'pods-listed', missing: () => pods.missing() },
    { name: 'history-loaded', missing: () => store.missing() },
  ];
  const missing = () => checks.map((check) => check.missing()).find((why) => why !== undefined);

  let stopping = false;
  const server = await RunningServer.http(
    listen,
    extenderApp({ view, missing, decisions, metrics, log }),
  );
  const adminServer = await RunningServer.http(
    admin,
    adminApp(registry, [
      { name: 'not-stopping', missing: () => (stopping ? 'the program is stopping' : undefined) },
      { name: 'configuration', missing: () => undefined, remark: () => brokenReading(config) },
      ...checks,
    ]),
  );
  const pageServer = await RunningServer.http(
    page,
    pageApp({
      decisions,
      view,
      live,
      ...(options.controls !== undefined && { controls: options.controls }),
    }),
  );

  // Namespaces and nodes first: without them no pod could be judged.
  const watching = [namespaces.run(), nodes.run()];
  const listed = Promise.all([namespaces.listed(), nodes.listed()]);
  const following = listed.then(() => pods.run());
  void config.follow();
  const pruning = setInterval(() => historian.prune(nowSeconds()), PRUNE_INTERVAL_MS);
  const ports = { listen: server.port, admin: adminServer.port, page: pageServer.port };
  log.info(
    {
      port: ports.listen,
      admin: ports.admin,
      page: ports.page,
      mode: config.value['extender.yaml'].mode,
    },
    'serving',
  );

  return {
    ports,
    async stop() {
      stopping = true;
      clearInterval(pruning);
      config.stop();
      await server.stop(options.drainSeconds);
      live.stop();
      for (const reflector of [namespaces, nodes, pods]) reflector.stop();
      await Promise.all([...watching, following, adminServer.stop(0), pageServer.stop(0)]);
    },
  };
}

function wallSeconds(): number {
  return Date.now() / 1000;
}
