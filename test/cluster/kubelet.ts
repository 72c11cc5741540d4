import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { pino } from 'pino';
import type { Node } from '../../extender/facts/nodes.ts';
import { nodeSource, podSource } from '../../extender/watch/api.ts';
import { Reflector } from '../../extender/watch/reflector.ts';
import { devicesAsked } from '../../webhook/words/device.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { ALLOCATED, ALLOCATED_UNHEALTHY, BROKEN, DEVICE_FAULT, GPU, REJECTED } from './bed-keys.ts';

const NO_METRICS = { restarted() {}, handlerFailed() {}, heard() {} };

interface Holding {
  readonly node: string;
  readonly devices: readonly string[];
}

/**
 * The part of a kubelet that kwok leaves out: it gives each bound pod its devices, in the order in
 * which the pods arrive, and rejects the one that finds too few, in the kubelet's own words
 * (pkg/kubelet/cm/devicemanager/manager.go, devicesToAllocate).
 */
export class KubeletStandIn {
  readonly #api: CoreV1Api;
  readonly #nodes: Reflector<Node, Node>;
  readonly #pods: Reflector<Pod, Pod>;
  readonly #devices = new Map<string, readonly string[]>();
  readonly #broken = new Map<string, number>();
  /** Devices that broke under a pod, by node, until the node offers all of them again. */
  readonly #faulted = new Map<string, Set<string>>();
  readonly #holdings = new Map<string, Holding>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(config: KubeConfig) {
    const deps = { metrics: NO_METRICS, log: pino({ level: 'silent' }) };
    this.#api = config.makeApiClient(CoreV1Api);
    this.#nodes = new Reflector(
      'nodes',
      nodeSource(config),
      { read: (node) => node, changed: (node) => this.#nodeChanged(node), removed: () => {} },
      deps,
    );
    this.#pods = new Reflector(
      'pods',
      podSource(config),
      {
        read: (pod) => pod,
        changed: (pod) => this.#podChanged(pod),
        removed: (uid) => this.#holdings.delete(uid),
      },
      deps,
    );
  }

  async start(): Promise<void> {
    const nodes = this.#nodes.run();
    await this.#nodes.listed();
    this.#running = Promise.all([nodes, this.#pods.run()]);
    await this.#pods.listed();
  }

  async stop(): Promise<void> {
    this.#nodes.stop();
    this.#pods.stop();
    await this.#running;
  }

  #nodeChanged(node: Node & { metadata?: { annotations?: Record<string, string> } }): void {
    const name = node.metadata?.name ?? '';
    const capacity = Number(node.status?.capacity?.[GPU] ?? 0);
    this.#devices.set(
      name,
      Array.from({ length: capacity }, (_none, index) => `GPU-${name}-${index}`),
    );
    this.#broken.set(name, Number(node.metadata?.annotations?.[BROKEN] ?? 0));
    if (Number(node.status?.allocatable?.[GPU] ?? 0) === capacity) this.#faulted.delete(name);
  }

  #podChanged(pod: Pod): void {
    const { uid = '', annotations = {} } = pod.metadata;
    if (annotations[DEVICE_FAULT] !== undefined) this.#breakFirstDevice(uid);
    const phase = pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      this.#holdings.delete(uid);
      return;
    }
    const node = pod.spec.nodeName;
    if (!node || this.#holdings.has(uid)) return;
    if (annotations[REJECTED] !== undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const allocated = annotations[ALLOCATED];
    if (allocated !== undefined) {
      this.#holdings.set(uid, { node, devices: devicesIn(allocated) });
      return;
    }
    this.#admit(pod, node, uid);
  }

  #breakFirstDevice(uid: string): void {
    const { node, devices: [first] = [] } = this.#holdings.get(uid) ?? {};
    if (node === undefined || first === undefined) return;
    const faulted = this.#faulted.get(node) ?? new Set();
    this.#faulted.set(node, faulted.add(first));
  }

  #admit(pod: Pod, node: string, uid: string): void {
    const asked = devicesAsked(pod, [GPU]).resources.find(({ resource }) => resource === GPU);
    const count = asked?.count ?? 0;
    const held = new Set(
      [...this.#holdings.values()]
        .filter((holding) => holding.node === node)
        .flatMap(({ devices }) => devices),
    );
    const healthy = (this.#devices.get(node) ?? []).slice(this.#broken.get(node) ?? 0);
    const faulted = this.#faulted.get(node);
    const free = healthy.filter((device) => !held.has(device) && !faulted?.has(device));
    if (free.length < count) {
      const message = `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${GPU}. Requested: ${count}, Available: ${free.length}, which is unexpected`;
      this.#annotate(pod, { [REJECTED]: message });
      return;
    }
    const devices = free.slice(0, count);
    this.#holdings.set(uid, { node, devices });
    this.#annotate(pod, {
      [ALLOCATED]: statusOf(devices),
      [ALLOCATED_UNHEALTHY]: statusOf(devices, devices[0]),
    });
  }

  #annotate({ metadata }: Pod, annotations: Record<string, string>): void {
    this.#api
      .patchNamespacedPod(
        {
          name: metadata.name ?? '',
          namespace: metadata.namespace ?? '',
          body: { metadata: { annotations } },
        },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      )
      .catch((error: { code?: number }) => {
        // Gone in the meantime is fine; anything else would leave a pod pending unexplained.
        if (error.code !== 404) console.error(`kubelet stand-in: ${metadata.name}: ${error}`);
      });
  }
}

function statusOf(devices: readonly string[], broken?: string): string {
  if (devices.length === 0) return '[]';
  const resources = devices.map((resourceID) => ({
    resourceID,
    health: resourceID === broken ? 'Unhealthy' : 'Healthy',
  }));
  return JSON.stringify([{ name: GPU, resources }]);
}

function devicesIn(allocated: string): readonly string[] {
  const status = JSON.parse(allocated) as { resources: { resourceID: string }[] }[];
  return status.flatMap(({ resources }) => resources.map(({ resourceID }) => resourceID));
}
