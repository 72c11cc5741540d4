import type { NamespaceOptIn } from '../../webhook/words/opt-in.ts';
import { announcedWork } from '../facts/announced.ts';
import { countAsked, holdsDevices, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import type { NamespaceFacts } from '../facts/namespaces.ts';
import { type HostId, physicalDevice } from '../signals/identity.ts';
import { Domains } from './domains.ts';
import { Gangs } from './gangs.ts';
import { ImageIndex } from './image-index.ts';
import { NodeIndex, UNKNOWN_NODE } from './node-index.ts';

/** The newest facts of every node and device pod, and counts of them. */
export class Cluster {
  readonly #namespaces = new Map<string, NamespaceFacts>();
  readonly #index = new NodeIndex();
  /** By node index. */
  readonly #nodes: (NodeFacts | undefined)[] = [];
  #versions = new Float64Array();
  readonly #onHost = new Map<HostId, string>();
  readonly #pods = new Map<string, PodFacts>();
  readonly #pending = new Map<string, PodFacts>();
  /** How many pods of each workload are on a node to stay. */
  readonly #staying = new Map<string, number>();
  #latestVersion = 0;
  readonly #podsOnNode = new Map<string, Map<string, PodFacts>>();
  readonly images = new ImageIndex();
  readonly gangs = new Gangs();
  readonly racks = new Domains();
  /** By level of extender.yaml. */
  readonly #levels: Domains[] = [];

  node(name: string): NodeFacts | undefined {
    const nodeIndex = this.#index.of(name);
    return nodeIndex === UNKNOWN_NODE ? undefined : this.#nodes[nodeIndex];
  }

  nodes(): IteratorObject<NodeFacts> {
    return this.#nodes.values().filter((node) => node !== undefined);
  }

  /** The node of an index, if it is taken. */
  at(nodeIndex: number): NodeFacts | undefined {
    return this.#nodes[nodeIndex];
  }

  /** Which node name has which index. */
  get index(): Omit<NodeIndex, 'add' | 'delete'> {
    return this.#index;
  }

  /**
   * By node index: a number that is never used twice. It changes with everything about the node that a forecast depends
   * on; see prioritize/forecast-inputs.ts.
   */
  get versions(): Float64Array {
    return this.#versions;
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#index.size;
  }

  /** The node that stands for a machine now. */
  onHost(host: HostId): NodeFacts | undefined {
    const name = this.#onHost.get(host);
    return name === undefined ? undefined : this.node(name);
  }

  /** How many nodes share a rack, a driver's version or a model. Looks at all of them. */
  sharing(kind: 'rack' | 'driver' | 'model', name: string): number {
    return this.nodes().reduce((sum, node) => sum + (node[kind] === name ? 1 : 0), 0);
  }

  /** On how many nodes pods of a workload hold devices. Looks at all pods. */
  nodesOf(workload: string): number {
    const nodes = new Set<string>();
    for (const [node, pods] of this.#podsOnNode) {
      if (pods.values().some(({ slot }) => slot.workload === workload)) nodes.add(node);
    }
    return nodes.size;
  }

  /** How many pods of a workload are on a node and have neither ended nor begun to. */
  boundOf(workload: string): number {
    return this.#staying.get(workload) ?? 0;
  }

  /** Every device pod that is known. */
  pods(): Iterable<PodFacts> {
    return this.#pods.values();
  }

  /** What the label of a namespace says. */
  namespaceOptIn(name: string): NamespaceOptIn {
    return this.#namespaces.get(name)?.optIn ?? 'unsaid';
  }

  pod(uid: string): PodFacts | undefined {
    return this.#pods.get(uid);
  }

  /** Device pods that wait for a node, in the order in which they were first seen. */
  pending(): Iterable<PodFacts> {
    return this.#pending.values();
  }

  /** Pods that hold devices on the node now. */
  holding(node: string): Iterable<PodFacts> {
    return this.#podsOnNode.get(node)?.values() ?? [];
  }

  /** Devices of a resource that the node offers and no pod is bound to. */
  freeDevices(node: NodeFacts, resource: string): number {
    let bound = 0;
    for (const pod of this.holding(node.name)) bound += countAsked(pod, resource);
    return (node.devices.get(resource)?.allocatable ?? 0) - bound;
  }

  /** Ids of devices that running pods hold for themselves; a share of one leaves room for others. */
  busyDevices(node: string, resource: string): ReadonlySet<string> {
    const busy = new Set<string>();
    for (const pod of this.holding(node)) {
      for (const { resource: other, device } of pod.deviceHealth) {
        if (other === resource && physicalDevice(device) === device) busy.add(device);
      }
    }
    return busy;
  }

  setNamespace(namespace: NamespaceFacts): void {
    this.#namespaces.set(namespace.name, namespace);
  }

  removeNamespace(uid: string): void {
    for (const { uid: known, name } of this.#namespaces.values()) {
      if (known === uid) this.#namespaces.delete(name);
    }
  }

  setNode(node: NodeFacts): void {
    const before = this.node(node.name);
    if (before !== undefined && before.host !== node.host) this.#onHost.delete(before.host);
    this.#onHost.set(node.host, node.name);
    const nodeIndex = this.#index.add(node.name);
    this.#nodes[nodeIndex] = node;
    this.#setDomains(nodeIndex, node);
    const hasSameImages = before !== undefined && haveSameImages(before, node);
    if (!hasSameImages || !isAlikeToForecasts(before, node)) this.bumpVersion(node.name);
    if (!hasSameImages) this.images.listed(node);
  }

  /**
   * Removes the Node object of this uid and returns its last facts; a new Node of the same name stays.
   */
  removeNode(uid: string): NodeFacts | undefined {
    const nodeIndex = this.#nodes.findIndex((node) => node?.uid === uid);
    const node = this.#nodes[nodeIndex];
    if (node === undefined) return undefined;
    this.#nodes[nodeIndex] = undefined;
    this.#setDomains(nodeIndex, {});
    this.#index.delete(node.name);
    if (this.#onHost.get(node.host) === node.name) this.#onHost.delete(node.host);
    this.images.nodeGone(node.name);
    return node;
  }

  setPod(pod: PodFacts): void {
    // Replaced, not removed and added, so that it keeps its position among the pending.
    if (isPending(pod)) this.#pending.set(pod.uid, pod);
    else this.#pending.delete(pod.uid);
    this.#leaveNode(pod.uid);
    this.#pods.set(pod.uid, pod);
    this.gangs.count(pod, 1);
    this.bumpVersion(pod.node);
    if (pod.node === undefined || !holdsDevices(pod)) return;
    const onNode = this.#podsOnNode.get(pod.node) ?? new Map<string, PodFacts>();
    this.#podsOnNode.set(pod.node, onNode.set(pod.uid, pod));
    if (stays(pod)) this.#stay(pod.slot.workload, 1);
  }

  removePod(uid: string): void {
    this.#leaveNode(uid);
    this.#pending.delete(uid);
    this.#pods.delete(uid);
  }

  /** Which domain each node is in, at one level of extender.yaml. */
  level(at: number): Domains {
    const known = this.#levels[at];
    if (known !== undefined) return known;
    const made = new Domains();
    this.#levels[at] = made;
    return made;
  }

  #setDomains(
    nodeIndex: number,
    { rack, domains = [] }: Pick<NodeFacts, 'rack' | 'domains'>,
  ): void {
    this.racks.set(nodeIndex, rack);
    const count = Math.max(domains.length, this.#levels.length);
    for (let at = 0; at < count; at += 1) this.level(at).set(nodeIndex, domains[at]);
  }

  /** Gives a node a new version, after something about it has changed that is kept elsewhere. */
  bumpVersion(node: string | undefined): void {
    const nodeIndex = node === undefined ? UNKNOWN_NODE : this.#index.of(node);
    if (nodeIndex === UNKNOWN_NODE) return;
    if (nodeIndex >= this.#versions.length) {
      const bytes = 2 * (nodeIndex + 1) * Float64Array.BYTES_PER_ELEMENT;
      this.#versions = new Float64Array(this.#versions.buffer.transfer(bytes));
    }
    this.#latestVersion += 1;
    this.#versions[nodeIndex] = this.#latestVersion;
  }

  #leaveNode(uid: string): void {
    const pod = this.#pods.get(uid);
    this.bumpVersion(pod?.node);
    if (pod !== undefined) this.gangs.count(pod, -1);
    if (pod?.node === undefined) return;
    const onNode = this.#podsOnNode.get(pod.node);
    onNode?.delete(uid);
    if (onNode?.size === 0) this.#podsOnNode.delete(pod.node);
    if (stays(pod)) this.#stay(pod.slot.workload, -1);
  }

  #stay(workload: string, more: 1 | -1): void {
    const count = this.boundOf(workload) + more;
    if (count === 0) this.#staying.delete(workload);
    else this.#staying.set(workload, count);
  }
}

/** Whether a pod is on a node and has neither ended nor begun to. */
function stays(pod: PodFacts): boolean {
  return pod.node !== undefined && holdsDevices(pod) && !pod.isTerminating;
}

function isPending({ node, phase, isTerminating }: PodFacts): boolean {
  return node === undefined && phase === 'Pending' && !isTerminating;
}

/**
 * Whether a forecast would stay the same, images aside. Most changes of a Node are heartbeats, and a large fleet has
 * many a second. Its history and its pods bump the version by themselves.
 */
function isAlikeToForecasts(before: NodeFacts, now: NodeFacts): boolean {
  if (before.devices.size !== now.devices.size) return false;
  for (const [resource, { capacity, allocatable }] of now.devices) {
    const known = before.devices.get(resource);
    if (known?.capacity !== capacity || known.allocatable !== allocatable) return false;
  }
  return (
    before.host === now.host &&
    before.uid === now.uid &&
    before.model === now.model &&
    announcedWork(before) === announcedWork(now) &&
    before.createdAtSeconds === now.createdAtSeconds
  );
}

/** Equal listings are one object, so comparing references is enough. */
function haveSameImages(before: NodeFacts, now: NodeFacts): boolean {
  return (
    before.isImageListCut === now.isImageListCut &&
    before.images.length === now.images.length &&
    now.images.every((listing, index) => listing === before.images[index])
  );
}
