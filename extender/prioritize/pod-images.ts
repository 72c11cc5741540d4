import type { PodFacts } from '../facts/facts.ts';
import { type UnknownImages, unknownAmong } from '../forecast/images.ts';
import type { Snapshot } from '../state/snapshot.ts';

/**
 * Images of a pod that are looked for on every node. Few pods have more, and the largest decide. A tenant's pod may name
 * hundreds, and each would have to be looked up on thousands of nodes.
 */
const MOST_LOOKED_FOR = 8;

/** What is true of a pod's images on every node. */
export interface PodImages {
  /** Images that are looked for on each node. */
  readonly lookedFor: readonly string[];
  /** Bytes of the others, which are taken to be on no node. */
  readonly otherBytes: number;
  /** Those of the others that no node has listed. */
  readonly otherUnknown: UnknownImages;
}

/** Chooses the largest images that any node lists; all images, where there are few. */
export function podImages(
  { images }: Pick<PodFacts, 'images'>,
  { cluster: { images: index } }: Pick<Snapshot, 'cluster'>,
): PodImages {
  if (images.length <= MOST_LOOKED_FOR) {
    return { lookedFor: images, otherBytes: 0, otherUnknown: unknownAmong([]) };
  }
  const sized = images.map((image) => ({ image, bytes: index.bytesOf(image) }));
  const known = sized
    .filter(({ bytes }) => bytes !== undefined)
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  const lookedFor = known.slice(0, MOST_LOOKED_FOR).map(({ image }) => image);
  const others = sized.filter(({ image }) => !lookedFor.includes(image));
  return {
    lookedFor,
    otherBytes: others.reduce((sum, { bytes }) => sum + (bytes ?? index.averageBytes), 0),
    otherUnknown: unknownAmong(
      others.flatMap(({ image, bytes }) => (bytes === undefined ? [image] : [])),
    ),
  };
}
