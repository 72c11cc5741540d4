import type { PodFacts } from '../facts/facts.ts';
import { type UnknownImages, unknownAmong } from '../forecast/images.ts';
import type { Snapshot } from '../state/snapshot.ts';

/**
 * Images of a pod that are looked for on every node. Few pods have more, and the largest decide; a tenant's pod may
 * name hundreds, and thousands of nodes would have to be asked for each.
 */
const MOST_LOOKED_FOR = 8;

/** What a pod's images are to all nodes alike. */
export interface PodImages {
  /** Whether a node has these is looked at. */
  readonly lookedFor: readonly string[];
  /** Bytes of the others, which are taken to be on no node. */
  readonly otherBytes: number;
  /** Those of the others that no node has listed. */
  readonly otherUnknown: UnknownImages;
}

/** Looks for the largest images that any node lists, and where there are few for all of them. */
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
