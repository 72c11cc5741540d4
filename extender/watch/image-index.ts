import type { NodeFacts, PodFacts } from '../history/facts.ts';

/** More image names than any cluster seen lists; the oldest are dropped beyond it. */
const MOST_IMAGES = 20_000;
/** How long an image that ran is taken to be there, once its pod has gone, where the list is cut. Judgement. */
const REMEMBERED_SECONDS = 86_400;
/** Images that ran on one node and are not in its list. */
const MOST_REMEMBERED = 64;

/** Sizes and digests of images as any node lists them, and what ran where beyond the lists. */
export class ImageIndex {
  /** By normalised name, and by digest. */
  readonly #bytes = new Map<string, number>();
  readonly #digests = new Map<string, string>();
  readonly #digestsOn = new Map<string, ReadonlySet<string>>();
  /** By node and image: until when it is taken to be there. */
  readonly #ran = new Map<string, Map<string, number>>();
  #totalBytes = 0;

  /** Size in bytes as some node lists it, under this name or its digest; `undefined` when none ever did. */
  bytesOf(image: string): number | undefined {
    return this.#bytes.get(image) ?? this.#bytes.get(this.#digests.get(image) ?? '');
  }

  /** Changes whenever something else is known of the image, wherever it is. */
  stampOf(image: string): string {
    const bytes = this.bytesOf(image) ?? `about ${this.averageBytes.toPrecision(2)}`;
    return `${bytes}@${this.#digests.get(image) ?? ''}`;
  }

  /** Size of the average image that any node lists: what one of unknown size is taken for; 0 for none. */
  get averageBytes(): number {
    return this.#bytes.size === 0 ? 0 : this.#totalBytes / this.#bytes.size;
  }

  /** True when the node has the image: by name, by digest under another name, or because it ran there. */
  isOn(node: NodeFacts, image: string, nowSeconds: number): boolean {
    if (node.images.has(image)) return true;
    const digest = this.#digests.get(image);
    if (digest !== undefined && this.#digestsOn.get(node.name)?.has(digest)) return true;
    // Of a node whose list is whole nothing is remembered.
    return (this.#ran.get(node.name)?.get(image) ?? 0) > nowSeconds;
  }

  listed({ name: node, images, digests, isImageListCut }: NodeFacts): void {
    this.#digestsOn.set(node, new Set(digests.values()));
    for (const [name, bytes] of images) this.#set(name, bytes);
    for (const [name, digest] of digests) {
      this.#digests.set(name, digest);
      this.#set(digest, images.get(name) ?? 0);
    }
    for (const name of this.#bytes.keys()) {
      if (this.#bytes.size <= MOST_IMAGES) break;
      this.#totalBytes -= this.#bytes.get(name) ?? 0;
      this.#bytes.delete(name);
      this.#digests.delete(name);
    }
    // A list that is whole is the truth.
    if (!isImageListCut) this.#ran.delete(node);
  }

  /** A pod runs, or has run, on a node whose list may be cut. */
  ranOn({ name: node, isImageListCut }: NodeFacts, pod: PodFacts, nowSeconds: number): void {
    for (const { image, digest } of pod.ran)
      if (digest !== undefined) this.#digests.set(image, digest);
    if (!isImageListCut || pod.ran.length === 0) return;
    const ran = this.#ran.get(node) ?? new Map<string, number>();
    this.#ran.set(node, ran);
    const isThere = pod.phase === 'Running' && !pod.isTerminating;
    const until = isThere ? Number.POSITIVE_INFINITY : nowSeconds + REMEMBERED_SECONDS;
    for (const { image } of pod.ran) {
      ran.delete(image);
      ran.set(image, until);
    }
    for (const image of ran.keys()) {
      if (ran.size <= MOST_REMEMBERED) break;
      ran.delete(image);
    }
  }

  nodeGone(node: string): void {
    this.#digestsOn.delete(node);
    this.#ran.delete(node);
  }

  #set(name: string, bytes: number): void {
    this.#totalBytes += bytes - (this.#bytes.get(name) ?? 0);
    this.#bytes.delete(name);
    this.#bytes.set(name, bytes);
  }
}
