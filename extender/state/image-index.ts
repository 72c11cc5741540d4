import { dropOldest } from '../bounds/drop-oldest.ts';
import type { ImageListing, NodeFacts, PodFacts } from '../facts/facts.ts';
import { digestOf } from '../facts/images.ts';

/** More image names than any cluster seen lists; the oldest are dropped beyond it. */
const MOST_IMAGES = 20_000;
/** Digests remembered of one name, such as a tag that is pushed every night. */
const MOST_LISTINGS = 32;
/** How long an image is taken to stay on a node with a cut list after its pod has gone (judgement). */
const REMEMBERED_SECONDS = 86_400;
/** Images that ran on one node and are not in its list, and nodes of which that is known: 64 names of 128 take 8 kB. */
const MOST_REMEMBERED = 64;
const MOST_RAN = 50_000;

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

/** What nodes list under a name or a digest. */
interface Listed {
  /** The size that was listed last. */
  readonly bytes: number;
  readonly listings: readonly ImageListing[];
}

/** Sizes and digests of images as any node lists them, and what ran where beyond the lists. */
export class ImageIndex {
  /** By normalised name, and by digest. */
  readonly #listed = new Map<string, Listed>();
  readonly #digests = new Map<string, Known>();
  readonly #ran = new Map<string, Map<string, Ran>>();
  #totalBytes = 0;
  /** False once anything was dropped; then only a node's own list is believed. */
  #isWhole = true;

  /** Size in bytes as some node lists it, under this name or its digest; `undefined` when none ever did. */
  bytesOf(image: string): number | undefined {
    const listed = this.#listed.get(image) ?? this.#listed.get(this.#digestOf(image) ?? '');
    return listed?.bytes;
  }

  /** A text that changes whenever the known size or digest of the image changes. */
  stampOf(image: string): string {
    const bytes = this.bytesOf(image) ?? `about ${this.averageBytes.toPrecision(2)}`;
    return `${bytes}@${this.#digestOf(image) ?? ''}`;
  }

  /** Size of the average image that any node lists: what one of unknown size is taken for; 0 for none. */
  get averageBytes(): number {
    return this.#listed.size === 0 ? 0 : this.#totalBytes / this.#listed.size;
  }

  /** True when the node has the image: by name, by digest under another name, or because it ran there. */
  isOn(node: NodeFacts, image: string, nowSeconds: number): boolean {
    if (this.#lists(node, image)) return true;
    const digest = this.#digestOf(image);
    if (digest !== undefined && this.#lists(node, digest)) return true;
    // A complete list needs no memory beside it.
    const ran = this.#ran.get(node.name)?.get(image);
    return ran !== undefined && (ran.uids.size > 0 || ran.untilSeconds > nowSeconds);
  }

  /** Whether the node's list has it under this name or digest. */
  #lists({ images }: NodeFacts, key: string): boolean {
    const listings = this.#listed.get(key)?.listings;
    if (listings?.some((listing) => images.includes(listing))) return true;
    if (this.#isWhole) return false;
    return images.some(({ names, digest }) => digest === key || names.includes(key));
  }

  #digestOf(image: string): string | undefined {
    return digestOf(image) ?? this.#digests.get(image)?.digest;
  }

  listed({ name: node, images, isImageListCut }: NodeFacts): void {
    for (const listing of images) {
      const { names, digest } = listing;
      for (const name of names) {
        this.#setListed(name, listing);
        if (digest !== undefined) this.#setDigest(name, digest, Number.NEGATIVE_INFINITY);
      }
      if (digest !== undefined) this.#setListed(digest, listing);
    }
    for (const { bytes } of dropOldest(this.#listed, MOST_IMAGES)) {
      this.#totalBytes -= bytes;
      this.#isWhole = false;
    }
    // A complete list is the truth.
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
    this.#ran.delete(node);
    this.#ran.set(node, onNode);
    dropOldest(this.#ran, Math.ceil(MOST_RAN / MOST_REMEMBERED));
  }

  nodeGone(node: string): void {
    this.#ran.delete(node);
  }

  /** The digest of a name may change. The last container that ran tells which it is; a node's list may be old. */
  #setDigest(name: string, digest: string, ranAtSeconds: number): void {
    const known = this.#digests.get(name);
    if (known !== undefined && known.ranAtSeconds > ranAtSeconds) return;
    this.#digests.delete(name);
    this.#digests.set(name, { digest, ranAtSeconds });
    dropOldest(this.#digests, MOST_IMAGES);
  }

  #setListed(key: string, listing: ImageListing): void {
    const known = this.#listed.get(key);
    const { bytes = 0, listings = [] } = known ?? {};
    const isKnown = listings.includes(listing);
    if (!isKnown && listings.length >= MOST_LISTINGS) this.#isWhole = false;
    this.#totalBytes += listing.bytes - bytes;
    this.#listed.delete(key);
    if (known !== undefined && isKnown && bytes === listing.bytes) this.#listed.set(key, known);
    else {
      const all = isKnown ? listings : [...listings.slice(1 - MOST_LISTINGS), listing];
      this.#listed.set(key, { bytes: listing.bytes, listings: all });
    }
  }
}
