import type { NodeScore } from '../../extender/forecast/level.ts';
import { FITTED } from '../../extender/hazard/fitted.ts';
import type { Incident } from '../../extender/history/incident.ts';
import { ForecastCache } from '../../extender/prioritize/forecast-cache.ts';
import { namedScores, prioritize, type Verdict } from '../../extender/prioritize/prioritize.ts';
import { named } from '../../extender/prioritize/wire.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { GPU, makeImages, makeIncident, makeNode, makePodFacts } from './facts.ts';
import { makeIngest } from './ingest.ts';
import { makePod } from './pod.ts';
import { makeSnapshot } from './snapshot.ts';

/** When the pod is asked about. */
export const NOW = 1_000_000;
export const IMAGE = 'registry.example/train:1';
const DAY = 86_400;
export const DEVICE_RATE = FITTED.priorDeviceFaultsPerDay;
export const NODE_RATE = FITTED.priorNodeFaultsPerDay;

/** What is special about one node. */
export interface Special {
  /** Bytes of the pod's image that it has: all of an image of that size. */
  readonly cachedBytes?: number;
  /** Ages in busy days of device faults, each of a device of its own. */
  readonly faultsDaysAgo?: readonly number[];
  readonly incidents?: readonly Partial<Incident>[];
  /** The pod's slot ran here last, and left this long ago. */
  readonly leftSecondsAgo?: number;
  readonly leftBecause?: 'crash' | 'device fault';
  /** A slot of another workload of eight devices left here and will be back. */
  readonly homeOfAnother?: boolean;
  /** Another pod has been pulling the image here for so long. */
  readonly pullingForSeconds?: number;
}

export interface World {
  readonly nodes: Readonly<Record<string, Special>>;
  /** Size of the image as some node elsewhere lists it. */
  readonly imageBytes?: number;
  readonly gpus?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Seconds that pods of its workload have run until they were done. */
  readonly earlierRuns?: readonly number[];
  /** How long earlier pods have stayed, whatever ended them. */
  readonly earlierStays?: readonly number[];
  /** In which order the scheduler names the nodes; default: as they are above. */
  readonly asked?: readonly string[];
}

/** A small cluster, and what is answered for one pod of it. */
export function askIn({
  nodes,
  imageBytes,
  gpus = 1,
  annotations = {},
  earlierRuns = [],
  earlierStays = [],
  asked = Object.keys(nodes),
}: World): {
  readonly verdict: Verdict;
  readonly seconds: Readonly<Record<string, number>>;
  readonly best: readonly string[];
  /** All that the scheduler is told. */
  readonly answer: readonly NodeScore[];
} {
  const made = makeIngest();
  const { ingest, cluster } = made;
  // Somebody elsewhere lists the image, so that its size is known; it is not asked about.
  if (imageBytes !== undefined) {
    ingest.nodeChanged(makeNode({ name: 'elsewhere', images: makeImages([IMAGE, imageBytes]) }), 0);
  }
  for (const [name, special] of Object.entries(nodes)) setNode(made, name, special, gpus);
  for (const [index, ranSeconds] of earlierRuns.entries()) {
    ingest.runs.completed('team-a/Pod/train-0', { atSeconds: index * 100, ranSeconds });
  }
  for (const [index, ranSeconds] of earlierStays.entries()) {
    ingest.runs.left('team-a/Pod/train-0', { atSeconds: index * 100, ranSeconds });
  }
  const snapshot = makeSnapshot(made, { nowSeconds: NOW });
  const verdict = prioritize(
    { pod: asking(gpus, annotations), ...named(asked, cluster.index), sentWholeNodes: false },
    snapshot,
    new ForecastCache(),
  );
  if (verdict.kind !== 'decision') return { verdict, seconds: {}, best: [], answer: [] };
  const { forecasts, scores } = verdict.decision;
  const most = Math.max(...scores.map(({ score }) => score));
  return {
    verdict,
    seconds: Object.fromEntries(
      forecasts.map(({ candidate, lossSeconds }) => [candidate.node, lossSeconds]),
    ),
    best: scores.filter(({ score }) => score === most).map(({ node }) => node),
    answer: namedScores(verdict.answer, cluster),
  };
}

function asking(gpus: number, annotations: Readonly<Record<string, string>>): Pod {
  const quantity = { [GPU]: String(gpus) };
  return makePod({
    metadata: {
      name: 'train-0',
      uid: 'asking',
      annotations: { 'surefoot.dev/profile': 'nvidia', ...annotations },
    },
    container: { image: IMAGE, resources: { requests: quantity, limits: quantity } },
  });
}

function setNode(
  { ingest, store }: ReturnType<typeof makeIngest>,
  name: string,
  special: Special,
  gpus: number,
): void {
  const { cachedBytes, faultsDaysAgo = [], incidents = [], pullingForSeconds } = special;
  const images = cachedBytes === undefined ? [] : makeImages([IMAGE, cachedBytes]);
  ingest.nodeChanged(makeNode({ name, images, createdAtSeconds: -NOW * 100 }), 0);
  setHomes(ingest, name, special, gpus);
  if (pullingForSeconds !== undefined) {
    const { startedAtSeconds: _none, ...waiting } = makePodFacts({
      name: `waiting-${name}`,
      node: name,
      phase: 'Pending',
      images: [IMAGE],
      boundAtSeconds: NOW - pullingForSeconds,
      devices: { resources: [], claims: ['none'] },
    });
    ingest.podChanged(waiting, false, NOW - pullingForSeconds);
  }
  const history = store.draft(`uuid:${name}`);
  const busyDays = 1000;
  store.put({
    ...history,
    exposure: { ...history.exposure, busyDays },
    incidents: [
      ...faultsDaysAgo.map((days, index) =>
        makeIncident({ id: `f${index}`, device: `GPU-${index}`, endedAtBusyDays: busyDays - days }),
      ),
      ...incidents.map((one, index) => makeIncident({ id: `i${index}`, ...one })),
    ],
  });
}

function setHomes(
  ingest: ReturnType<typeof makeIngest>['ingest'],
  name: string,
  { leftSecondsAgo, leftBecause = 'crash', homeOfAnother = false }: Special,
  gpus: number,
): void {
  if (leftSecondsAgo !== undefined) {
    const key = 'team-a/Pod/train-0';
    const ran = makePodFacts({
      uid: 'before',
      node: name,
      startedAtSeconds: NOW - leftSecondsAgo - DAY,
      slot: { key, workload: key, interchangeable: false },
      devices: { resources: [{ resource: GPU, count: gpus }], claims: [] },
    });
    const because = leftBecause === 'crash' ? { exitCode: 1 } : {};
    ingest.podChanged(ran, false, NOW - leftSecondsAgo - DAY);
    ingest.podChanged(
      { ...ran, phase: 'Failed', ...because, endedAtSeconds: NOW - leftSecondsAgo },
      false,
      NOW - leftSecondsAgo,
    );
  }
  if (!homeOfAnother) return;
  const other = makePodFacts({
    name: `other-${name}`,
    node: name,
    images: [IMAGE],
    devices: { resources: [{ resource: GPU, count: 8 }], claims: [] },
    startedAtSeconds: 0,
  });
  ingest.podChanged(other, false, 0);
  ingest.podChanged(
    { ...other, phase: 'Failed', exitCode: 1, endedAtSeconds: NOW - 5 },
    false,
    NOW - 5,
  );
}
