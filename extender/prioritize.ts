import { asksForDevices } from '../webhook/words/device.ts';
import { type Mode, modeIn } from '../webhook/words/mode.ts';
import { isOptedIn } from '../webhook/words/opt-in.ts';
import type { DeviceProfile } from '../webhook/words/profile.ts';
import type { Reason } from '../webhook/words/reason.ts';
import { busyDaysOn } from './clock.ts';
import type { Decision } from './decisions/record.ts';
import type { Candidate } from './forecast/candidate.ts';
import { type Displacement, displacement, type Returning } from './forecast/displaced.ts';
import { imagesOnNode } from './forecast/images.ts';
import { documentedLevels, type Level, sparseLevels } from './forecast/level.ts';
import { type Forecast, forecast } from './forecast/loss.ts';
import type { Departure } from './history/departure.ts';
import { countAsked, holdsDevices, type NodeFacts, type PodFacts } from './history/facts.ts';
import type { Homes } from './history/homes.ts';
import { type DeviceChoice, type DeviceHost, hazardFor, ofResource } from './history/pod-hazard.ts';
import type { FleetRates } from './history/rates.ts';
import type { Runs } from './history/runs.ts';
import type { Pulls } from './pulls.ts';
import type { ExtenderConfig } from './settings.ts';
import { Spares } from './spares.ts';
import type { HistoryStore } from './storage/store.ts';
import type { Cluster } from './watch/cluster.ts';
import type { DynamicResources } from './watch/dra.ts';
import { podFacts } from './watch/pods.ts';
import type { Question } from './wire.ts';

const SECONDS_PER_DAY = 86_400;

/** All that an answer is made from; nothing here is changed by asking. */
export interface View {
  readonly cluster: Cluster;
  readonly homes: Homes;
  readonly pulls: Pulls;
  readonly runs: Runs;
  readonly devices: Pick<DynamicResources, 'seen'>;
  readonly store: HistoryStore;
  readonly rates: FleetRates;
  readonly config: ExtenderConfig;
  readonly profiles: readonly DeviceProfile[];
  readonly nowSeconds: number;
}

export type Verdict =
  | { readonly kind: 'no opinion'; readonly reason: Reason }
  | { readonly kind: 'decision'; readonly decision: Decision; readonly answer: readonly Level[] };

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

  const { config, nowSeconds } = view;
  const homes = new Map(
    view.homes.of(pod.slot, nowSeconds).map((departure) => [departure.node, departure]),
  );
  const nodes = question.nodes
    .map((name) => view.cluster.node(name))
    .filter((facts) => facts !== undefined);
  const spares = new Spares(nodes, view);
  const forecasts = nodes.map((node) =>
    forecast(candidateOf(node, pod, homes.get(node.name), spares, view), expectations),
  );
  const levels = levelsOf(forecasts, config, pod.uid);
  const mode: Mode = namespace === 'observe' ? 'observe' : modeIn(pod.namespace, config);
  return {
    kind: 'decision',
    answer: mode === 'act' ? levels : [],
    decision: {
      atSeconds: nowSeconds,
      pod: { uid: pod.uid, namespace: pod.namespace, name: pod.name },
      mode,
      asked: question.nodes.length,
      unknownNodes: question.nodes.length - nodes.length,
      forecasts,
      levels,
      remarks: expectations.remarks,
    },
  };
}

/** Where the pod does not say how long it will run, its workload's earlier ones do, if any has completed. */
function withEarlierRuns(pod: PodFacts, runs: Runs): PodFacts {
  const { expectations } = pod;
  const durationSeconds = runs.expectedSeconds(pod.slot.workload);
  if (expectations === undefined || expectations.saysDuration) return pod;
  return durationSeconds === undefined
    ? pod
    : { ...pod, expectations: { ...expectations, durationSeconds } };
}

function levelsOf(
  forecasts: readonly Forecast[],
  { scores, halvingSeconds }: ExtenderConfig,
  podUid: string,
): readonly Level[] {
  if (forecasts.length === 0) return [];
  return scores === 'documented'
    ? documentedLevels(forecasts, halvingSeconds)
    : sparseLevels(forecasts, halvingSeconds, podUid);
}

function candidateOf(
  node: NodeFacts,
  pod: PodFacts,
  home: Departure | undefined,
  spares: Spares,
  view: View,
): Candidate {
  const { faultsPerDay, hazard, incidents } = hazardOn(node, pod, view);
  const displaced = displacementOn(node, pod, spares, view);
  return {
    node: node.name,
    ...imagesOn(node, pod, view),
    ...(home !== undefined && { homeSinceSeconds: home.atSeconds }),
    faultsPerDay,
    hazard,
    incidents,
    displacedSeconds: displaced.seconds,
    displacedSlots: displaced.slots,
  };
}

function imagesOn(
  node: NodeFacts,
  { images }: PodFacts,
  { cluster, pulls, config, nowSeconds }: View,
): Pick<
  Candidate,
  'missingBytes' | 'presentBytes' | 'arrivedBytes' | 'unknownImages' | 'pullBytesPerSecond'
> {
  const pullBytesPerSecond = pulls.bytesPerSecond(node, config.pullBytesPerSecond);
  const there = images.map((image) => {
    const bytes = cluster.images.bytesOf(image);
    const since = pulls.pulledSinceSeconds(node.name, image);
    return {
      image,
      ...(bytes !== undefined && { bytes }),
      isThere: cluster.images.isOn(node, image, nowSeconds),
      ...(since !== undefined && { pulledSinceSeconds: since }),
    };
  });
  return {
    ...imagesOnNode(there, cluster.images.averageBytes, pullBytesPerSecond, nowSeconds),
    pullBytesPerSecond,
  };
}

function hazardOn(
  node: NodeFacts,
  pod: PodFacts,
  view: View,
): Pick<Candidate, 'faultsPerDay' | 'hazard' | 'incidents'> {
  const { cluster, rates } = view;
  const host = deviceHost(node, view);
  const horizonDays = (pod.expectations?.durationSeconds ?? 0) / SECONDS_PER_DAY;
  const choices = [
    ...pod.devices.resources.map(({ resource, count }) => ({
      isOf: ofResource(resource),
      count,
      total: node.devices.get(resource)?.capacity ?? 0,
      busy: cluster.busyDevices(node.name, resource),
    })),
    ...claimed(node, pod, view),
  ];
  const hazards = choices.map((choice) => hazardFor(choice, host, rates, horizonDays));
  const [worst = { times: 1 }] = hazards.toSorted((a, b) => b.times - a.times);
  return {
    faultsPerDay: hazards.reduce((sum, hazard) => sum + hazard.faultsPerDay, 0),
    hazard: worst,
    incidents: hazards.flatMap((hazard) => hazard.incidents),
  };
}

/** Each claim is taken to be for one of the devices that the node publishes, whichever. */
function claimed(
  { name }: NodeFacts,
  { devices: { claims } }: PodFacts,
  { devices }: View,
): readonly DeviceChoice[] {
  if (claims.length === 0) return [];
  const published = new Set(devices.seen(name).map(({ id }) => id));
  return [
    {
      isOf: ({ resource, device = '' }) => resource === undefined || published.has(device),
      count: claims.length,
      total: published.size,
      busy: NONE,
    },
  ];
}

const NONE: ReadonlySet<string> = new Set();

/** What is known of the devices of a node. */
export function deviceHost(
  node: NodeFacts,
  { cluster, store, nowSeconds }: Pick<View, 'cluster' | 'store' | 'nowSeconds'>,
): DeviceHost {
  const { incidents, devices } = store.get(node.host);
  // A pod's work is either in the newest exposure or still running; faults count once they are written.
  const newest = store.draft(node.host);
  const busyDays = busyDaysOn(node, newest, cluster, nowSeconds);
  return { incidents, exposure: newest.exposure, devices, busyDays, nowSeconds };
}

const NOBODY_DISPLACED: Displacement = { seconds: 0, slots: 0 };

function displacementOn(node: NodeFacts, pod: PodFacts, spares: Spares, view: View): Displacement {
  const { cluster, homes, config, nowSeconds } = view;
  const returning = homes
    .on(node.name, nowSeconds)
    .filter((departure) => departure.slot.key !== pod.slot.key && wouldReturn(departure, cluster));
  if (returning.length === 0) return NOBODY_DISPLACED;
  const freeAfterPod = new Map(
    [...node.devices.keys()].map((resource) => [
      resource,
      cluster.freeDevices(node, resource) - countAsked(pod, resource),
    ]),
  );
  return displacement(
    returning.map((departure) => returningFrom(departure, node, pod, spares, view)),
    freeAfterPod,
    config.pullBytesPerSecond,
  );
}

/**
 * A slot that left a broken device is not coming back to it, and one whose last pod has not let
 * go of its devices yet will find those free.
 */
function wouldReturn({ cause, podUid }: Departure, cluster: Cluster): boolean {
  const last = cluster.pod(podUid);
  return cause !== 'device fault' && (last === undefined || !holdsDevices(last));
}

function returningFrom(
  departure: Departure,
  home: NodeFacts,
  pod: PodFacts,
  spares: Spares,
  { cluster, nowSeconds }: View,
): Returning {
  const needs = new Map(
    departure.devices.resources.map(({ resource, count }) => [resource, count] as const),
  );
  return {
    needs,
    isSibling: departure.slot.workload === pod.slot.workload,
    // Reckoned only for those that are displaced: it looks at every spare.
    bytesToPullElsewhere: () =>
      departure.images
        .filter(
          (image) => cluster.images.isOn(home, image, nowSeconds) && !spares.have(image, needs),
        )
        .reduce((sum, image) => sum + (cluster.images.bytesOf(image) ?? 0), 0),
    coldStartSeconds: departure.coldStartForOthersSeconds,
  };
}

function noOpinion(code: Reason['code'], words: string): Verdict {
  return { kind: 'no opinion', reason: { code, words } };
}
