import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { type ApiOptions, loadKubeConfig, namespaceOf } from '../../certs/cluster/kube-config.ts';
import { LeaderElector, replicaIdentity } from '../../certs/cluster/lease.ts';
import { leaseApi } from '../../certs/cluster/lease-api.ts';
import { parseAddress } from '../../certs/serving/address.ts';
import { adminApp } from '../../certs/serving/admin.ts';
import { RunningServer } from '../../certs/serving/http.ts';
import { LastGood } from '../../certs/serving/last-good.ts';
import type { Service } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import {
  brokenReading,
  configurationMetrics,
  serviceRegistry,
} from '../../certs/serving/service-metrics.ts';
import { EventWriter, eventSink, noteOf } from '../decisions/event-writer.ts';
import { ClusterLeader } from '../ingest/leader.ts';
import { Unmapped } from '../ingest/unmapped.ts';
import { Watches } from '../ingest/watches.ts';
import { extenderMetrics } from '../metrics.ts';
import { evictor } from '../release/evictor.ts';
import { releaseMetrics } from '../release/metrics.ts';
import { releasesInCluster } from '../release/release-store.ts';
import { Releaser } from '../release/releaser.ts';
import { type ReleaseSettings, releaseDirectory } from '../release/settings.ts';
import { type ExtenderSettings, extenderDirectory } from '../settings.ts';
import { catalogueInForce } from './context.ts';
import { Engine } from './engine.ts';

export interface ReleaseOptions extends ApiOptions {
  /** Directory with profiles.yaml and extender.yaml. */
  readonly config: string;
  /** Directory with release.yaml. */
  readonly rules: string;
  readonly admin: string;
  /** Default: one JSON object a line on standard output. */
  readonly log?: Logger;
}

/** A program that releases pods. */
export interface RunningRelease extends Service {
  readonly ports: { readonly admin: number };
}

/** Name of the Lease of the replica that decides. */
const LEASE = 'surefoot-release';
const ROUND_MS = 2000;
const TICK_MS = 1000;

/**
 * Starts the program that releases pods. It sees what a replica of the extender sees that does not lead, by the same code,
 * and records none of it. Throws WrongCall when a flag, the configuration or the kubeconfig is no good.
 */
export async function startRelease(options: ReleaseOptions): Promise<RunningRelease> {
  const { log = programLog('release') } = options;
  const admin = parseAddress('--admin', options.admin);
  const kubeConfig = loadKubeConfig(options);
  const onProblem = (problems: readonly string[]) =>
    log.error({ problems }, 'configuration broken; the last good one stays');
  const config = await LastGood.loadForStart({ ...extenderDirectory(options.config), onProblem });
  const rules = await LastGood.loadForStart({ ...releaseDirectory(options.rules), onProblem });
  const registry = serviceRegistry('release', config.value.cluster);
  configurationMetrics(registry, () => rules);
  const parts: Parts = { kubeConfig, config, rules, registry, identity: replicaIdentity(), log };
  const seeing = whatIsSeen(parts);
  const { history, engine, watches } = seeing;
  const { releaser, elector } = whoDecides(parts, seeing);

  let isStopping = false;
  const server = await RunningServer.http(
    admin,
    adminApp(registry, [
      {
        name: 'not-stopping',
        missing: () => (isStopping ? 'the program is stopping' : undefined),
      },
      { name: 'history-loaded', missing: () => history.missing() },
      {
        name: 'configuration',
        missing: () => undefined,
        remark: () => brokenReading(config) ?? brokenReading(rules),
      },
      ...watches.checks,
    ]),
  );
  void config.follow();
  void rules.follow();
  const timers: NodeJS.Timeout[] = [];
  let leading: Promise<void> | undefined;
  const begin = async () => {
    await history.load();
    if (isStopping) return;
    engine.ingest.restoreHomes();
    await watches.start();
    if (isStopping) return;
    timers.push(
      setInterval(() => engine.tick(nowSeconds()), TICK_MS),
      setInterval(() => {
        releaser.round().catch((error) => log.error({ err: error }, 'a round failed; going on'));
      }, ROUND_MS),
    );
    leading = elector.run();
  };
  const starting = begin();
  log.info({ admin: server.port, mode: rules.value.mode }, 'serving');

  return {
    ports: { admin: server.port },
    async stop() {
      isStopping = true;
      for (const timer of timers) clearInterval(timer);
      // While the Lease is ours: what is under way comes to its end, and nothing begins.
      await releaser.stop();
      config.stop();
      rules.stop();
      elector.stop();
      await Promise.all([watches.stop(), history.stop()]);
      await Promise.all([starting, leading, server.stop(0)]);
    },
  };
}

type Files<Value> = LastGood<ReadonlyMap<string, string>, Value>;

/** What both halves are made with. */
interface Parts {
  readonly kubeConfig: KubeConfig;
  readonly config: Files<ExtenderSettings>;
  readonly rules: Files<ReleaseSettings>;
  readonly registry: Registry;
  readonly identity: string;
  readonly log: Logger;
}

interface Seeing {
  readonly history: ClusterLeader;
  readonly engine: Engine;
  readonly watches: Watches;
}

/** The facts, as an extender has them that does not lead. */
function whatIsSeen({ kubeConfig, config, identity, log }: Parts): Seeing {
  // What an extender counts, this is none of.
  const unseen = extenderMetrics(new Registry());
  const history = new ClusterLeader({
    kubeConfig,
    identity,
    namespace: namespaceOf(kubeConfig),
    nowSeconds,
    onWritten: unseen.historyWritten,
    onGap() {},
    watchMetrics: unseen.watch('devicehistories'),
    onlyFollows: true,
    log,
  });
  const catalogue = catalogueInForce(config);
  const profiles = () => config.value.profiles;
  const engine = new Engine({
    store: history.store,
    catalogue,
    config: () => config.value.extender,
    profiles,
    log,
  });
  const { ingest, cluster, devices } = engine;
  const watches = new Watches({
    kubeConfig,
    ingest,
    cluster,
    devices,
    unmapped: new Unmapped(),
    catalogue,
    profiles,
    topology: () => config.value.extender.topology,
    everyPod: { seen() {}, removed() {} },
    nowSeconds,
    metrics: unseen.watch,
    onGap() {},
    log,
  });
  config.subscribe(() => watches.refresh());
  return { history, engine, watches };
}

/** Who decides, and whether it is this replica's turn. */
function whoDecides(
  { kubeConfig, rules, registry, identity, log }: Parts,
  { engine, watches }: Seeing,
) {
  const namespace = namespaceOf(kubeConfig);
  const elector = new LeaderElector({
    api: leaseApi(kubeConfig, namespace, LEASE),
    identity,
    duty: 'deciding about releases',
    log,
    onLead() {},
    onLost() {},
  });
  const events = new EventWriter({
    sink: eventSink(kubeConfig, identity, {
      controller: 'surefoot.dev/release',
      action: 'Releasing',
    }),
    onResult() {},
    log,
    nowMs: () => performance.now(),
  });
  const releaser: Releaser = new Releaser({
    snapshot: () => engine.snapshot(nowSeconds()),
    settings: () => rules.value,
    decide(pod, nodes) {
      const { index } = engine.cluster;
      const indexes = Int32Array.from(nodes, (node) => index.of(node));
      return engine.decide(pod, indexes, nowSeconds());
    },
    stale: () => watches.podsStale(),
    isLeader: () => elector.isLeading,
    evictor: evictor(kubeConfig),
    store: releasesInCluster(kubeConfig, namespace),
    tell(pod, { how, words }) {
      const reason = how === 'evicted' ? 'Released' : 'ReleaseAdvised';
      events.write(pod, { reason, type: 'Warning', note: noteOf(words) }, nowSeconds());
    },
    metrics: releaseMetrics(registry, {
      held: () => releaser.held().length,
      isSuspended: () => releaser.isSuspended,
      leads: () => elector.isLeading,
    }),
    log,
  });
  return { releaser, elector };
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
