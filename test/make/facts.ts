import { madeOnce } from '../../extender/bounds/shared-values.ts';
import type { ImageListing, NodeFacts, PodFacts } from '../../extender/facts/facts.ts';
import type { Incident } from '../../extender/history/incident.ts';
import { nodeFindings } from '../../extender/signals/finding.ts';
import type { Signal } from '../../extender/signals/signal.ts';
import type { Expectations } from '../../webhook/words/expectations.ts';
import { CATALOGUE } from './catalogue.ts';

export const GPU = 'nvidia.com/gpu';

type Image = readonly [name: string, bytes: number, digest?: string];

/** A kubelet's list of these images, as normalised names with their sizes in bytes. */
export function makeImages(...images: readonly Image[]): readonly ImageListing[] {
  return images.map(listing);
}

const listing = madeOnce(
  64 * 2 ** 20,
  (image: Image) => image.join(' '),
  ([name, bytes, digest]): ImageListing => ({
    names: [name],
    bytes,
    ...(digest !== undefined && { digest }),
  }),
);

/** A node of eight GPUs. */
export function makeNode(overrides: Partial<NodeFacts> = {}): NodeFacts {
  const { name = 'gpu-1', isCordoned = false } = overrides;
  const marks = { conditions: [], labels: {}, annotations: {}, taints: [], isCordoned };
  return {
    uid: `uid-${name}`,
    name,
    readySinceSeconds: -86_400,
    ...nodeFindings(marks, CATALOGUE),
    host: `uuid:${name}`,
    isReady: true,
    isCordoned: false,
    bootId: 'boot-1',
    devices: new Map([[GPU, { capacity: 8, allocatable: 8 }]]),
    images: [],
    isImageListCut: false,
    taints: [],
    ...overrides,
  };
}

/** What the default profile expects of a pod. */
export const EXPECTATIONS: Expectations = {
  durationSeconds: 86_400,
  saysDuration: false,
  restartSeconds: 300,
  coldStartSeconds: 20,
  coldStartForOthersSeconds: 20,
  deviceMatters: 'required',
  homeLifeSeconds: 3600,
  waitForHomeSeconds: 0,
  remarks: [],
};

/** A running pod of one GPU that has opted in. */
export function makePodFacts(overrides: Partial<PodFacts> = {}): PodFacts {
  const name = overrides.name ?? 'train-0';
  return {
    uid: `uid-${name}`,
    namespace: 'team-a',
    name,
    node: 'gpu-1',
    phase: 'Running',
    slot: {
      key: `team-a/Job/train/${name}`,
      workload: 'team-a/Job/train',
      interchangeable: false,
    },
    optIn: 'in',
    isPrepared: true,
    devices: { resources: [{ resource: GPU, count: 1 }], claims: [] },
    graceSeconds: 30,
    expectations: EXPECTATIONS,
    images: [],
    ran: [],
    createdAtSeconds: 0,
    startedAtSeconds: 0,
    isTerminating: false,
    deviceHealth: [],
    containers: [],
    conditions: [],
    ...overrides,
  };
}

/** A moment's sign of a fault of some device of the node. */
export function makeSignal(overrides: Partial<Signal> = {}): Signal {
  return {
    row: 'kubelet-rejected-pod',
    trust: 'platform',
    class: 'degraded',
    scope: 'device',
    resource: GPU,
    atSeconds: 0,
    probability: 0.7,
    mergeSeconds: 180,
    settles: false,
    words: 'the kubelet could not give a pod its device',
    ...overrides,
  };
}

/** A closed incident of some device of the node. */
export function makeIncident(overrides: Partial<Incident> = {}): Incident {
  return {
    id: 'a',
    class: 'fatal',
    scope: 'device',
    resource: GPU,
    mergeSeconds: 180,
    rows: ['allocatable-below-capacity'],
    owners: [],
    openedAtSeconds: 0,
    lastSeenAtSeconds: 0,
    closedAtSeconds: 0,
    probability: 1,
    standing: [],
    evidence: ['the device plugin has withdrawn the device'],
    ...overrides,
  };
}
