import {
  asksForDevices,
  type DevicesAsked,
  devicesAsked,
  isImpliedClaim,
} from '../../webhook/words/device.ts';
import { expectationsOf } from '../../webhook/words/expectations.ts';
import { nodeChoiceOf } from '../../webhook/words/node-choice.ts';
import { isPrepared, podOptIn } from '../../webhook/words/opt-in.ts';
import type {
  ContainerStatus,
  ContainerTermination,
  ObjectMeta,
  Pod,
  PodStatus,
} from '../../webhook/words/pod.ts';
import { DEFAULT_GRACE_SECONDS, DEFAULT_SCHEDULER } from '../../webhook/words/pod-defaults.ts';
import { type DeviceProfile, devicePatterns, profileOf } from '../../webhook/words/profile.ts';
import { wishesOf } from '../../webhook/words/wishes.ts';
import { slotOf, TEMPLATE_HASH } from '../../webhook/words/workload.ts';
import { beginningOf } from '../bounds/cut-text.ts';
import { sharedParts } from '../bounds/shared-values.ts';
import type {
  ClaimedDevice,
  ContainerEnd,
  DeviceHealth,
  PodCondition,
} from '../signals/observed.ts';
import type { PodFacts, SchedulingConstraints } from './facts.ts';
import { digestOf, sharedImageName } from './images.ts';
import { secondsOf } from './timestamp.ts';

/**
 * The facts of a pod that holds or asks for a device, as they are kept; `undefined` for any other: most pods of most
 * clusters are, and any tenant may make as many as it likes.
 */
export function devicePodFacts(pod: Pod, profiles: readonly DeviceProfile[]): PodFacts | undefined {
  return asksForDevices(devicesAsked(pod, devicePatterns(profiles)))
    ? withSharedParts(podFacts(pod, profiles))
    : undefined;
}

/** The facts of a Pod, seen with these device profiles. */
export function podFacts(pod: Pod, profiles: readonly DeviceProfile[]): PodFacts {
  const { metadata, spec, status = {} } = pod;
  const startedAtSeconds = startOf(status);
  const endedAtSeconds = endOf(pod);
  const boundAtSeconds = secondsOf(
    status.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True')
      ?.lastTransitionTime,
  );
  const exitCode = failedExitCode(status);
  const disruption = status.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  )?.reason;
  const devices = devicesAsked(pod, devicePatterns(profiles));
  const profile = profileOf(pod, profiles, devices);
  const wishes = wishesOf(pod);
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    ...(spec.nodeName && { node: spec.nodeName }),
    phase: status.phase ?? 'Pending',
    ...schedulingConstraintsOf(pod),
    slot: slotOf(pod),
    optIn: podOptIn(pod),
    isPrepared: isPrepared(pod),
    devices: boundedDevices(devices),
    ...(wishes !== undefined && { wishes }),
    graceSeconds: graceOf(pod),
    ...(profile !== undefined && { expectations: expectationsOf(pod, profile) }),
    images: imagesOf(pod),
    ran: ranOf(pod),
    createdAtSeconds: secondsOf(metadata.creationTimestamp) ?? 0,
    ...(boundAtSeconds !== undefined && { boundAtSeconds }),
    ...(startedAtSeconds !== undefined && { startedAtSeconds }),
    ...(endedAtSeconds !== undefined && { endedAtSeconds }),
    isTerminating: metadata.deletionTimestamp !== undefined,
    ...(status.reason && { statusReason: beginningOf(status.reason, LONGEST_MESSAGE) }),
    ...(status.message && { statusMessage: beginningOf(status.message, LONGEST_STATUS_MESSAGE) }),
    ...(exitCode !== undefined && { exitCode }),
    ...(disruption && { disruption: beginningOf(disruption, LONGEST_MESSAGE) }),
    deviceHealth: deviceHealthOf(pod),
    containers: containerEndsOf(status),
    ...revisionOf(metadata),
    ...restartsOf(status),
    conditions: conditionsOf(status),
  };
}

/** Set by the StatefulSet controller on its pods. */
const REVISION_HASH = 'controller-revision-hash';
/** As long as the value of a label may be. */
const LONGEST_REVISION = 63;

/** A large fleet's pods have some thousand different parts of about 200 bytes. */
const shared = sharedParts(8 * 2 ** 20);

/** The same facts, to be kept: pods of a workload ask for the same, and most have nothing to tell. */
export function withSharedParts(pod: PodFacts): PodFacts {
  const { expectations, ran, schedulingConstraints } = pod;
  return {
    ...pod,
    devices: shared(pod.devices),
    ...(expectations !== undefined && { expectations: shared(expectations) }),
    ...(schedulingConstraints !== undefined && {
      schedulingConstraints: shared(schedulingConstraints),
    }),
    images: shared(pod.images),
    // Shared only while empty, because the times in it differ.
    ran: ran.length === 0 ? shared(ran) : ran,
    deviceHealth: shared(pod.deviceHealth),
    containers: shared(pod.containers),
    conditions: shared(pod.conditions),
  };
}

/** No node counts an implied resource: each of it is a claim. */
function boundedDevices({ resources, claims }: DevicesAsked): DevicesAsked {
  const implied = resources
    .filter(({ resource }) => isImpliedClaim(resource))
    .flatMap(({ resource, count }) =>
      Array.from({ length: Math.min(count, MOST_CLAIMS) }, () => resource),
    );
  return {
    resources: resources
      .filter(({ resource }) => !isImpliedClaim(resource))
      .slice(0, MOST_RESOURCES),
    claims: [...claims, ...implied].slice(0, MOST_CLAIMS),
  };
}

function graceOf({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

function schedulingConstraintsOf(pod: Pod): { schedulingConstraints?: SchedulingConstraints } {
  const { phase = 'Pending', nominatedNodeName } = pod.status ?? {};
  if (phase !== 'Pending') return {};
  const { schedulerName = DEFAULT_SCHEDULER, tolerations = [] } = pod.spec;
  return {
    schedulingConstraints: {
      schedulerName: beginningOf(schedulerName, LONGEST_MESSAGE),
      choice: nodeChoiceOf(pod),
      tolerations: tolerations.slice(0, MOST_TOLERATIONS),
      ...(nominatedNodeName && { nominatedNode: nominatedNodeName }),
    },
  };
}

/**
 * Most of what stands in a pod a tenant has written, and much of it the API server does not bound. What is kept of one
 * is bounded here: some 60 kB at the most, of a usual pod 1 kB.
 */

/** A reference is at most 255 characters of name, 128 of tag and 71 of digest; more is no image. */
const LONGEST_IMAGE = 512;
/** More images than any pod seen has. */
const MOST_IMAGES = 64;
/** Of all names of a pod's images together: 64 of 128 characters. */
const MOST_IMAGE_CHARACTERS = 8192;
/** More resources, claims and tolerations than any pod seen has. */
const MOST_RESOURCES = 16;
const MOST_CLAIMS = 128;
const MOST_TOLERATIONS = 64;
/** The kubelet's own messages of a refusal name every device that it lacks. */
const LONGEST_STATUS_MESSAGE = 1024;

/** Normalised names of every image that the node must have before the pod runs. */
export function imagesOf(pod: Pod): readonly string[] {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const references = [
    ...containers.map(({ image }) => image),
    ...(pod.spec.volumes ?? []).map(({ image }) => image?.reference),
  ];
  const names = new Set<string>();
  let characters = 0;
  for (const image of references) {
    if (!image || image.length > LONGEST_IMAGE || names.size >= MOST_IMAGES) continue;
    if (characters + image.length > MOST_IMAGE_CHARACTERS) continue;
    const name = sharedImageName(image);
    if (names.has(name)) continue;
    characters += image.length;
    names.add(name);
  }
  return [...names];
}

/** Images of containers that have run on the node: they are there, whatever its list says. */
function ranOf({ spec, status = {} }: Pod): PodFacts['ran'] {
  let characters = 0;
  const images = new Map(
    [...(spec.initContainers ?? []), ...spec.containers].map(({ name, image }) => [name, image]),
  );
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .flatMap((one) => {
      const image = images.get(one.name);
      const starts = startsOf(one);
      if (!image || image.length > LONGEST_IMAGE || starts.length === 0) return [];
      characters += image.length;
      if (characters > MOST_IMAGE_CHARACTERS) return [];
      const digest = digestOf(one.imageID ?? '');
      return [
        {
          image: sharedImageName(image),
          ...(digest !== undefined && { digest }),
          atSeconds: Math.min(...starts),
        },
      ];
    })
    .slice(0, MOST_IMAGES);
}

function startsOf({ state, lastState }: ContainerStatus): readonly number[] {
  return [state?.running?.startedAt, state?.terminated?.startedAt, lastState?.terminated?.startedAt]
    .map(secondsOf)
    .filter((at) => at !== undefined)
    .filter((at) => at > 0);
}

/** False of a container that the runtime could not start: then it says that it started in 1970. */
function hasStarted(ended: ContainerTermination | undefined): boolean {
  return ended !== undefined && secondsOf(ended.startedAt) !== 0 && ended.reason !== 'StartError';
}

/** When the kubelet took the pod on, if any container of it ever ran; else there was no start. */
function startOf(status: PodStatus): number | undefined {
  const hasRun = (status.containerStatuses ?? []).some(
    ({ state, lastState }) =>
      state?.running !== undefined ||
      hasStarted(state?.terminated) ||
      hasStarted(lastState?.terminated),
  );
  return hasRun ? secondsOf(status.startTime) : undefined;
}

function endOf({ metadata, status = {} }: Pod): number | undefined {
  const finished = (status.containerStatuses ?? [])
    .map((container) => secondsOf(container.state?.terminated?.finishedAt))
    .filter((at) => at !== undefined);
  const isTerminal = status.phase === 'Succeeded' || status.phase === 'Failed';
  if (isTerminal && finished.length > 0) return Math.max(...finished);
  return secondsOf(metadata.deletionTimestamp);
}

function failedExitCode(status: PodStatus): number | undefined {
  return status.containerStatuses
    ?.map((container) => container.state?.terminated?.exitCode)
    .find((exitCode) => exitCode !== undefined && exitCode !== 0);
}

/** Deployments and StatefulSets label their pods so. */
function revisionOf({ labels = {} }: ObjectMeta): Pick<PodFacts, 'revision'> {
  const revision = labels[TEMPLATE_HASH] ?? labels[REVISION_HASH];
  return revision === undefined ? {} : { revision: beginningOf(revision, LONGEST_REVISION) };
}

/** How often its containers were started anew, init containers apart. */
function restartsOf({ containerStatuses = [] }: PodStatus): Pick<PodFacts, 'restarts'> {
  const restarts = containerStatuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  return restarts > 0 ? { restarts } : {};
}

/** A termination message is at most 4 KiB; its beginning tells, and a tenant's must not fill memory. */
const LONGEST_MESSAGE = 256;

/** Containers and conditions beyond these are not read. */
const MOST_CONTAINERS = 16;
/** Conditions that every pod has and that say nothing about its node. */
const OF_EVERY_POD =
  /^(PodScheduled|Initialized|Ready|ContainersReady|PodReadyToStartContainers|DisruptionTarget)$/;

function containerEndsOf(status: PodStatus): readonly ContainerEnd[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .flatMap(({ name: container, state, lastState }): ContainerEnd[] => {
      const { waiting } = state ?? {};
      const ended = state?.terminated ?? lastState?.terminated;
      const texts = (reason?: string, message?: string) => ({
        ...(reason && { reason: beginningOf(reason, LONGEST_MESSAGE) }),
        // The cause of a failed start comes last, after every layer of the runtime.
        ...(message && {
          message: beginningOf(
            message,
            hasStarted(ended) ? LONGEST_MESSAGE : LONGEST_STATUS_MESSAGE,
          ),
        }),
      });
      return [
        ...(ended !== undefined && ended.exitCode !== 0
          ? [
              {
                container,
                isWaiting: false,
                exitCode: ended.exitCode,
                ...texts(ended.reason, ended.message),
              },
            ]
          : []),
        ...(waiting?.reason === 'CrashLoopBackOff'
          ? [{ container, isWaiting: true, ...texts(waiting.reason, waiting.message) }]
          : []),
      ];
    })
    .slice(0, MOST_CONTAINERS);
}

function conditionsOf(status: PodStatus): readonly PodCondition[] {
  return (status.conditions ?? [])
    .filter(({ type }) => type !== undefined && !OF_EVERY_POD.test(type))
    .map(({ type, status: state, reason, message }) => ({
      type: beginningOf(type, LONGEST_MESSAGE),
      status: state,
      ...(reason && { reason: beginningOf(reason, LONGEST_MESSAGE) }),
      ...(message && { message: beginningOf(message, LONGEST_MESSAGE) }),
    }))
    .slice(0, MOST_CONTAINERS);
}

/** Longer ids are no device's: CDI names have 253 characters at most, and uids of claims within. */
const LONGEST_DEVICE = 512;
/** More devices than a node has. */
const MOST_DEVICES = 256;
const OF_A_CLAIM = /^claim:([^/]+)(?:\/(.+))?$/;

function deviceHealthOf({ spec, status = {} }: Pod): readonly DeviceHealth[] {
  return (status.containerStatuses ?? [])
    .flatMap((container) =>
      (container.allocatedResourcesStatus ?? []).flatMap(({ name, resources }) =>
        (resources ?? []).map(({ resourceID, health }): DeviceHealth => {
          const claim = claimedDevice(name, resourceID, spec, status);
          return {
            resource: beginningOf(name, LONGEST_MESSAGE),
            device: beginningOf(resourceID, LONGEST_DEVICE),
            health: health === 'Healthy' || health === 'Unhealthy' ? health : 'Unknown',
            ...(claim !== undefined && { claim }),
          };
        }),
      ),
    )
    .slice(0, MOST_DEVICES);
}

/** A resource such as `claim:gpu` or `claim:gpu/request` is the pod's own name of a claim. */
function claimedDevice(
  resource: string,
  reported: string,
  spec: Pod['spec'],
  status: PodStatus,
): ClaimedDevice | undefined {
  const [, own, request] = OF_A_CLAIM.exec(beginningOf(resource, LONGEST_MESSAGE)) ?? [];
  if (own === undefined) return undefined;
  const name =
    status.resourceClaimStatuses?.find((one) => one.name === own)?.resourceClaimName ??
    spec.resourceClaims?.find((one) => one.name === own)?.resourceClaimName;
  if (name === undefined) return undefined;
  return {
    name,
    ...(request !== undefined && { request }),
    reported: beginningOf(reported, LONGEST_DEVICE),
  };
}
