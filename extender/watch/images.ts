import { sharedTexts } from '../history/shared.ts';

/** Thousands of nodes list the same names: each is kept once. */
const interned = sharedTexts(50_000);

/**
 * An image name as the container runtime lists it: registry, path and tag or digest written out.
 * `busybox` and `docker.io/library/busybox:latest` are the same image.
 */
export function normalizedImage(name: string): string {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first : 'docker.io';
  const rest = hasRegistry ? name.slice(slash + 1) : name;
  const path = `${registry}/${registry === 'docker.io' && !rest.includes('/') ? 'library/' : ''}${rest}`;
  const at = path.indexOf('@');
  // Runtimes list what was pinned by digest without the tag that stood beside it.
  if (at >= 0) return `${path.slice(0, at).replace(/:[^:/]*$/, '')}${path.slice(at)}`;
  return path.slice(path.lastIndexOf('/')).includes(':') ? path : `${path}:latest`;
}

/** The same, kept once however many nodes list it and pods ask for it. */
export function sharedImageName(name: string): string {
  return interned(normalizedImage(name));
}

/** `sha256:...` in a reference, or in what the kubelet calls an image's id. */
export function digestOf(reference: string): string | undefined {
  return /sha256:[0-9a-f]{64}/.exec(reference)?.[0];
}

/** The kubelet's own limit of its list, unless it is set otherwise (nodeStatusMaxImages, default 50). */
const KUBELET_LISTS = 50;

/** One entry of a node's list of images. */
export interface ListedImage {
  readonly names?: readonly string[] | null;
  readonly sizeBytes?: number;
}

/** What a node's list says: sizes by normalised name, and the digest behind each of the names. */
export interface ImageList {
  readonly images: ReadonlyMap<string, number>;
  readonly digests: ReadonlyMap<string, string>;
  readonly isImageListCut: boolean;
}

export function imageList(entries: readonly ListedImage[]): ImageList {
  const images = new Map<string, number>();
  const digests = new Map<string, string>();
  for (const { names, sizeBytes = 0 } of entries) {
    // The API sends null, not nothing, for an image that has lost its tags (containerd#4771).
    const all = (names ?? []).map(sharedImageName);
    const digest = all.map(digestOf).find((found) => found !== undefined);
    for (const name of all) {
      images.set(name, sizeBytes);
      if (digest !== undefined) digests.set(name, interned(digest));
    }
  }
  return { images, digests, isImageListCut: entries.length >= KUBELET_LISTS };
}
