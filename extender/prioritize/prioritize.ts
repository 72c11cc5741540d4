import { asksForDevices } from '../../webhook/words/device.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import { endsOf } from '../decisions/ends.ts';
import type { Decision, OnNode } from '../decisions/record.ts';
import type { PodFacts } from '../facts/facts.ts';
import { podFacts } from '../facts/pods.ts';
import {
  type Answer,
  documentedLevels,
  type Level,
  type Losses,
  NO_SCORES,
  type Scores,
  sparseLevels,
} from '../forecast/level.ts';
import type { Forecast } from '../forecast/loss.ts';
import { lotsOf } from '../forecast/tie-break.ts';
import type { Runs } from '../homes/runs.ts';
import type { Cluster } from '../state/cluster.ts';
import type { View } from '../state/snapshot.ts';
import type { KindForecasts } from './forecast-cache.ts';
import { type Asked, forecastAtHome } from './home-candidate.ts';
import { relationOf } from './home-forecasts.ts';
import { Spares } from './spare-nodes.ts';
import type { Question } from './wire.ts';

export type Verdict =
  | { readonly kind: 'no opinion'; readonly reason: Reason }
  | { readonly kind: 'decision'; readonly decision: Decision; readonly answer: Scores };

/**
 * Forecasts one pod on every node asked about. A call is no evidence of a placement: gang
 * scheduling asks about placements that it then drops.
 */
export function prioritize(question: Question, view: View): Verdict {
  const pod = withEarlierRuns(podFacts(question.pod, view.profiles), view.runs);
  const { expectations } = pod;
  if (!asksForDevices(pod.devices)) return noOpinion('NoDevice', 'the pod asks for no device');
  const namespace = view.cluster.namespaceOptIn(pod.namespace);
  if (!isOptedIn(pod.optIn, namespace)) {
    return noOpinion('OptedOut', 'neither the pod nor its namespace has opted in');
  }
  if (expectations === undefined) {
    return noOpinion('UnknownProfile', 'no profile of profiles.yaml applies to the pod');
  }

  const { places, unknown } = question;
  const ofKind = view.boards.forecastsFor(pod, expectations, view);
  const lossSeconds = ofKind.lossSecondsOn(places);
  const own = ownForecasts({ places, lossSeconds }, ofKind, pod, expectations, view);
  const { scores, scoreOf } = answerFor({ places, lossSeconds }, pod.uid, view);
  const on = laterOn(own, ofKind.last, scoreOf);
  const told = endsOf(lossSeconds).flatMap((index) => on(places[index] as number) ?? []);
  const mode = modeIn(pod.namespace, view.config, namespace === 'observe');
  return {
    kind: 'decision',
    answer: mode === 'act' ? scores : NO_SCORES,
    decision: {
      atSeconds: view.nowSeconds,
      pod: { uid: pod.uid, namespace: pod.namespace, name: pod.name },
      mode,
      asked: places.length + unknown.size,
      unknownNodes: unknown.size,
      forecasts: told.map(({ forecast }) => forecast),
      levels: told.flatMap(levelIfTold),
      onNode: namedIn(view.cluster, on),
      remarks: expectations.remarks,
    },
  };
}

/**
 * Forecasts for this pod where they differ from those for any such: at homes, and where its scheduler has seen room and
 * we have not. By place; what is lost there goes into the list.
 */
function ownForecasts(
  { places, lossSeconds }: Losses,
  ofKind: KindForecasts,
  pod: PodFacts,
  expectations: Expectations,
  view: View,
): ReadonlyMap<number, Forecast> {
  const isHome = placesOfHomes(view);
  const on = forecasterAtHomes(
    { pod, expectations, view },
    ofKind,
    new Spares(places, isHome, view),
  );
  const own = new Map<number, Forecast>();
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index] as number;
    if (isHome[place] !== 1 && !ofKind.isFull(place)) continue;
    const plain = ofKind.last(place);
    const made = plain && on(place, plain);
    if (made === undefined || made === plain) continue;
    own.set(place, made);
    lossSeconds[index] = made.lossSeconds;
  }
  return own;
}

/** Of one question; by itself, for a loop that a function is made in is slow, and there are thousands of places. */
function forecasterAtHomes(
  asked: Asked,
  ofKind: KindForecasts,
  spares: Spares,
): (place: number, plain: Forecast) => Forecast {
  const { pod, view } = asked;
  const { homes, cluster, nowSeconds } = view;
  const leftAtSeconds = new Map(
    homes.of(pod.slot, nowSeconds).map(({ node, atSeconds }) => [node, atSeconds]),
  );
  const board = ofKind.homeBoard(relationOf(pod, homes));
  const elsewhere = board.begin(spares, view);
  return (place, plain) => {
    const node = cluster.at(place);
    if (node === undefined) return plain;
    const left = leftAtSeconds.get(node.name);
    // Of the pod's own place, and where it comes before it was seen to leave, nobody else could use the forecast.
    if (plain.candidate.isFull || (left !== undefined && !pod.slot.interchangeable)) {
      return forecastAtHome(node, plain, left, asked, spares);
    }
    return (
      board.last(place, plain, view) ??
      board.keep(place, forecastAtHome(node, plain, left, asked, elsewhere), plain, view)
    );
  };
}

type OnPlace = (place: number) => ReturnType<OnNode>;

/** By itself, so that it holds none of the lists. */
function laterOn(
  own: ReadonlyMap<number, Forecast>,
  last: KindForecasts['last'],
  scoreOf: Answer['scoreOf'],
): OnPlace {
  return (place) => {
    const forecast = own.get(place) ?? last(place);
    return forecast && { forecast, score: scoreOf(place, forecast.lossSeconds) };
  };
}

/** For whoever asks later, when the node of the pod is known. */
function namedIn({ names }: Cluster, on: OnPlace): OnNode {
  return (name) => {
    const found = on(names.placeOf(name));
    // Another node may have got the place of one that is gone.
    return found?.forecast.candidate.node === name ? found : undefined;
  };
}

function levelIfTold({ forecast, score }: NonNullable<ReturnType<OnNode>>): readonly Level[] {
  return score === undefined ? [] : [{ node: forecast.candidate.node, score }];
}

/** An answer with the nodes' names. */
export function levelsIn({ places, scores }: Scores, cluster: Cluster): readonly Level[] {
  return [...places].flatMap((place, index) => {
    const node = cluster.at(place);
    return node === undefined ? [] : [{ node: node.name, score: scores[index] as number }];
  });
}

const NOBODYS_HOME = new Uint8Array();

/** 1 at the place of each node that is the home of a slot that is away: mostly none or few. */
function placesOfHomes({ homes, cluster: { names } }: View): Uint8Array {
  if (homes.isEmpty) return NOBODYS_HOME;
  const isHome = new Uint8Array(names.places);
  for (const name of homes.nodes()) {
    const place = names.placeOf(name);
    if (place >= 0) isHome[place] = 1;
  }
  return isHome;
}

/**
 * Where the pod does not say how long it will run, its workload's earlier ones do, if any has completed. And it
 * is placed for no longer than they have stayed: then it can be placed anew.
 */
function withEarlierRuns(pod: PodFacts, runs: Runs): PodFacts {
  const { expectations, slot } = pod;
  if (expectations === undefined) return pod;
  const { saysDuration, durationSeconds: said } = expectations;
  const runSeconds = saysDuration ? said : (runs.expectedSeconds(slot.workload) ?? said);
  const durationSeconds = Math.min(runSeconds, runs.staySeconds(slot.workload) ?? runSeconds);
  return durationSeconds === said
    ? pod
    : { ...pod, expectations: { ...expectations, durationSeconds } };
}

function answerFor(losses: Losses, podUid: string, { config, cluster: { names } }: View): Answer {
  const { scores, halvingSeconds } = config;
  if (scores === 'documented') return documentedLevels(losses, halvingSeconds);
  const lotOf = lotsOf(podUid);
  return sparseLevels(losses, halvingSeconds, (place) => lotOf(names.hashAt(place)));
}

function noOpinion(code: Reason['code'], words: string): Verdict {
  return { kind: 'no opinion', reason: { code, words } };
}
