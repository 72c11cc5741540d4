import { sharedTexts } from '../bounds/shared-values.ts';
import type { ImageListing } from './facts.ts';

/** Thousands of nodes list the same names: each is kept once. */
const interned = sharedTexts(16 * 2 ** 20);

const DOCKER_HUB = 'docker.io';

/**
 * An image name as the container runtime lists it: registry, path and tag or digest written out.
 * `busybox` and `docker.io/library/busybox:latest` are the same image. The rules are those of
 * github.com/distribution/reference `normalize.go`, by which containerd and CRI-O read a name.
 */
export function normalizedImage(name: string): string {
  const path = writtenOut(name);
  const at = path.indexOf('@');
  // Runtimes list what was pinned by digest without the tag that stood beside it.
  if (at >= 0) return `${path.slice(0, at).replace(/:[^:/]*$/, '')}${path.slice(at)}`;
  return path.slice(path.lastIndexOf('/')).includes(':') ? path : `${path}:latest`;
}

/** With the registry, and with `library/` before an official name of Docker Hub. */
function writtenOut(name: string): string {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  const hasRegistry = isRegistry(first);
  const rest = hasRegistry ? name.slice(slash + 1) : name;
  // The name that Docker Hub had at first.
  const registry = hasRegistry && first !== 'index.docker.io' ? first : DOCKER_HUB;
  const isOfficial = registry === DOCKER_HUB && !rest.includes('/');
  return `${registry}/${isOfficial ? 'library/' : ''}${rest}`;
}

/** Whether the part before the first slash is a host: no path may hold a colon or a capital letter. */
function isRegistry(first: string): boolean {
  return first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
}

/** The same, kept once however many nodes list it and pods ask for it. */
export function sharedImageName(name: string): string {
  return interned(normalizedImage(name));
}

/** `sha256:...` in a reference, or in what the kubelet calls an image's id. */
export function digestOf(reference: string): string | undefined {
  return /sha256:[0-9a-f]{64}/.exec(reference)?.[0];
}

/** One entry of a node's list of images. */
export interface ListedImage {
  readonly names?: readonly string[] | null;
  readonly sizeBytes?: number;
}

/** What a node's list says. */
export interface ImageList {
  readonly images: readonly ImageListing[];
  readonly isImageListCut: boolean;
}

export function imageList(entries: readonly ListedImage[]): ImageList {
  // The API sends null, not nothing, for an image that has lost its tags (containerd#4771).
  const named = entries.filter(({ names }) => names != null && names.length > 0);
  return { images: named.map(listing), isImageListCut: isLimit(entries.length) };
}

/**
 * Whether a list of this length may have been cut by the kubelet: its limit (nodeStatusMaxImages, 50 unless set, -1 for
 * none) is told to nobody. Those who set one take a round number; a list of any other length is whole.
 */
function isLimit(entries: number): boolean {
  return entries % (entries <= 50 ? 10 : 50) === 0;
}

/** What entries have been read as, by their first names: joining all names to one key takes longer than all else. */
const readings = new Map<string, Reading[]>();
/** Characters of all names in them, and entries with the same first name: with other tags, or another size. */
const MOST_READ_CHARACTERS = 8 * 2 ** 20;
const MOST_READINGS = 16;
let readCharacters = 0;

interface Reading {
  readonly names: readonly string[];
  readonly listing: ImageListing;
}

/** Thousands of nodes list the same images: each is read once, and given again. */
function listing({ names, sizeBytes = 0 }: ListedImage): ImageListing {
  const all = names ?? [];
  const first = all[0] ?? '';
  const known = readings.get(first) ?? [];
  for (const reading of known) {
    if (reading.listing.bytes === sizeBytes && areSame(reading.names, all)) return reading.listing;
  }
  const made = madeListing(all, sizeBytes);
  readCharacters += all.reduce((sum, { length }) => sum + length, 0);
  if (readCharacters > MOST_READ_CHARACTERS) {
    readings.clear();
    readCharacters = 0;
  }
  readings.set(first, known);
  if (known.length >= MOST_READINGS) known.shift();
  known.push({ names: all, listing: made });
  return made;
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index += 1) {
    if (some[index] !== others[index]) return false;
  }
  return true;
}

function madeListing(names: readonly string[], bytes: number): ImageListing {
  const all = names.map(sharedImageName);
  const digest = all.map(digestOf).find((found) => found !== undefined);
  return { names: all, bytes, ...(digest !== undefined && { digest }) };
}
