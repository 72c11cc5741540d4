import { announcedWork } from '../facts/announced.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import type { Candidate } from '../forecast/candidate.ts';
import type { ToldHazard } from '../forecast/hazard-words.ts';
import { imagesOnNode } from '../forecast/images.ts';
import { type DeviceChoice, hazardFor, ofResource } from '../hazard/pod-hazard.ts';
import type { Incident } from '../history/incident.ts';
import { deviceHost } from '../state/device-host.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type PodImages, podImages } from './pod-images.ts';

/** A node as a candidate for a pod: its images and its devices, whatever the pod's slot is. */

const SECONDS_PER_DAY = 86_400;
/** The report of a broken device ends with the pod that had it, whatever the device does. A judgement. */
const MAY_STILL_BE_BROKEN_SECONDS = 600;

/** The candidate of a node as if it were nobody's home. `images` can be made once for many nodes. */
export function candidateOn(
  node: NodeFacts,
  pod: PodFacts,
  snapshot: Snapshot,
  images = podImages(pod, snapshot),
): Candidate {
  const hazard = hazardOn(node, pod, snapshot);
  const announced = announcedWork(node);
  return {
    node: node.name,
    ...roomOn(node, pod, hazard.incidents, snapshot),
    ...imagesOn(node, images, snapshot),
    ...hazard,
    ...(announced !== undefined && { announced }),
    displacedSeconds: 0,
    displacedSlots: 0,
    fragmentationSeconds: takesApart(node, pod, snapshot) ? snapshot.config.wholeNodeSeconds : 0,
  };
}

/**
 * For how many such pods the node has room, and how many would run: what has just broken may not have been withdrawn yet.
 * A claim's room is not counted: its node has one place.
 */
function roomOn(
  node: NodeFacts,
  { devices: { resources } }: PodFacts,
  incidents: readonly Incident[],
  { cluster, nowSeconds }: Snapshot,
): Pick<Candidate, 'isFull' | 'places'> {
  let isFull = false;
  let places = resources.length === 0 ? 1 : Number.POSITIVE_INFINITY;
  for (const { resource, count } of resources) {
    const free = cluster.freeDevices(node, resource);
    const { capacity = 0, allocatable = 0 } = node.devices.get(resource) ?? {};
    const broken = brokenOf(resource, incidents, nowSeconds) - (capacity - allocatable);
    isFull ||= free < count;
    places = Math.min(places, Math.floor((free - Math.max(0, broken)) / count));
  }
  return { isFull, places: Math.max(0, places) };
}

/** How many devices are broken, or were a moment ago. */
function brokenOf(resource: string, incidents: readonly Incident[], nowSeconds: number): number {
  const broken = new Set<string>();
  for (const { scope, resource: of, device = '', closedAtSeconds } of incidents) {
    const isOfIt = scope === 'device' && (of === undefined || of === resource);
    if (isOfIt && nowSeconds - (closedAtSeconds ?? nowSeconds) < MAY_STILL_BE_BROKEN_SECONDS) {
      broken.add(device);
    }
  }
  return broken.size;
}

/** Whether all devices of the node are free, and the pod would take only some of them. */
function takesApart(node: NodeFacts, pod: PodFacts, { cluster }: Snapshot): boolean {
  return pod.devices.resources.some(({ resource, count }) => {
    const capacity = node.devices.get(resource)?.capacity ?? 0;
    return count < capacity && cluster.freeDevices(node, resource) === capacity;
  });
}

function imagesOn(
  node: NodeFacts,
  { lookedFor, otherBytes, otherUnknown }: PodImages,
  { cluster, pulls, config, nowSeconds }: Snapshot,
): Pick<
  Candidate,
  'missingBytes' | 'presentBytes' | 'arrivedBytes' | 'unknownImages' | 'pullBytesPerSecond'
> {
  const pullBytesPerSecond = pulls.bytesPerSecond(node, config.pullBytesPerSecond, nowSeconds);
  const there = lookedFor.map((image) => {
    const bytes = cluster.images.bytesOf(image);
    const since = pulls.pulledSinceSeconds(node.name, image, nowSeconds);
    return {
      image,
      ...(bytes !== undefined && { bytes }),
      isThere: cluster.images.isOn(node, image, nowSeconds),
      ...(since !== undefined && { pulledSinceSeconds: since }),
    };
  });
  const found = imagesOnNode(there, cluster.images.averageBytes, pullBytesPerSecond, nowSeconds);
  return {
    ...found,
    missingBytes: found.missingBytes + otherBytes,
    // Where a pod has many images, only known ones were looked for.
    unknownImages: found.unknownImages.count === 0 ? otherUnknown : found.unknownImages,
    pullBytesPerSecond,
  };
}

function hazardOn(
  node: NodeFacts,
  pod: PodFacts,
  snapshot: Snapshot,
): Pick<Candidate, 'faultsPerDay' | 'hazard' | 'incidents'> {
  const { cluster, rates } = snapshot;
  const host = deviceHost(node, snapshot);
  const horizonDays = (pod.expectations?.durationSeconds ?? 0) / SECONDS_PER_DAY;
  const choices = [
    ...pod.devices.resources.map(({ resource, count }) => ({
      isOf: ofResource(resource),
      count,
      total: node.devices.get(resource)?.capacity ?? 0,
      busy: cluster.busyDevices(node.name, resource),
    })),
    ...claimed(node, pod, snapshot),
  ];
  const hazards = choices.map((choice) => hazardFor(choice, host, rates, horizonDays));
  const [worst = { times: 1 }] = hazards.toSorted((a, b) => b.times - a.times);
  return {
    faultsPerDay: hazards.reduce((sum, hazard) => sum + hazard.faultsPerDay, 0),
    hazard: toldHazard(worst),
    incidents: hazards.flatMap((hazard) => hazard.incidents),
  };
}

/** Only what words need, because decisions keep it. */
function toldHazard({ times, badCohort }: ToldHazard): ToldHazard {
  return { times, ...(badCohort !== undefined && { badCohort }) };
}

/** A claim counts as one device of those that the node publishes, whichever it is. */
function claimed(
  { name }: NodeFacts,
  { devices: { claims } }: PodFacts,
  { devices }: Snapshot,
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
