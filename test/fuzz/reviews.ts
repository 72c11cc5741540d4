import { isDeepStrictEqual } from 'node:util';
import jsonpatch from 'jsonpatch';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { decide, decideJob } from '../../webhook/admission/decide.ts';
import { patchFor } from '../../webhook/admission/patch.ts';
import { parseReview, type ReviewedObject } from '../../webhook/admission/review.ts';
import { profilesSchema } from '../../webhook/words/profile.ts';
import { applyStrictly } from '../fake/strict-patch.ts';
import { FULL_PROFILES } from '../make/full-profiles.ts';
import { makeJob } from '../make/job.ts';
import { makePod } from '../make/pod.ts';
import { makeReview } from '../make/review.ts';
import type { Mutations } from './mutations.ts';

const parsed = parseStrictYaml('profiles.yaml', FULL_PROFILES, profilesSchema);
if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
const { profiles } = parsed.value;

const resource = { group: 'batch', version: 'v1', resource: 'jobs' };
const containers = ['nvidia.com/gpu', 'nvidia.com/mig-1g.5gb'].map((device, at) => ({
  name: `c${at}`,
  image: 'a:1',
  resources: { requests: { [device]: '1' } },
  livenessProbe: { terminationGracePeriodSeconds: 5 },
}));
const spec = {
  containers,
  restartPolicy: 'Never',
  tolerations: [],
  terminationGracePeriodSeconds: 30,
};
const BODIES = [
  makeReview(),
  makeReview({}, makePod({ spec })),
  makeReview({ resource, object: makeJob({ podSpec: spec }) }),
  makeReview({ operation: 'UPDATE' }),
].map((body) => Buffer.from(JSON.stringify(body)));

/**
 * One spoilt review; throws where it is not read as a plain reader of JSON reads it, or where the patch does not apply:
 * that would have the user's object refused. Two appliers of patches must agree, and a second pass has nothing to do.
 * True when there was a patch.
 */
export function fuzzReview(mutations: Mutations): boolean {
  const body = mutations.spoilt(mutations.pick(BODIES));
  try {
    return check(body);
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${JSON.stringify(body.toString('latin1'))}`);
  }
}

function check(body: Buffer): boolean {
  const plain = plainly(body);
  const review = parseReview(body);
  if (!review.ok) {
    if (plain !== undefined) throw new Error(`refused (${review.problem}), plainly ${plain.uid}`);
    return false;
  }
  const { uid, object } = review.request;
  if (plain?.uid !== uid) throw new Error(`read as ${uid}, plainly ${plain?.uid}`);
  if (object === undefined) return false;
  const sent = object.kind === 'Pod' ? object.pod : object.job;
  if (!isDeepStrictEqual(sent, nullsLeftOut(plain.object))) {
    throw new Error('another object than was sent');
  }
  const operations = patchOf(object);
  // What was sent is what the API server patches, nulls and all.
  const after = applyStrictly(plain.object as object, operations);
  const other = jsonpatch.apply_patch(structuredClone(plain.object as object), [...operations]);
  if (!isDeepStrictEqual(after, other)) throw new Error('two appliers of the patch disagree');
  const again = patchOf(
    object.kind === 'Pod'
      ? { kind: 'Pod', pod: after as typeof object.pod }
      : { kind: 'Job', job: after as typeof object.job },
  );
  if (again.length > 0) throw new Error(`a second pass adds ${JSON.stringify(again)}`);
  return operations.length > 0;
}

function patchOf(object: ReviewedObject) {
  const operations =
    object.kind === 'Pod'
      ? patchFor(object.pod, decide(object.pod, profiles, 'act', {}))
      : patchFor(object.job, decideJob(object.job, profiles, 'act'));
  return 'code' in operations ? [] : operations;
}

function plainly(body: Buffer): { readonly uid: string; readonly object: unknown } | undefined {
  try {
    const { kind, apiVersion, request } = JSON.parse(body.toString());
    if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1') return undefined;
    const { uid, object } = request;
    return typeof uid === 'string' && uid !== '' && !Array.isArray(request)
      ? { uid, object }
      : undefined;
  } catch {
    return undefined;
  }
}

/** For Kubernetes a member that is null is absent; in a list a null is an element. */
function nullsLeftOut(object: unknown): unknown {
  if (Array.isArray(object)) return object.map(nullsLeftOut);
  if (typeof object !== 'object' || object === null) return object;
  const present = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([key, value]) => [key, nullsLeftOut(value)]));
}
