import { isModestJson, isRecord, parseJson, withoutNulls } from '../../certs/serving/json.ts';
import type { PatchOperation } from '../words/injection.ts';
import type { Job } from '../words/job.ts';
import { LONGEST_NAME } from '../words/longest-name.ts';
import type { Pod } from '../words/pod.ts';
import type { Reason } from '../words/reason.ts';
import { declinedText } from '../words/warning.ts';

/** The only file that knows AdmissionReview (admission.k8s.io/v1): reading it and answering it. */

const API_VERSION = 'admission.k8s.io/v1';
/** The largest pod that etcd takes has a third of it, and they take 12 MB. */
const MOST_LISTS_AND_MAPS = 200_000;
/** The API server's have 36 characters; the answer repeats it, and nobody is sent megabytes back. */
const LONGEST_UID = 64;
/** The API server cuts each warning at 256 characters once all of them pass 4096. */
const WARNING_LIMIT = 256;

/**
 * etcd takes an object of 1.5 MiB (`--max-request-bytes`), and whatever is added to a larger one has it refused; the API
 * server itself adds times and states. An object's JSON is never smaller than what is stored of it.
 */
export const LARGEST_OBJECT_BYTES = 1.4 * 2 ** 20;

/** The part of an AdmissionRequest that a decision needs. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly namespace: string;
  /** Group-less resource and operation, such as `pods CREATE`. */
  readonly what: string;
  /** Name of the object, or the beginning of it: a pod of a controller has no name yet. */
  readonly name: string;
  /** The object, when it has the shape of what it is said to be. */
  readonly object: ReviewedObject | undefined;
  /** What it weighs as JSON, or a little more. */
  readonly objectBytes: number;
}

export type ReviewedObject =
  | { readonly kind: 'Pod'; readonly pod: Pod }
  | { readonly kind: 'Job'; readonly job: Job };

export type ParsedReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly problem: string };

/** Reads an AdmissionReview; a problem is a sentence for whoever sent it. */
export function parseReview(body: Uint8Array): ParsedReview {
  if (body.length === 0) return problem('the body is empty; send an AdmissionReview');
  if (!isModestJson(body, MOST_LISTS_AND_MAPS)) {
    return problem(
      'the body holds more values, or deeper ones, than any object of Kubernetes; send an AdmissionReview',
    );
  }
  const review = parseJson(body);
  if (!isRecord(review)) return problem('the body is not a JSON object; send an AdmissionReview');
  if (review.kind !== 'AdmissionReview') {
    return problem(`the body's kind is ${shown(review.kind)}; send an AdmissionReview`);
  }
  if (review.apiVersion !== API_VERSION) {
    return problem(
      `the AdmissionReview's apiVersion is ${shown(review.apiVersion)}; send ${API_VERSION}, admissionReviewVersions: [v1]`,
    );
  }
  const { request } = review;
  if (!isRecord(request)) return problem('the AdmissionReview has no request; it must hold one');
  const { uid } = request;
  if (typeof uid !== 'string' || uid === '') {
    return problem('the AdmissionReview request has no uid; the answer must repeat it');
  }
  if (uid.length > LONGEST_UID) {
    return problem(
      `the AdmissionReview request's uid is over ${LONGEST_UID} characters; send a UID`,
    );
  }
  const what = whatOf(request);
  return {
    ok: true,
    request: {
      uid,
      namespace: textOr('', request.namespace).slice(0, LONGEST_NAME),
      what,
      name: nameOf(request.object).slice(0, LONGEST_NAME),
      object: asObject(what, request.object),
      objectBytes: bytesOf(request.object, body.length),
    },
  };
}

/** What the API server learns beside the verdict. */
export interface Remarks {
  readonly warnings?: readonly string[];
  /** Kept in the API server's audit log, under the webhook's name. */
  readonly audit?: Readonly<Record<string, string>>;
}

/** Let the pod through as it is. */
export function allowed(uid: string, remarks: Remarks = {}): string {
  return answer({ uid, allowed: true, ...remarked(remarks) });
}

/** Let the pod through with these changes. */
export function patched(
  uid: string,
  operations: readonly PatchOperation[],
  remarks: Remarks = {},
): string {
  return answer({
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
    ...remarked(remarks),
  });
}

/** A warning a person reads under their command: `Surefoot left this pod as it is: ...`. */
export function declineWarning(reasons: readonly Reason[]): string {
  return warning(declinedText(reasons));
}

/** The same, cut to what the API server passes on. */
export function warning(words: string): string {
  return words.length > WARNING_LIMIT ? `${words.slice(0, WARNING_LIMIT - 3)}...` : words;
}

function answer(response: object): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind: 'AdmissionReview', response });
}

function remarked({ warnings = [], audit = {} }: Remarks): object {
  return {
    ...(warnings.length > 0 && { warnings }),
    ...(Object.keys(audit).length > 0 && { auditAnnotations: audit }),
  };
}

function whatOf({ resource, subResource, operation }: Record<string, unknown>): string {
  const { group, resource: plural } = isRecord(resource) ? resource : {};
  const suffix = textOr('', group) === '' ? '' : `.${group}`;
  const part = textOr('', subResource) === '' ? '' : `/${subResource}`;
  const what = `${textOr('unknown', plural)}${suffix}${part} ${textOr('unknown', operation)}`;
  return what.slice(0, LONGEST_NAME);
}

/** The object, when it has the shape of what `what` says it is, such as `pods CREATE`. */
export function asObject(what: string, given: unknown): ReviewedObject | undefined {
  const object = withoutNulls(given);
  if (what === 'pods CREATE' && isPod(object)) return { kind: 'Pod', pod: object };
  if (what === 'jobs.batch CREATE' && isJob(object)) return { kind: 'Job', job: object };
  return undefined;
}

/** Exactly only where it matters: writing an object anew takes as long as deciding on it. */
function bytesOf(object: unknown, bodyBytes: number): number {
  if (bodyBytes <= LARGEST_OBJECT_BYTES) return bodyBytes;
  return Buffer.byteLength(JSON.stringify(object) ?? '');
}

function nameOf(object: unknown): string {
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  return textOr(textOr('', metadata.generateName), metadata.name);
}

function textOr(otherwise: string, value: unknown): string {
  return typeof value === 'string' ? value : otherwise;
}

/**
 * Shape enough to decide on. The API server decodes strictly before it calls, so a failure here
 * means a different caller, and the answer to that is no patch.
 */
function isPod(object: unknown): object is Pod {
  if (!isRecord(object) || !isRecord(object.metadata) || !isRecord(object.spec)) return false;
  return isMetadata(object.metadata) && isPodSpec(object.spec);
}

/** As for a pod: shape enough to decide on. */
function isJob(object: unknown): object is Job {
  if (!isRecord(object) || !isRecord(object.metadata) || !isRecord(object.spec)) return false;
  const { template } = object.spec;
  return (
    isMetadata(object.metadata) &&
    isRecord(template) &&
    (template.metadata == null || (isRecord(template.metadata) && isMetadata(template.metadata))) &&
    isRecord(template.spec) &&
    isPodSpec(template.spec)
  );
}

function isMetadata({ labels, annotations, ownerReferences }: Record<string, unknown>): boolean {
  return (
    isTextMap(labels) &&
    isTextMap(annotations) &&
    (ownerReferences == null || isListOf(ownerReferences, isRecord))
  );
}

function isPodSpec(spec: Record<string, unknown>): boolean {
  return (
    isListOf(spec.containers, isRecord) &&
    (spec.initContainers == null || isListOf(spec.initContainers, isRecord)) &&
    (spec.tolerations == null || isListOf(spec.tolerations, isRecord)) &&
    (spec.resourceClaims == null || isListOf(spec.resourceClaims, isRecord))
  );
}

function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isTextMap(value: unknown): boolean {
  return (
    value == null ||
    (isRecord(value) && Object.values(value).every((text) => typeof text === 'string'))
  );
}

function problem(sentence: string): ParsedReview {
  return { ok: false, problem: sentence };
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `not text`;
}
