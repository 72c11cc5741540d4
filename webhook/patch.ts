import { type Admission, injectionsInWords } from './decide.ts';
import { INJECTED, MANAGED } from './words/keys.ts';
import type { Pod } from './words/pod.ts';
import type { Reason } from './words/reason.ts';

/** One operation of RFC 6902; we only ever add. */
export interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** The API server's limit for all annotations of an object together (apimachinery `TotalAnnotationSizeLimitB`). */
const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/**
 * The JSON Patch that carries out an admission, written operation by operation: no copy of the
 * pod, no diff. A well-formed patch that does not apply rejects the user's pod even under
 * `failurePolicy: Ignore`, so parents are made first, lists are only appended to, and when the
 * outcome could be invalid the answer is the reason instead.
 */
export function patchFor(pod: Pod, admission: Admission): readonly PatchOperation[] | Reason {
  if (admission.injections.length === 0) return [];
  const annotation = injectedAnnotation(admission);
  if (annotationBytes(pod) + INJECTED.length + annotation.length > ANNOTATIONS_LIMIT_BYTES) {
    return {
      code: 'AnnotationsFull',
      words: 'the pod has 256 KiB of annotations already, so nothing more can be written on it',
    };
  }
  const operations: PatchOperation[] = [];
  let hasTolerations = pod.spec.tolerations != null;
  for (const injection of admission.injections) {
    switch (injection.kind) {
      case 'toleration':
        if (!hasTolerations) operations.push(add('/spec/tolerations', []));
        hasTolerations = true;
        operations.push(add('/spec/tolerations/-', injection.toleration));
        break;
      case 'grace':
        operations.push(
          add('/spec/terminationGracePeriodSeconds', injection.raise.toSeconds),
          ...injection.raise.probes.map((probe) =>
            add(`${probe}/terminationGracePeriodSeconds`, injection.raise.fromSeconds),
          ),
        );
        break;
      case 'mark':
        if (pod.metadata.labels == null) operations.push(add('/metadata/labels', {}));
        operations.push(add(`/metadata/labels/${escaped(MANAGED)}`, 'true'));
        if (pod.metadata.annotations == null) operations.push(add('/metadata/annotations', {}));
        operations.push(add(`/metadata/annotations/${escaped(INJECTED)}`, annotation));
        break;
    }
  }
  return operations;
}

/** Short stable JSON: which profile, what was injected, what was declined and why. */
function injectedAnnotation({ profile, injections, declined }: Admission): string {
  return JSON.stringify({
    profile,
    injected: injectionsInWords(injections),
    ...(declined.length > 0 && { declined }),
  });
}

function annotationBytes(pod: Pod): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(pod.metadata.annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return bytes;
}

/** `add` on an existing member replaces it (RFC 6902 section 4.1), so it serves for both. */
function add(path: string, value: unknown): PatchOperation {
  return { op: 'add', path, value };
}

/** RFC 6901: `/` and `~` inside a key. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
