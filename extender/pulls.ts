import { Bandwidth } from './forecast/bandwidth.ts';
import type { NodeFacts, PodFacts } from './history/facts.ts';
import type { Cluster } from './watch/cluster.ts';

/** What a pod waits for on its node. */
interface Waiting {
  readonly node: string;
  readonly group: string;
  readonly images: readonly string[];
  readonly sinceSeconds: number;
  /** Other pods that were waiting there when it came. */
  readonly others: number;
}

/** Which images are on their way to which node, and how long they took. */
export class Pulls {
  readonly #cluster: Cluster;
  readonly #bandwidth = new Bandwidth();
  readonly #byUid = new Map<string, Waiting>();
  readonly #byNode = new Map<string, Set<Waiting>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A pod was bound to a node: what it lacks there will be pulled. */
  bound(pod: PodFacts, node: NodeFacts, nowSeconds: number): void {
    const { images: index } = this.#cluster;
    const missing = pod.images.filter((image) => !index.isOn(node, image, nowSeconds));
    if (missing.length === 0) return;
    const onNode = this.#byNode.get(node.name) ?? new Set();
    const waiting = {
      node: node.name,
      group: groupOf(node),
      images: missing,
      sinceSeconds: pod.boundAtSeconds ?? nowSeconds,
      others: onNode.size,
    };
    this.#byUid.set(pod.uid, waiting);
    this.#byNode.set(node.name, onNode.add(waiting));
  }

  /** The pod has changed: once it has run, or has left, it waits no more. */
  changed(pod: PodFacts, hasLeft: boolean): void {
    const waiting = this.#byUid.get(pod.uid);
    if (waiting === undefined || (pod.ran.length === 0 && !hasLeft)) return;
    this.gone(pod.uid);
    const [image] = waiting.images;
    const first = pod.ran.toSorted((a, b) => a.atSeconds - b.atSeconds)[0];
    const bytes = this.#cluster.images.bytesOf(image ?? '');
    // Of one image alone, and the first to run, it is known how long it took.
    if (waiting.images.length > 1 || first === undefined) return;
    if (first.image !== image || bytes === undefined) return;
    const { node, group, others, sinceSeconds } = waiting;
    this.#bandwidth.saw({ node, group, bytes, seconds: first.atSeconds - sinceSeconds, others });
  }

  gone(uid: string): void {
    const waiting = this.#byUid.get(uid);
    if (waiting === undefined) return;
    this.#byUid.delete(uid);
    const onNode = this.#byNode.get(waiting.node);
    onNode?.delete(waiting);
    if (onNode?.size === 0) this.#byNode.delete(waiting.node);
  }

  /** Bytes a second that one more pull would get on the node; `priorBytesPerSecond` until it is learned. */
  bytesPerSecond(node: NodeFacts, priorBytesPerSecond: number): number {
    const alone = this.#bandwidth.of(groupOf(node)) ?? priorBytesPerSecond;
    return alone / (1 + (this.#byNode.get(node.name)?.size ?? 0));
  }

  isPulling(node: string): boolean {
    return this.#byNode.has(node);
  }

  /** Since when an image has been on its way to the node, if it is. */
  pulledSinceSeconds(node: string, image: string): number | undefined {
    let since: number | undefined;
    for (const { images, sinceSeconds } of this.#byNode.get(node) ?? []) {
      if (images.includes(image)) since = Math.min(since ?? sinceSeconds, sinceSeconds);
    }
    return since;
  }
}

/** Nodes of one kind of machine pull alike. */
function groupOf({ model = '' }: Pick<NodeFacts, 'model'>): string {
  return model;
}
