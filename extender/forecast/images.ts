/** One image that a pod needs, and how one node stands to it. */
export interface ImageThere {
  readonly image: string;
  /** Absent when no node lists it. */
  readonly bytes?: number;
  readonly isThere: boolean;
  /** Since when another pod has been waiting for it on the node. */
  readonly pulledSinceSeconds?: number;
}

/** Which of a pod's images a node lacks, in bytes. */
export interface ImagesOnNode {
  readonly missingBytes: number;
  readonly presentBytes: number;
  /** What pulls that are under way have brought of the missing ones. */
  readonly arrivedBytes: number;
  readonly unknownImages: UnknownImages;
}

/** Images that no node has listed: how many, and one of them to name. Kept decisions hold no list of names. */
export interface UnknownImages {
  readonly count: number;
  readonly one?: string;
}

export function unknownAmong(images: readonly string[]): UnknownImages {
  const [one] = images;
  return one === undefined ? NONE_UNKNOWN : { count: images.length, one };
}

const NONE_UNKNOWN: UnknownImages = { count: 0 };

/** How many times as long as it should take a pull may take (judgement). */
const STUCK_TIMES = 3;

/**
 * Compares a pod's images with those a node has. An image that no node lists is taken for an average one:
 * it costs the same wherever it is not, and nothing where it ran.
 */
export function imagesOnNode(
  images: readonly ImageThere[],
  averageBytes: number,
  bytesPerSecond: number,
  nowSeconds: number,
): ImagesOnNode {
  let missingBytes = 0;
  let presentBytes = 0;
  let arrivedBytes = 0;
  const unknown: string[] = [];
  for (const { image, bytes: known, isThere, pulledSinceSeconds } of images) {
    const bytes = known ?? averageBytes;
    if (isThere) {
      presentBytes += bytes;
      continue;
    }
    if (known === undefined) unknown.push(image);
    const pulledSeconds = Math.max(0, nowSeconds - (pulledSinceSeconds ?? nowSeconds));
    // One that should have been done long ago is stuck, whatever holds it up.
    const isStuck = pulledSeconds * bytesPerSecond > STUCK_TIMES * bytes;
    const arrived = isStuck ? 0 : Math.min(bytes, pulledSeconds * bytesPerSecond);
    missingBytes += bytes - arrived;
    arrivedBytes += arrived;
  }
  return { missingBytes, presentBytes, arrivedBytes, unknownImages: unknownAmong(unknown) };
}
