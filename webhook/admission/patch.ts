import { add, type PatchOperation } from '../words/injection.ts';
import { INJECTED, MANAGED } from '../words/keys.ts';
import type { ObjectMeta } from '../words/pod.ts';
import type { Reason } from '../words/reason.ts';
import { type Admission, injectionsInWords } from './decide.ts';

/** The API server's limit for all annotations of an object together (apimachinery `TotalAnnotationSizeLimitB`). */
const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/**
 * The JSON Patch that carries out an admission, written operation by operation: no copy of the
 * object, no diff. A well-formed patch that does not apply rejects the user's object even under
 * `failurePolicy: Ignore`, so parents are made first, lists are only appended to, and when the
 * outcome could be invalid the answer is the reason instead.
 */
export function patchFor(
  { metadata }: { readonly metadata: ObjectMeta },
  admission: Admission,
): readonly PatchOperation[] | Reason {
  if (admission.marks === 'none') return [];
  const annotation = injectedAnnotation(admission);
  const bytes = annotationBytes(metadata) + INJECTED.length + Buffer.byteLength(annotation);
  if (bytes > ANNOTATIONS_LIMIT_BYTES) {
    return {
      code: 'AnnotationsFull',
      words: 'the pod has 256 KiB of annotations already, so nothing more can be written on it',
    };
  }
  return [
    ...admission.injections.flatMap(({ operations }) => operations),
    ...(admission.marks === 'annotation' ? [] : marked(metadata, 'labels', MANAGED, 'true')),
    ...marked(metadata, 'annotations', INJECTED, annotation),
  ];
}

/** Short stable JSON: which profile, what was injected, what was declined and why. */
function injectedAnnotation({ profile, injections, declined }: Admission): string {
  return JSON.stringify({
    profile,
    injected: injectionsInWords(injections),
    ...(declined.length > 0 && { declined }),
  });
}

function marked(
  metadata: ObjectMeta,
  map: 'labels' | 'annotations',
  key: string,
  value: string,
): readonly PatchOperation[] {
  const path = `/metadata/${map}`;
  return [...(metadata[map] == null ? [add(path, {})] : []), add(`${path}/${escaped(key)}`, value)];
}

function annotationBytes({ annotations }: ObjectMeta): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return bytes;
}

/** RFC 6901: `/` and `~` inside a key. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
