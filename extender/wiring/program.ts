import { namespaceOf } from '../../certs/cluster/kube-config.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import { EventWriter, eventSink } from '../decisions/event-writer.ts';
import { NodeEvents } from '../decisions/node-events.ts';
import { placementOf } from '../decisions/placed.ts';
import { placementEvent } from '../decisions/placement-event.ts';
import { Placements } from '../decisions/placements.ts';
import { RaisedHosts } from '../decisions/raised-hosts.ts';
import { DecisionRecord } from '../decisions/record.ts';
import { timeOf } from '../facts/timestamp.ts';
import { ClusterLeader, type Leader, memoryLeader } from '../ingest/leader.ts';
import { podsPastGrace } from '../ingest/past-grace.ts';
import { Unmapped } from '../ingest/unmapped.ts';
import { NOT_PREPARED, UnpreparedPods } from '../ingest/unprepared-pods.ts';
import { WatchGaps } from '../ingest/watch-gaps.ts';
import { Watches } from '../ingest/watches.ts';
import { HazardLabels } from '../node-labels/hazard-labels.ts';
import { HomeLabels } from '../node-labels/home-labels.ts';
import { nodeWriter } from '../node-labels/node-writer.ts';
import { LiveFeed } from '../page/live.ts';
import type { ControlName } from '../page/shapes.ts';
import { askPrometheus } from '../prometheus/client.ts';
import { PrometheusPoller } from '../prometheus/poller.ts';
import { standingByRow } from '../prometheus/standing.ts';
import { PlacementBook } from '../savings/placement-book.ts';
import { placementsInCluster, placementsInMemory } from '../savings/placement-days.ts';
import type { Context } from './context.ts';
import { Engine } from './engine.ts';
import { gatesOf } from './gates.ts';
import { journalOf } from './journal.ts';
import type { ExtenderOptions } from './options.ts';

/** The parts of a running extender; each is given only what was made before it. */
export type Program = ReturnType<typeof composeProgram>;

/** Makes all parts. Nothing runs yet. */
export function composeProgram(options: ExtenderOptions, context: Context) {
  const { config, catalogue, metrics, nowSeconds, log } = context;
  const watchGaps = new WatchGaps(({ fromSeconds, toSeconds, why }) => {
    const gap = { from: timeOf(fromSeconds), to: timeOf(toSeconds), why };
    log.warn(gap, 'what came and went in this time was not seen');
    metrics.uncovered(toSeconds - fromSeconds);
  });
  const leader = leaderFor(options, context, watchGaps);
  const unmapped = new Unmapped();
  const engine = new Engine({
    store: leader.store,
    catalogue,
    config: () => config.value.extender,
    profiles: () => config.value.profiles,
    onSignal: metrics.signal,
    onUnmapped: (node, kind, at) => unmapped.onEvent({ node, namespace: '', unmapped: kind }, at),
    log,
  });
  const { cluster, devices, ingest } = engine;
  metrics.countPastGrace(() =>
    ingest.isLeader ? podsPastGrace(cluster.pods(), nowSeconds()).length : 0,
  );
  metrics.countHistory({
    isLeader: () => ingest.isLeader,
    unwritten: () => leader.unwritten,
    unmapped: () => unmapped.list().length,
  });
  const decisions = new DecisionRecord();
  const events = eventWriterOf(context);
  const book = placementBook(options, context);
  const placements = placementsOf(engine, { decisions, events, book }, context);
  const unprepared = unpreparedOf(engine, events, context);
  tellOfNodes(engine, events, context);
  const raisedHosts = new RaisedHosts({
    snapshot: () => engine.snapshot(nowSeconds()),
    isLeader: () => engine.ingest.isLeader,
  });
  const live = liveFeed(engine, { decisions, placements }, options, context);
  const watches = new Watches({
    kubeConfig: context.kubeConfig,
    ingest,
    cluster,
    devices,
    unmapped,
    catalogue,
    profiles: () => config.value.profiles,
    topology: () => config.value.extender.topology,
    everyPod: {
      seen: (pod, at) => gates.gated.seen(pod, at),
      removed: (uid) => gates.gated.removed(uid),
    },
    nowSeconds,
    metrics: metrics.watch,
    onGap(kind, seconds) {
      const why = `the watch of ${kind} had to be begun anew with a list`;
      watchGaps.add(nowSeconds() - seconds, nowSeconds(), why);
    },
    log,
  });
  const prometheus = prometheusOf(engine, context);
  const gates = gatesOf(engine, { placements, decisions }, () => watches.podsStale(), context);
  // What a device is may have changed, or what is a sign: everything is read again.
  config.subscribe(() => watches.refresh());
  const labels = nodeLabels(engine, context);
  return {
    leader,
    engine,
    unmapped,
    watchGaps,
    decisions,
    placements,
    book,
    raisedHosts,
    unprepared,
    live,
    watches,
    gates,
    prometheus,
    ...labels,
  };
}

function leaderFor(options: ExtenderOptions, context: Context, watchGaps: WatchGaps): Leader {
  const { kubeConfig, identity, metrics, nowSeconds, log } = context;
  if (options.history === 'memory') return memoryLeader(nowSeconds);
  return new ClusterLeader({
    kubeConfig,
    identity,
    namespace: namespaceOf(kubeConfig),
    nowSeconds,
    onWritten: metrics.historyWritten,
    onGap: (from, to) => watchGaps.add(from, to, 'no replica kept the history'),
    watchMetrics: metrics.watch('devicehistories'),
    log,
  });
}

function eventWriterOf({ kubeConfig, identity, metrics, log }: Context): EventWriter {
  return new EventWriter({
    sink: eventSink(kubeConfig, identity),
    onResult: metrics.event,
    log,
    nowMs: () => performance.now(),
  });
}

/** Events about nodes, where the installation acts. */
function tellOfNodes(engine: Engine, events: EventWriter, { config, nowSeconds }: Context): void {
  const told = new NodeEvents({
    snapshot: () => engine.snapshot(nowSeconds()),
    isLeader: () => engine.ingest.isLeader,
    write({ name, uid }, event) {
      const { events: areWanted, mode } = config.value.extender;
      if (!areWanted || mode !== 'act') return;
      events.write({ kind: 'Node', namespace: '', name, uid }, event, nowSeconds());
    },
  });
  engine.store.subscribe({ stored: (before, after) => told.stored(before, after) });
}

/** Counts pods that came in unprepared, and tells each that it did. */
function unpreparedOf(
  { cluster, ingest }: Engine,
  events: EventWriter,
  { config, metrics, nowSeconds, log }: Context,
): UnpreparedPods {
  const unprepared = new UnpreparedPods({
    pods: () => cluster.pods(),
    namespaceOptIn: (name) => cluster.namespaceOptIn(name),
    acts: (namespace) => modeIn(namespace, config.value.extender, false) === 'act',
    isLeader: () => ingest.isLeader,
    onFound(pod) {
      const { namespace, name } = pod;
      log.warn(
        { pod: `${namespace}/${name}` },
        'came in unprepared: the webhook did not answer in time',
      );
      if (config.value.extender.events) events.write(pod, NOT_PREPARED, nowSeconds());
    },
  });
  metrics.countUnprepared(() => unprepared.count);
  return unprepared;
}

/** Where the sums of placements are kept. */
function placementBook({ history }: ExtenderOptions, { kubeConfig, log }: Context): PlacementBook {
  const store =
    history === 'memory'
      ? placementsInMemory()
      : placementsInCluster(kubeConfig, namespaceOf(kubeConfig));
  return new PlacementBook(store, log);
}

interface PlacementParts {
  readonly decisions: DecisionRecord;
  readonly events: EventWriter;
  readonly book: PlacementBook;
}

/** Joins bindings with decisions, counts them, and tells pods about them. */
function placementsOf(
  engine: Engine,
  { decisions, events, book }: PlacementParts,
  { metrics, nowSeconds }: Context,
): Placements {
  const snapshot = () => engine.snapshot(nowSeconds());
  const placements = new Placements({
    decisions,
    snapshot,
    onPlaced(how, decision) {
      metrics.placed(how);
      const placement = decision && placementOf(decision);
      if (placement !== undefined) book.add(decision?.pod.workload ?? '', placement);
      if (how !== 'Asked' || decision?.mode !== 'act' || !snapshot().config.events) return;
      const event = placementEvent(decision);
      if (event !== undefined) events.write(decision.pod, event, nowSeconds());
    },
  });
  engine.ingest.subscribe({ bound: (...binding) => placements.bound(...binding) });
  return placements;
}

/** What the page is sent as it happens. */
function liveFeed(
  engine: Engine,
  { decisions, placements }: { decisions: DecisionRecord; placements: Placements },
  options: ExtenderOptions,
  { config, nowSeconds }: Context,
): LiveFeed {
  const journal = journalOf(engine, nowSeconds);
  const live = new LiveFeed({
    snapshot: () => engine.snapshot(nowSeconds()),
    decisions,
    entries: (count) => journal.latest(count),
    controls: Object.keys(options.controls ?? {}) as ControlName[],
    cluster: () => config.value.cluster,
    alarm: () => placements.alarm(nowSeconds()),
    ...(options.story !== undefined && { story: options.story }),
  });
  journal.subscribe((entry) => live.wrote(entry));
  const { cluster, ingest, store } = engine;
  ingest.subscribe({ touched: (node) => live.touched(node) });
  store.subscribe({ stored: (_before, after) => live.touched(cluster.onHost(after.host)?.name) });
  return live;
}

/** Asks the Prometheus of the configuration for signs of faults. */
function prometheusOf({ cluster, ingest, store }: Engine, context: Context): PrometheusPoller {
  const { config, catalogue, metrics, nowSeconds, log } = context;
  return new PrometheusPoller({
    settings: () => config.value.extender.prometheus,
    catalogue,
    ask: askPrometheus,
    isLeader: () => ingest.isLeader,
    isNode: (name) => cluster.node(name) !== undefined,
    standing: (rows) => standingByRow(store.all(), rows),
    measured: (row, node, found) => ingest.measured(row, node, found, nowSeconds()),
    forget: (isAsked) => ingest.forgetMeasured(isAsked),
    onAsked: metrics.askedPrometheus,
    onUnheard: metrics.unheard,
    nowSeconds,
    nowMs: () => performance.now(),
    log,
  });
}

/** The labels of nodes for schedulers that do not ask us. */
function nodeLabels(engine: Engine, { kubeConfig, metrics, nowSeconds, log }: Context) {
  const deps = {
    writer: nodeWriter(kubeConfig),
    snapshot: () => engine.snapshot(nowSeconds()),
    isLeader: () => engine.ingest.isLeader,
    log,
  };
  const hazardLabels = new HazardLabels({ ...deps, onLabelled: metrics.marked });
  metrics.countUnmarked(() => hazardLabels.unlabelled);
  const homeLabels = new HomeLabels({ ...deps, onLabelled: metrics.markedHome });
  return { hazardLabels, homeLabels };
}
