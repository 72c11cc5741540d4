/** Which of a pod's images a node lacks, in bytes. */
export interface ImagesOnNode {
  readonly missingBytes: number;
  readonly presentBytes: number;
  readonly unknownImages: readonly string[];
}

/**
 * Compares a pod's images with those a node has. An image that no node lists has no known size:
 * it costs the same everywhere, so it is left out of the sum and named.
 */
export function imagesOnNode(
  images: readonly string[],
  onNode: ReadonlyMap<string, number>,
  bytesOf: (image: string) => number | undefined,
): ImagesOnNode {
  let missingBytes = 0;
  let presentBytes = 0;
  const unknownImages: string[] = [];
  for (const image of images) {
    const here = onNode.get(image);
    const bytes = here ?? bytesOf(image);
    if (bytes === undefined) unknownImages.push(image);
    else if (here === undefined) missingBytes += bytes;
    else presentBytes += bytes;
  }
  return { missingBytes, presentBytes, unknownImages };
}
