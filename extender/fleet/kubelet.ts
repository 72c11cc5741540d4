import { devicesAsked } from '../../webhook/words/device.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { slotOf } from '../../webhook/words/workload.ts';
import type { Tell } from './happening.ts';
import { keyOf, type Objects, timestamp, uidOf } from './objects.ts';
import {
  endedStatus,
  isOver,
  rejectedStatus,
  runningStatus,
  withDeviceHealth,
} from './pod-status.ts';
import { type FleetNode, GPU, readyCondition } from './racks.ts';
import type { Timeline } from './timeline.ts';

/** What a node pulls in a second: a 10 GB image takes 4 to 5 minutes (Union.ai). */
const PULL_BYTES_PER_SECOND = 40 * 2 ** 20;
/** What a node that is not warm for a slot costs it beyond images. A judgement, as the profile's. */
export const COLD_SECONDS = 20;
/** From the end of a container's work to its pod being gone, when it listens to SIGTERM. */
const TERMINATION_SECONDS = 2;
/** From a device breaking to the program that uses it ending. */
const FAULT_TO_EXIT_SECONDS = 1;
/** A drain leaves pods this long before the machine goes down. */
const DRAIN_SECONDS = 30;
/** A GPU server's firmware, memory check and boot. A judgement. */
const BOOT_SECONDS = 240;
/** From the node being Ready to the device plugin having registered its devices again. */
const SETTLE_SECONDS = 20;

/** What ended a pod, as nobody in a real cluster is told. */
export type EndCause =
  | 'completed'
  | 'crash'
  | 'device fault'
  | 'rack outage'
  | 'network fault'
  | 'planned reboot'
  | 'rejected'
  | 'deleted';

/** What the kubelet knows of a pod that it has taken on. */
export interface Life {
  readonly takenAtSeconds: number;
  /** True when the same slot had run there since the last boot; told once the pod runs. */
  isWarm: boolean;
  /** Told once the pod has ended, or begun to. */
  cause?: EndCause;
}

interface Device {
  readonly slot: number;
  id: string;
  isBroken: boolean;
  /** Uid of the pod that has it. */
  holder?: string;
}

interface Host {
  readonly devices: readonly Device[];
  /** Slots that ran here since the last boot: what they left is still warm. */
  readonly warm: Set<string>;
  /** Images come one after the other, as `serializeImagePulls` has it by default. */
  pullsUntilSeconds: number;
  isUp: boolean;
  /** Until then its network is away. */
  awayUntilSeconds: number;
  boots: number;
}

export interface KubeletDeps {
  readonly timeline: Timeline;
  readonly nodes: Objects<FleetNode>;
  readonly pods: Objects<Pod>;
  /** Size of an image in the registry. */
  readonly imageBytes: (image: string) => number;
  readonly tell: Tell;
}

/** The kubelets of the fleet: they refuse, pull, run, end and report, and hold the devices. */
export class Kubelets {
  readonly #deps: KubeletDeps;
  readonly #hosts = new Map<string, Host>();
  /** By uid, of pods that a kubelet has taken on or refused. */
  readonly #lives = new Map<string, Life>();

  constructor(deps: KubeletDeps) {
    this.#deps = deps;
    for (const { metadata, status } of deps.nodes.all()) {
      this.#hosts.set(metadata.name ?? '', newHost(metadata.name ?? '', status.capacity));
    }
    deps.pods.subscribe(({ type, object }) => {
      if (type === 'DELETED') this.#release(object);
      else this.#podChanged(object);
    });
  }

  /** Devices of a node, by slot. */
  devices(node: string): readonly Readonly<Device>[] {
    return this.#hosts.get(node)?.devices ?? [];
  }

  /** Whether the node is neither booting nor cut off. */
  isReachable(node: string): boolean {
    const host = this.#hosts.get(node);
    return host?.isUp === true && host.awayUntilSeconds <= this.#deps.timeline.nowSeconds;
  }

  /** What is known of a pod that a kubelet has taken on or refused, until it is gone. */
  life(uid: string): Readonly<Life> | undefined {
    return this.#lives.get(uid);
  }

  /** Asks for a pod's end, as a DELETE does; `disruption` is the reason of its condition. */
  terminate(key: string, disruption?: string): void {
    const { pods, timeline } = this.#deps;
    const pod = pods.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    if (!pod.spec.nodeName || isOver(pod)) {
      pods.delete(key);
      return;
    }
    const at = timestamp(timeline.nowSeconds);
    this.#end(pod, disruption === undefined ? 'deleted' : 'planned reboot');
    pods.update(key, ({ metadata, status = {}, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, deletionTimestamp: at },
      status: {
        ...status,
        ...(disruption !== undefined && {
          conditions: [{ type: 'DisruptionTarget', status: 'True', reason: disruption }],
        }),
      },
    }));
    timeline.after(TERMINATION_SECONDS, () => {
      if (pods.get(key)?.metadata.uid === pod.metadata.uid) pods.delete(key);
    });
  }

  /** The pod's program ends by itself; nothing happens unless it runs. */
  end(
    key: string,
    exitCode: number,
    cause: EndCause = exitCode === 0 ? 'completed' : 'crash',
  ): void {
    const { pods, timeline, tell } = this.#deps;
    const pod = pods.get(key);
    if (pod?.status?.phase !== 'Running' || pod.metadata.deletionTimestamp !== undefined) return;
    tell({
      kind: exitCode === 0 ? 'completed' : 'crash',
      ...whereIs(pod),
      words: exitCode === 0 ? 'has done its work' : `ended with exit code ${exitCode}`,
    });
    this.#end(pod, cause);
    pods.update(key, (current) => ({
      ...current,
      status: endedStatus(current.status ?? {}, exitCode, timeline.nowSeconds),
    }));
  }

  /**
   * A device breaks: the plugin withdraws it, and the pod that has it ends. It is repaired after
   * `repairSeconds`, or never; `isSwapped`: by another device in its place.
   */
  breakDevice(node: string, slot: number, repairSeconds?: number, isSwapped = false): void {
    const { timeline, tell } = this.#deps;
    const device = this.#hosts.get(node)?.devices[slot];
    if (device === undefined || device.isBroken) return;
    device.isBroken = true;
    tell({ kind: 'device fault', node, words: `${device.id} has broken` });
    this.#reportDevices(node);
    this.#reportHealth(device);
    if (repairSeconds === undefined) return;
    timeline.after(repairSeconds, () => {
      device.isBroken = false;
      const before = device.id;
      if (isSwapped) device.id = `${device.id}-new`;
      tell({
        kind: 'device repaired',
        node,
        words: isSwapped ? `${before} was replaced by ${device.id}` : `${before} works again`,
      });
      this.#reportDevices(node);
    });
  }

  /** The node cannot be reached for so long, and what runs there, waiting for others, ends at once. */
  loseNetwork(node: string, seconds: number, cause: 'network fault' | 'rack outage'): void {
    const { nodes, pods, timeline } = this.#deps;
    const host = this.#hosts.get(node);
    if (host === undefined || !host.isUp) return;
    const until = timeline.nowSeconds + seconds;
    host.awayUntilSeconds = Math.max(host.awayUntilSeconds, until);
    this.#reportReady(node, false, 'NodeStatusUnknown');
    for (const pod of [...pods.all()]) {
      if (pod.spec.nodeName !== node) continue;
      const key = keyOf(pod);
      timeline.after(0, () => this.end(key, 1, cause));
    }
    timeline.after(seconds, () => {
      if (host.isUp && host.awayUntilSeconds <= until && nodes.get(node) !== undefined)
        this.#reportReady(node, true, 'KubeletReady');
    });
  }

  #reportReady(node: string, isReady: boolean, reason: string): void {
    const { nodes, timeline } = this.#deps;
    nodes.update(node, (one) => ({
      ...one,
      status: {
        ...one.status,
        conditions: readyCondition(isReady, reason, timeline.nowSeconds),
      },
    }));
  }

  /** Drains a node, boots it anew and opens it again. */
  reboot(node: string): void {
    const { nodes, pods, timeline, tell } = this.#deps;
    const host = this.#hosts.get(node);
    if (host === undefined || !host.isUp || nodes.get(node)?.spec.unschedulable) return;
    tell({ kind: 'planned reboot', node, words: 'is drained for a planned reboot' });
    nodes.update(node, (one) => ({ ...one, spec: { ...one.spec, unschedulable: true } }));
    for (const pod of [...pods.all()]) {
      if (pod.spec.nodeName === node) this.terminate(keyOf(pod), 'EvictionByEvictionAPI');
    }
    timeline.after(DRAIN_SECONDS, () => this.#goDown(node, host));
  }

  #goDown(node: string, host: Host): void {
    const { timeline, nodes, tell } = this.#deps;
    host.isUp = false;
    host.boots += 1;
    host.warm.clear();
    this.#reportReady(node, false, 'Rebooting');
    this.#reportDevices(node);
    timeline.after(BOOT_SECONDS, () => {
      const bootId = uidOf(0xb007_0000_0000 + timeline.nowSeconds);
      nodes.update(node, (one) => ({
        ...one,
        status: {
          ...one.status,
          conditions: readyCondition(true, 'KubeletReady', timeline.nowSeconds),
          nodeInfo: { ...one.status.nodeInfo, bootID: bootId },
        },
      }));
    });
    timeline.after(BOOT_SECONDS + SETTLE_SECONDS, () => {
      host.isUp = true;
      this.#reportDevices(node);
      nodes.update(node, (one) => ({ ...one, spec: { taints: one.spec.taints } }));
      tell({ kind: 'node back', node, words: 'is back after its reboot' });
    });
  }

  #podChanged(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    if (isOver(pod)) this.#release(pod);
    else if (pod.spec.nodeName && !this.#lives.has(uid)) this.#admit(pod, pod.spec.nodeName, uid);
  }

  #admit(pod: Pod, node: string, uid: string): void {
    const { timeline, pods, tell } = this.#deps;
    const life: Life = { takenAtSeconds: timeline.nowSeconds, isWarm: false };
    this.#lives.set(uid, life);
    const host = this.#hosts.get(node);
    if (host === undefined) return;
    const count = gpusAskedBy(pod);
    const free = host.isUp ? host.devices.filter(isFree) : [];
    if (free.length < count) {
      tell({ kind: 'rejected', ...whereIs(pod), words: 'was refused for want of a device' });
      life.cause = 'rejected';
      timeline.after(0, () => {
        pods.update(keyOf(pod), (current) => ({
          ...current,
          status: rejectedStatus(count, free.length, timeline.nowSeconds),
        }));
      });
      return;
    }
    const taken = free.slice(0, count);
    for (const device of taken) device.holder = uid;
    const readySeconds = this.#pull(pod, node, host);
    timeline.after(readySeconds - timeline.nowSeconds, () => this.#run(pod, node, life));
  }

  /** When the node has all images of the pod. */
  #pull(pod: Pod, node: string, host: Host): number {
    const { timeline, nodes, imageBytes } = this.#deps;
    let readySeconds = timeline.nowSeconds;
    for (const { image = '' } of pod.spec.containers) {
      if (hasImage(nodes.get(node), image)) continue;
      const sizeBytes = imageBytes(image);
      host.pullsUntilSeconds =
        Math.max(host.pullsUntilSeconds, timeline.nowSeconds) + sizeBytes / PULL_BYTES_PER_SECOND;
      readySeconds = Math.max(readySeconds, host.pullsUntilSeconds);
      timeline.after(host.pullsUntilSeconds - timeline.nowSeconds, () => {
        nodes.update(node, (one) =>
          hasImage(one, image)
            ? one
            : {
                ...one,
                status: {
                  ...one.status,
                  images: [{ names: [image], sizeBytes }, ...one.status.images].slice(0, 50),
                },
              },
        );
      });
    }
    return readySeconds;
  }

  #run(admitted: Pod, node: string, life: Life): void {
    const { timeline, pods, tell } = this.#deps;
    const key = keyOf(admitted);
    const pod = pods.get(key);
    const host = this.#hosts.get(node);
    if (host === undefined || pod === undefined || isOver(pod)) return;
    // Gone, or about to go, while its images came.
    const { uid, deletionTimestamp } = pod.metadata;
    if (uid !== admitted.metadata.uid || deletionTimestamp !== undefined) return;
    const slot = slotOf(pod).key;
    const { takenAtSeconds } = life;
    life.isWarm = host.warm.has(slot);
    host.warm.add(slot);
    const devices = this.#held(node, pod);
    const pulled = timeline.nowSeconds - takenAtSeconds;
    tell({
      kind: 'running',
      ...whereIs(pod),
      words: `runs after ${spanInWords(pulled)} of pulling${life.isWarm ? ', on a warm node' : ` and ${COLD_SECONDS} s of cold start`}`,
    });
    pods.update(key, (current) => ({
      ...current,
      status: runningStatus(
        current,
        devices.map(({ id }) => id),
        takenAtSeconds,
        timeline.nowSeconds,
      ),
    }));
    // It broke while the images came.
    for (const device of devices) if (device.isBroken) this.#reportHealth(device);
  }

  #held(node: string, { metadata: { uid = '' } }: Pod): readonly Device[] {
    return (this.#hosts.get(node)?.devices ?? []).filter(({ holder }) => holder === uid);
  }

  /** What the pod that has the device is told, and what becomes of it. */
  #reportHealth({ holder }: Device): void {
    const { pods, timeline } = this.#deps;
    if (holder === undefined) return;
    const pod = pods.all().find(({ metadata }) => metadata.uid === holder);
    if (pod === undefined || pod.status?.phase !== 'Running') return;
    const held = this.#held(pod.spec.nodeName ?? '', pod);
    const broken = new Set(held.filter(({ isBroken }) => isBroken).map(({ id }) => id));
    const ids = held.map(({ id }) => id);
    pods.update(keyOf(pod), (current) => ({
      ...current,
      status: withDeviceHealth(current.status ?? {}, ids, broken),
    }));
    timeline.after(FAULT_TO_EXIT_SECONDS, () => {
      if (pods.get(keyOf(pod))?.metadata.uid === holder) this.end(keyOf(pod), 1, 'device fault');
    });
  }

  /** Writes how many devices a node offers. */
  #reportDevices(node: string): void {
    const host = this.#hosts.get(node);
    if (host === undefined) return;
    const offered = host.isUp ? host.devices.filter(({ isBroken }) => !isBroken).length : 0;
    this.#deps.nodes.update(node, (one) => ({
      ...one,
      status: {
        ...one.status,
        allocatable: { ...one.status.allocatable, [GPU]: String(offered) },
      },
    }));
  }

  #release(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    for (const device of this.#hosts.get(pod.spec.nodeName ?? '')?.devices ?? []) {
      if (device.holder === uid) delete device.holder;
    }
    // Whoever else hears of the deletion may still ask.
    if (this.#deps.pods.get(keyOf(pod)) === undefined) {
      this.#deps.timeline.after(0, () => void this.#lives.delete(uid));
    }
  }

  /** The first cause counts: a pod that is being evicted may still crash. */
  #end({ metadata: { uid = '' } }: Pod, cause: EndCause): void {
    const life = this.#lives.get(uid);
    if (life !== undefined) life.cause ??= cause;
  }
}

/** How many GPUs the pod asks for. */
export function gpusAskedBy(pod: Pod): number {
  const asked = devicesAsked(pod, [GPU]).resources.find(({ resource }) => resource === GPU);
  return asked?.count ?? 0;
}

function newHost(node: string, capacity: Readonly<Record<string, string | number>>): Host {
  const count = Number(capacity[GPU] ?? 0);
  return {
    devices: Array.from({ length: count }, (_none, slot) => ({
      slot,
      id: `GPU-${node}-${slot}`,
      isBroken: false,
    })),
    warm: new Set(),
    pullsUntilSeconds: 0,
    isUp: true,
    awayUntilSeconds: 0,
    boots: 0,
  };
}

function isFree({ isBroken, holder }: Device): boolean {
  return !isBroken && holder === undefined;
}

function hasImage(node: FleetNode | undefined, image: string): boolean {
  return node?.status.images.some(({ names }) => names.includes(image)) ?? false;
}

function whereIs(pod: Pod): { pod: string; node?: string } {
  return { pod: keyOf(pod), ...(pod.spec.nodeName && { node: pod.spec.nodeName }) };
}
