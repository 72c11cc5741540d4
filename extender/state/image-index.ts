import { dropOldest } from '../bounds/drop-oldest.ts';
import type { ImageListing, NodeFacts, PodFacts } from '../facts/facts.ts';
import { digestOf } from '../facts/images.ts';

/** More image names than any cluster seen lists; the oldest are dropped beyond it. */
const MOST_IMAGES = 20_000;
/** Digests remembered of one name, such as a tag that is pushed every night. */
const MOST_LISTINGS = 32;
/** How long an image is taken to stay on a node with a cut list after its pod has gone (judgement). */
const REMEMBERED_SECONDS = 86_400;
/**
 * How long a complete list may lack what has run: the kubelet looks every 30 s and tells every 10 s, and garbage
 * collection leaves an image alone for two minutes (`imageMinimumGCAge`).
 */
const LIST_LAGS_SECONDS = 120;
/** Images that ran on one node and are not in its list, and nodes of which that is known: 64 names of 128 take 8 kB. */
const MOST_REMEMBERED = 64;
const MOST_RAN = 50_000;

/** The digest that a name stands for, and when a container was seen to run under it. */
interface Known {
  readonly digest: string;
  readonly ranAtSeconds: number;
}

/** An image that ran on a node: the pods that run it, and when one was last seen to. */
interface Ran {
  readonly uids: ReadonlySet<string>;
  readonly lastSeconds: number;
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
    const ran = this.#ran.get(node.name)?.get(image);
    if (ran === undefined) return false;
    const staysSeconds = node.isImageListCut ? REMEMBERED_SECONDS : LIST_LAGS_SECONDS;
    return ran.uids.size > 0 || nowSeconds - ran.lastSeconds < staysSeconds;
  }

  /** Whether the node's list has the image, by name or by digest. */
  #lists(node: NodeFacts, image: string): boolean {
    const digest = this.#digestOf(image);
    return this.#has(node, image) || (digest !== undefined && this.#has(node, digest));
  }

  /** Whether the node's list has this name or digest. */
  #has({ images }: NodeFacts, key: string): boolean {
    const listings = this.#listed.get(key)?.listings;
    if (listings?.some((listing) => images.includes(listing))) return true;
    if (this.#isWhole) return false;
    return images.some(({ names, digest }) => digest === key || names.includes(key));
  }

  #digestOf(image: string): string | undefined {
    return digestOf(image) ?? this.#digests.get(image)?.digest;
  }

  listed(node: NodeFacts): void {
    const { name, images, isImageListCut } = node;
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
    const ran = this.#ran.get(name);
    if (isImageListCut || ran === undefined) return;
    // What a complete list has needs no memory beside it.
    for (const image of ran.keys()) if (this.#lists(node, image)) ran.delete(image);
    if (ran.size === 0) this.#ran.delete(name);
  }

  /** A pod runs, or has run, on a node whose list may be cut or may not have it yet. */
  ranOn(node: NodeFacts, pod: PodFacts, nowSeconds: number): void {
    for (const { image, digest, atSeconds } of pod.ran) {
      if (digest !== undefined) this.#setDigest(image, digest, atSeconds);
    }
    const unlisted = pod.ran.filter(
      ({ image }) => node.isImageListCut || !this.#lists(node, image),
    );
    if (unlisted.length === 0) return;
    const onNode = this.#ran.get(node.name) ?? new Map<string, Ran>();
    const isThere = pod.phase === 'Running' && !pod.isTerminating;
    const seenSeconds = isThere ? nowSeconds : (pod.endedAtSeconds ?? nowSeconds);
    for (const { image } of unlisted) {
      const { uids: before, lastSeconds = seenSeconds } = onNode.get(image) ?? {};
      const uids = new Set(before);
      if (isThere) uids.add(pod.uid);
      else uids.delete(pod.uid);
      onNode.delete(image);
      onNode.set(image, { uids, lastSeconds: Math.max(lastSeconds, seenSeconds) });
    }
    dropOldest(onNode, MOST_REMEMBERED);
    this.#ran.delete(node.name);
    this.#ran.set(node.name, onNode);
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
