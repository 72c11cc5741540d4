import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import { Bandwidth } from './bandwidth.ts';
import type { Cluster } from './cluster.ts';

/** What a pod waits for on its node. */
interface Waiting {
  readonly node: string;
  readonly group: string;
  /** Images that it lacked and that have not run yet. */
  readonly images: readonly string[];
  readonly sinceSeconds: number;
  /** The only image that it lacked, if nobody pulled it before, and how many other pulls went on. */
  readonly alone?: { readonly image: string; readonly others: number };
}

/** A pod that has not run after so long does not wait for its images (12 GB at 10 MiB/s take 20 min). */
const LONGEST_PULL_SECONDS = 1800;
/** What is learned may differ from the configured rate by this factor at most: starts measure more than pulls. */
const MOST_TIMES_PRIOR = 4;

/** Which images are on their way to which node, and how long they took. */
export class ImagePulls {
  readonly #cluster: Cluster;
  readonly #bandwidth = new Bandwidth();
  readonly #byUid = new Map<string, Waiting>();
  readonly #byNode = new Map<string, Map<string, Waiting>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A pod was bound to a node: what it lacks there will be pulled. */
  bound(pod: PodFacts, node: NodeFacts, nowSeconds: number): void {
    const { images: index } = this.#cluster;
    const missing = pod.images.filter((image) => !index.isOn(node, image, nowSeconds));
    const [image] = missing;
    if (image === undefined) return;
    const others = this.#imagesOn(node.name, nowSeconds);
    const isAlone = missing.length === 1 && !others.has(image);
    this.#set(pod.uid, {
      node: node.name,
      group: groupOf(node),
      images: missing,
      sinceSeconds: pod.boundAtSeconds ?? nowSeconds,
      ...(isAlone && { alone: { image, others: others.size } }),
    });
  }

  /** The pod has changed. It stops waiting once all images that it lacked have run, or once it has left. */
  changed(pod: PodFacts, hasLeft: boolean): void {
    const waiting = this.#byUid.get(pod.uid);
    if (waiting === undefined || (pod.ran.length === 0 && !hasLeft)) return;
    const left = waiting.images.filter((image) => !pod.ran.some((one) => one.image === image));
    this.gone(pod.uid);
    if (left.length > 0 && !hasLeft) this.#set(pod.uid, { ...waiting, images: left });
    else this.#learn(pod, waiting);
  }

  /** Learns from a pod that lacked one image only: then the time until its start is that image's. */
  #learn({ ran }: PodFacts, { node, group, sinceSeconds, alone }: Waiting): void {
    const first = ran.toSorted((a, b) => a.atSeconds - b.atSeconds)[0];
    if (alone === undefined || first?.image !== alone.image) return;
    const bytes = this.#cluster.images.bytesOf(alone.image);
    if (bytes === undefined) return;
    const { others } = alone;
    this.#bandwidth.saw({ node, group, bytes, seconds: first.atSeconds - sinceSeconds, others });
  }

  #set(uid: string, waiting: Waiting): void {
    this.#byUid.set(uid, waiting);
    const onNode = this.#byNode.get(waiting.node) ?? new Map<string, Waiting>();
    this.#byNode.set(waiting.node, onNode.set(uid, waiting));
  }

  gone(uid: string): void {
    const waiting = this.#byUid.get(uid);
    if (waiting === undefined) return;
    this.#byUid.delete(uid);
    const onNode = this.#byNode.get(waiting.node);
    onNode?.delete(uid);
    if (onNode?.size === 0) this.#byNode.delete(waiting.node);
  }

  /** Bytes a second that one more pull would get on the node; `priorBytesPerSecond` until it is learned. */
  bytesPerSecond(node: NodeFacts, priorBytesPerSecond: number, nowSeconds: number): number {
    const alone = this.bytesPerSecondIn(groupOf(node), priorBytesPerSecond);
    if (!this.#byNode.has(node.name)) return alone;
    return alone / (1 + this.#imagesOn(node.name, nowSeconds).size);
  }

  /** Bytes a second of one pull alone, on nodes of one kind. */
  bytesPerSecondIn(group: string, priorBytesPerSecond: number): number {
    const learned = this.#bandwidth.of(group) ?? priorBytesPerSecond;
    return Math.min(
      priorBytesPerSecond * MOST_TIMES_PRIOR,
      Math.max(priorBytesPerSecond / MOST_TIMES_PRIOR, learned),
    );
  }

  /** Whether a pod waits for images there. */
  isPulling(node: string): boolean {
    return this.#byNode.has(node);
  }

  /** Since when an image has been on its way to the node, if it is. */
  pulledSinceSeconds(node: string, image: string, nowSeconds: number): number | undefined {
    let since: number | undefined;
    for (const { images, sinceSeconds } of this.#byNode.get(node)?.values() ?? []) {
      if (!images.includes(image) || nowSeconds - sinceSeconds > LONGEST_PULL_SECONDS) continue;
      since = Math.min(since ?? sinceSeconds, sinceSeconds);
    }
    return since;
  }

  /** Images on their way to the node: several pods may wait for one. */
  #imagesOn(node: string, nowSeconds: number): ReadonlySet<string> {
    const images = new Set<string>();
    for (const waiting of this.#byNode.get(node)?.values() ?? []) {
      if (nowSeconds - waiting.sinceSeconds > LONGEST_PULL_SECONDS) continue;
      for (const image of waiting.images) images.add(image);
    }
    return images;
  }
}

/** Nodes of one kind of machine pull alike. */
export function groupOf({ model = '' }: Pick<NodeFacts, 'model'>): string {
  return model;
}
