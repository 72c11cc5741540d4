import { dropOldest } from '../history/drop-oldest.ts';
import type { NodeFacts, PodFacts } from '../history/facts.ts';
import { digestOf } from './images.ts';

/** More image names than any cluster seen lists; the oldest are dropped beyond it. */
const MOST_IMAGES = 20_000;
/** How long an image that ran is taken to be there, once its pod has gone, where the list is cut. Judgement. */
const REMEMBERED_SECONDS = 86_400;
/** Images that ran on one node and are not in its list. */
const MOST_REMEMBERED = 64;

/** The digest that a name stands for, and when a container was seen to run under it. */
interface Known {
  readonly digest: string;
  readonly ranAtSeconds: number;
}

/** An image that ran on a node: the pods that run it, and until when it is taken to be there after them. */
interface Ran {
  readonly uids: ReadonlySet<string>;
  readonly untilSeconds: number;
}

/** Sizes and digests of images as any node lists them, and what ran where beyond the lists. */
export class ImageIndex {
  /** By normalised name, and by digest. */
  readonly #bytes = new Map<string, number>();
  readonly #digests = new Map<string, Known>();
  readonly #digestsOn = new Map<string, ReadonlySet<string>>();
  readonly #ran = new Map<string, Map<string, Ran>>();
  #totalBytes = 0;

  /** Size in bytes as some node lists it, under this name or its digest; `undefined` when none ever did. */
  bytesOf(image: string): number | undefined {
    return this.#bytes.get(image) ?? this.#bytes.get(this.#digestOf(image) ?? '');
  }

  /** Changes whenever something else is known of the image, wherever it is. */
  stampOf(image: string): string {
    const bytes = this.bytesOf(image) ?? `about ${this.averageBytes.toPrecision(2)}`;
    return `${bytes}@${this.#digestOf(image) ?? ''}`;
  }

  /** Size of the average image that any node lists: what one of unknown size is taken for; 0 for none. */
  get averageBytes(): number {
    return this.#bytes.size === 0 ? 0 : this.#totalBytes / this.#bytes.size;
  }

  /** True when the node has the image: by name, by digest under another name, or because it ran there. */
  isOn(node: NodeFacts, image: string, nowSeconds: number): boolean {
    if (node.images.has(image)) return true;
    const digest = this.#digestOf(image);
    if (digest !== undefined && this.#digestsOn.get(node.name)?.has(digest)) return true;
    // Of a node whose list is whole nothing is remembered.
    const ran = this.#ran.get(node.name)?.get(image);
    return ran !== undefined && (ran.uids.size > 0 || ran.untilSeconds > nowSeconds);
  }

  #digestOf(image: string): string | undefined {
    return digestOf(image) ?? this.#digests.get(image)?.digest;
  }

  listed({ name: node, images, digests, isImageListCut }: NodeFacts): void {
    if (digests.size === 0) this.#digestsOn.delete(node);
    else this.#digestsOn.set(node, new Set(digests.values()));
    for (const [name, bytes] of images) this.#setBytes(name, bytes);
    for (const [name, digest] of digests) {
      this.#setDigest(name, digest, Number.NEGATIVE_INFINITY);
      this.#setBytes(digest, images.get(name) ?? 0);
    }
    for (const bytes of dropOldest(this.#bytes, MOST_IMAGES)) this.#totalBytes -= bytes;
    // A list that is whole is the truth.
    if (!isImageListCut) this.#ran.delete(node);
  }

  /** A pod runs, or has run, on a node whose list may be cut. */
  ranOn({ name: node, isImageListCut }: NodeFacts, pod: PodFacts, nowSeconds: number): void {
    for (const { image, digest, atSeconds } of pod.ran) {
      if (digest !== undefined) this.#setDigest(image, digest, atSeconds);
    }
    if (!isImageListCut || pod.ran.length === 0) return;
    const onNode = this.#ran.get(node) ?? new Map<string, Ran>();
    this.#ran.set(node, onNode);
    const isThere = pod.phase === 'Running' && !pod.isTerminating;
    for (const { image } of pod.ran) {
      const uids = new Set(onNode.get(image)?.uids);
      if (isThere) uids.add(pod.uid);
      else uids.delete(pod.uid);
      onNode.delete(image);
      onNode.set(image, { uids, untilSeconds: nowSeconds + REMEMBERED_SECONDS });
    }
    dropOldest(onNode, MOST_REMEMBERED);
  }

  nodeGone(node: string): void {
    this.#digestsOn.delete(node);
    this.#ran.delete(node);
  }

  /** A name may come to stand for another digest: what ran last tells; a node's list may be old. */
  #setDigest(name: string, digest: string, ranAtSeconds: number): void {
    const known = this.#digests.get(name);
    if (known !== undefined && known.ranAtSeconds > ranAtSeconds) return;
    this.#digests.delete(name);
    this.#digests.set(name, { digest, ranAtSeconds });
    dropOldest(this.#digests, MOST_IMAGES);
  }

  #setBytes(name: string, bytes: number): void {
    this.#totalBytes += bytes - (this.#bytes.get(name) ?? 0);
    this.#bytes.delete(name);
    this.#bytes.set(name, bytes);
  }
}
