import { asksForDevices } from '../../webhook/words/device.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import { bestAndWorst } from '../decisions/best-and-worst.ts';
import type { Decision, ForecastOn, Offer } from '../decisions/record.ts';
import { devicesAskedBy, type PodFacts } from '../facts/facts.ts';
import { podFacts } from '../facts/pods.ts';
import {
  type Answer,
  documentedLevels,
  type Losses,
  NO_SCORES,
  type NodeScore,
  type Preferred,
  type Scores,
  sparseLevels,
} from '../forecast/level.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import { tieBreakHashes } from '../forecast/tie-break.ts';
import type { Runs } from '../homes/runs.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { ForecastCache, KindForecasts } from './forecast-cache.ts';
import { type GangDomains, gangDomains } from './gang-domains.ts';
import { type Asked, forecastAtHome } from './home-candidate.ts';
import { relationOf } from './home-forecasts.ts';
import { homesNotOffered } from './home-not-offered.ts';
import { SpareNodes } from './spare-nodes.ts';
import type { Question } from './wire.ts';

export type Verdict =
  | { readonly kind: 'no opinion'; readonly reason: Reason }
  | { readonly kind: 'decision'; readonly decision: Decision; readonly answer: Scores };

/**
 * Forecasts one pod on every node asked about. A call is no evidence of a placement: gang
 * scheduling asks about placements that it then drops.
 */
export function prioritize(question: Question, snapshot: Snapshot, cache: ForecastCache): Verdict {
  return decide(podFacts(question.pod, snapshot.profiles), question, snapshot, cache);
}

/** As `prioritize`, for a pod whose facts are known already. */
export function decide(
  facts: PodFacts,
  { nodeIndexes, unknown }: Pick<Question, 'nodeIndexes' | 'unknown'>,
  snapshot: Snapshot,
  cache: ForecastCache,
): Verdict {
  const { pod, runSeconds } = withLearnedDuration(facts, snapshot.runs);
  const { expectations } = pod;
  if (!asksForDevices(pod.devices)) return noOpinion('NoDevice', 'the pod asks for no device');
  const namespace = snapshot.cluster.namespaceOptIn(pod.namespace);
  if (!isOptedIn(pod.optIn, namespace)) {
    return noOpinion('OptedOut', 'neither the pod nor its namespace has opted in');
  }
  if (expectations === undefined) {
    return noOpinion('UnknownProfile', 'no profile of profiles.yaml applies to the pod');
  }

  const ofKind = cache.forecastsFor(pod, expectations, snapshot);
  const lossSeconds = ofKind.lossSecondsOn(nodeIndexes);
  const gang = cache.dependsOn('siblings')
    ? gangDomains({ pod, expectations, snapshot, nodeIndexes, runSeconds, ofKind })
    : undefined;
  const isGathering = gang?.isGathering ?? false;
  const asked: Asked = { pod, expectations, snapshot, isGathering };
  const own = ownForecasts({ nodeIndexes, lossSeconds }, ofKind, asked);
  gang?.addTo(lossSeconds);
  const losses = { nodeIndexes, lossSeconds };
  const { scores, scoreOf } = answerFor(losses, pod.uid, gang?.preferred, snapshot);
  const on = forecastAndScore(own, gang?.on, ofKind.last, scoreOf);
  const ends = bestAndWorst(lossSeconds).flatMap((at) => on(nodeIndexes[at] as number) ?? []);
  const mode = modeIn(pod.namespace, snapshot.config, namespace === 'observe');
  return {
    kind: 'decision',
    answer: mode === 'act' ? scores : NO_SCORES,
    decision: {
      atSeconds: snapshot.nowSeconds,
      pod: {
        uid: pod.uid,
        namespace: pod.namespace,
        name: pod.name,
        workload: pod.slot.workload,
      },
      mode,
      asked: nodeIndexes.length + unknown.size,
      unknownNodes: unknown.size,
      forecasts: ends.map(({ forecast }) => forecast),
      ...(lossSeconds.length > 0 && { offer: offerOf(pod, lossSeconds, own) }),
      scores: ends.flatMap(nodeScore),
      forecastOn: byName(snapshot.cluster, on),
      remarks: [
        ...expectations.remarks,
        ...homesNotOffered(pod, nodeIndexes, snapshot),
        ...(gang?.remarks ?? []),
      ],
    },
  };
}

/**
 * Forecasts for this very pod where they differ from those for its kind: on homes, and where its scheduler has seen
 * room and we have not. By node index. Replaces the losses in the list.
 */
function ownForecasts(
  { nodeIndexes, lossSeconds }: Losses,
  ofKind: KindForecasts,
  asked: Asked,
): ReadonlyMap<number, Forecast> {
  const isHome = homeFlags(asked.snapshot);
  const spareNodes = new SpareNodes(nodeIndexes, isHome, asked.snapshot);
  const on = homeForecaster(asked, ofKind, spareNodes);
  const own = new Map<number, Forecast>();
  for (let at = 0; at < nodeIndexes.length; at += 1) {
    const nodeIndex = nodeIndexes[at] as number;
    if (isHome[nodeIndex] !== 1 && !ofKind.isFull(nodeIndex)) continue;
    const plain = ofKind.last(nodeIndex);
    const made = plain && on(nodeIndex, plain);
    if (made === undefined || made === plain) continue;
    own.set(nodeIndex, made);
    lossSeconds[at] = made.lossSeconds;
  }
  return own;
}

/** A function of its own: V8 runs the loop over thousands of nodes slowly when it creates a function inside. */
function homeForecaster(
  asked: Asked,
  ofKind: KindForecasts,
  spareNodes: SpareNodes,
): (nodeIndex: number, plain: Forecast) => Forecast {
  const { pod, snapshot } = asked;
  const { homes, cluster, nowSeconds } = snapshot;
  const { isGathering = false } = asked;
  const leftAtSeconds = new Map(
    (isGathering ? [] : homes.of(pod.slot, nowSeconds)).map(({ node, atSeconds }) => [
      node,
      atSeconds,
    ]),
  );
  const relation = relationOf(pod, homes);
  const kept = ofKind.homeForecastsFor(isGathering ? `gathers ${relation}` : relation);
  const elsewhere = kept.begin(spareNodes, snapshot);
  return (nodeIndex, plain) => {
    const node = cluster.at(nodeIndex);
    if (node === undefined) return plain;
    const left = leftAtSeconds.get(node.name);
    // Nobody else could use the forecast of the pod's own home, or of a node that we see as full.
    if (plain.candidate.isFull || (left !== undefined && !pod.slot.interchangeable)) {
      return forecastAtHome(node, plain, left, asked, spareNodes);
    }
    return (
      kept.last(nodeIndex, plain, snapshot) ??
      kept.keep(nodeIndex, forecastAtHome(node, plain, left, asked, elsewhere), plain, snapshot)
    );
  };
}

/** What there was to choose from. A function of its own, so that the loop is compiled by itself. */
function offerOf(
  pod: PodFacts,
  lossSeconds: Float64Array,
  own: ReadonlyMap<number, Forecast>,
): Offer {
  let sum = 0;
  for (let at = 0; at < lossSeconds.length; at += 1) sum += lossSeconds[at] as number;
  return {
    devices: devicesAskedBy(pod),
    averageLossSeconds: sum / lossSeconds.length,
    hasHome: own.values().some(({ candidate }) => candidate.homeSinceSeconds !== undefined),
  };
}

type OnNodeIndex = (nodeIndex: number) => ReturnType<ForecastOn>;

/** A function of its own, so that what it returns refers to no list of the question. */
function forecastAndScore(
  own: ReadonlyMap<number, Forecast>,
  domainOn: GangDomains['on'] | undefined,
  last: KindForecasts['last'],
  scoreOf: Answer['scoreOf'],
): OnNodeIndex {
  return (nodeIndex) => {
    const alone = own.get(nodeIndex) ?? last(nodeIndex);
    if (alone === undefined) return undefined;
    const domain = domainOn?.(nodeIndex);
    const { candidate, expectations, terms } = alone;
    const made =
      domain === undefined ? alone : forecast({ ...candidate, domain }, expectations, terms);
    return { forecast: made, score: scoreOf(nodeIndex, made.lossSeconds) };
  };
}

function byName({ index }: Cluster, on: OnNodeIndex): ForecastOn {
  return (name) => {
    const found = on(index.of(name));
    // Another node may have taken the index of one that is gone.
    return found?.forecast.candidate.node === name ? found : undefined;
  };
}

function nodeScore({ forecast, score }: NonNullable<ReturnType<ForecastOn>>): readonly NodeScore[] {
  return score === undefined ? [] : [{ node: forecast.candidate.node, score }];
}

/** An answer with the nodes' names. */
export function namedScores(
  { nodeIndexes, scores }: Scores,
  cluster: Cluster,
): readonly NodeScore[] {
  return [...nodeIndexes].flatMap((nodeIndex, at) => {
    const node = cluster.at(nodeIndex);
    return node === undefined ? [] : [{ node: node.name, score: scores[at] as number }];
  });
}

const NO_HOMES = new Uint8Array();

/** By node index: 1 for the home of a slot that is away. Mostly there are none or few. */
function homeFlags({ homes, cluster: { index } }: Snapshot): Uint8Array {
  if (homes.isEmpty) return NO_HOMES;
  const isHome = new Uint8Array(index.capacity);
  for (const name of homes.nodes()) {
    const nodeIndex = index.of(name);
    if (nodeIndex >= 0) isHome[nodeIndex] = 1;
  }
  return isHome;
}

/**
 * Where the pod does not say how long it will run, the completed runs of its workload do. It is placed for no longer
 * than its workload's pods have stayed, because it can be placed again after that.
 */
function withLearnedDuration(
  pod: PodFacts,
  runs: Runs,
): { readonly pod: PodFacts; readonly runSeconds: number } {
  const { expectations, slot } = pod;
  if (expectations === undefined) return { pod, runSeconds: 0 };
  const { saysDuration, durationSeconds: said } = expectations;
  const runSeconds = saysDuration ? said : (runs.expectedSeconds(slot.workload) ?? said);
  const durationSeconds = Math.min(runSeconds, runs.staySeconds(slot.workload) ?? runSeconds);
  return durationSeconds === said
    ? { pod, runSeconds }
    : { pod: { ...pod, expectations: { ...expectations, durationSeconds } }, runSeconds };
}

function answerFor(
  losses: Losses,
  podUid: string,
  preferred: Preferred | undefined,
  { config, cluster: { index } }: Snapshot,
): Answer {
  const { scores, halvingSeconds } = config;
  if (scores === 'documented') return documentedLevels(losses, halvingSeconds);
  const tieBreakHash = tieBreakHashes(podUid);
  const hashAt = (nodeIndex: number) => tieBreakHash(index.hashAt(nodeIndex));
  return sparseLevels(losses, halvingSeconds, hashAt, preferred);
}

function noOpinion(code: Reason['code'], words: string): Verdict {
  return { kind: 'no opinion', reason: { code, words } };
}
