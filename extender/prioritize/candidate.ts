import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import type { Candidate } from '../forecast/candidate.ts';
import type { ToldHazard } from '../forecast/hazard-words.ts';
import { imagesOnNode } from '../forecast/images.ts';
import { type DeviceChoice, hazardFor, ofResource } from '../hazard/pod-hazard.ts';
import { deviceHost } from '../state/device-host.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type PodImages, podImages } from './pod-images.ts';

/** How one node stands to a pod, whoever it is: its images and its devices. */

const SECONDS_PER_DAY = 86_400;

/** The node as a candidate that is nobody's home; of many nodes `images` is made once. */
export function candidateOn(
  node: NodeFacts,
  pod: PodFacts,
  snapshot: Snapshot,
  images = podImages(pod, snapshot),
): Candidate {
  return {
    node: node.name,
    isFull: pod.devices.resources.some(
      ({ resource, count }) => snapshot.cluster.freeDevices(node, resource) < count,
    ),
    ...imagesOn(node, images, snapshot),
    ...hazardOn(node, pod, snapshot),
    displacedSeconds: 0,
    displacedSlots: 0,
    fragmentationSeconds: takesApart(node, pod, snapshot) ? snapshot.config.wholeNodeSeconds : 0,
  };
}

/** Whether whole-node pods could have had the node, and could not once the pod is there. */
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
    // Of images that were looked for where there are many, each is known.
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

/** No more than is told: decisions keep it. */
function toldHazard({ times, badCohort }: ToldHazard): ToldHazard {
  return { times, ...(badCohort !== undefined && { badCohort }) };
}

/** Each claim is taken to be for one of the devices that the node publishes, whichever. */
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
