import { namespaceOf } from '../../certs/cluster/kube-config.ts';
import { serverTime } from '../../certs/cluster/server-time.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import type { Placements } from '../decisions/placements.ts';
import type { Decision, DecisionRecord } from '../decisions/record.ts';
import type { PodFacts } from '../facts/facts.ts';
import { CanLift } from '../gates/can-lift.ts';
import { Endings } from '../gates/endings.ts';
import { GatedPods } from '../gates/gated-pods.ts';
import { Lifter } from '../gates/lifter.ts';
import { gateMetrics } from '../gates/metrics.ts';
import { Overdue } from '../gates/overdue.ts';
import { podWriter } from '../gates/pod-writer.ts';
import { wouldHaveWaited } from '../gates/would-have-waited.ts';
import type { Context } from './context.ts';
import type { Engine } from './engine.ts';

/** What has to do with pods that wait at our gate. */
export interface Gates {
  readonly gated: GatedPods;
  readonly lifter: Lifter;
  readonly overdue: Overdue;
  readonly canLift: CanLift;
}

/** A forecast of one node for one pod is good for so long, in seconds: plans are made many times a second. */
const FORECAST_SECONDS = 2;

/** `podsStale`: why what is known of pods may be old. */
export function gatesOf(
  engine: Engine,
  { placements, decisions }: { placements: Placements; decisions: DecisionRecord },
  podsStale: () => string | undefined,
  { config, kubeConfig, registry, nowSeconds, log }: Context,
): Gates {
  const { cluster, ingest } = engine;
  const metrics = gateMetrics(registry, {
    waiting: () => gated.size,
    oldestSeconds: () => gated.oldestSeconds(nowSeconds()),
    heldDeviceSeconds: () => lifter.heldDeviceSeconds,
    canLift: () => canLift.cannot() === undefined,
  });
  const writer = podWriter(kubeConfig);
  const decide = rememberedDecisions(engine, nowSeconds);
  const endings = new Endings();
  const gated = new GatedPods(() => lifter.changed());
  const lifter = new Lifter({
    gated,
    endings,
    writer,
    snapshot: () => engine.snapshot(nowSeconds()),
    decide,
    isLeader: () => ingest.isLeader,
    onWaiting: (pod, { decision, reason }) => placements.waits(pod, decision, reason),
    onLifted(how, waited, pod, { reason, decision }) {
      const { namespace, name } = pod;
      metrics.lifted(how, waited);
      if (reason.code !== 'NoHome') placements.waits(pod, decision, reason);
      log.debug({ pod: `${namespace}/${name}`, how }, reason.words);
    },
    onWithdrawn: () => metrics.withdrawn(),
    onRefused: (error) => canLift.refused(error),
    log,
  });
  const canLift = new CanLift({
    writer,
    gated,
    blind: () =>
      ingest.isLeader ? podsStale() : 'this replica does not lead, so another one lifts',
    namespace: namespaceOf(kubeConfig),
    nowMs: () => performance.now(),
    log,
  });
  const overdue = new Overdue({
    gated,
    writer,
    pod: (uid) => cluster.pod(uid),
    serverSeconds: async () => (await serverTime(kubeConfig)).getTime() / 1000,
    nowSeconds,
    onLifted({ namespace, name }, waited) {
      metrics.lifted('overdue', waited);
      log.warn({ pod: `${namespace}/${name}`, waited }, 'its gate was overdue, and was lifted');
    },
    log,
  });
  ingest.subscribe({
    podChanged(pod, at) {
      endings.podChanged(pod, at);
      if (pod.isTerminating || pod.node !== undefined) lifter.changed();
    },
    podRemoved(pod, at) {
      endings.podRemoved(pod, at);
      lifter.changed();
    },
    nodeChanged: () => lifter.changed(),
    bound(pod, at, seen) {
      // What was bound before we looked has no decision here.
      if (seen === 'listed') return;
      const mayOnlyObserve = cluster.namespaceOptIn(pod.namespace) === 'observe';
      if (modeIn(pod.namespace, config.value.extender, mayOnlyObserve) === 'act') return;
      const waiting = wouldHaveWaited({ pod, snapshot: engine.snapshot(at), endings, decide });
      if (waiting !== undefined) decisions.remark(pod.uid, waiting);
    },
  });
  return { gated, lifter, overdue, canLift };
}

/** Decisions on one node are kept for a moment; those on many are asked for once in a plan anyway. */
function rememberedDecisions(engine: Engine, nowSeconds: () => number) {
  const { index } = engine.cluster;
  let since = Number.NEGATIVE_INFINITY;
  const kept = new Map<string, Decision | undefined>();
  return (pod: PodFacts, nodes: readonly string[]): Decision | undefined => {
    const now = nowSeconds();
    const decide = () =>
      engine.decide(
        pod,
        Int32Array.from(nodes, (node) => index.of(node)),
        now,
      );
    const [only] = nodes;
    if (nodes.length !== 1 || only === undefined) return decide();
    if (now - since > FORECAST_SECONDS) {
      kept.clear();
      since = now;
    }
    const key = `${pod.uid} ${only} ${engine.cluster.versions[index.of(only)]}`;
    if (!kept.has(key)) kept.set(key, decide());
    return kept.get(key);
  };
}
