import { describe, expect, test } from 'vitest';
import { podFacts } from '../../extender/facts/pods.ts';
import { QuestionReader } from '../../extender/prioritize/wire.ts';
import { NodeIndex } from '../../extender/state/node-index.ts';
import { decide, decideJob } from '../../webhook/admission/decide.ts';
import { asObject } from '../../webhook/admission/review.ts';
import { makeProfile } from '../make/profile.ts';

/** Schedulers and clients that are not written in Go send null for what they have not. */

const METADATA = {
  name: 'x',
  generateName: 'x-',
  namespace: 'a',
  uid: 'u',
  creationTimestamp: '2026-01-01T00:00:00Z',
  annotations: { 'surefoot.dev/profile': 'nvidia', 'surefoot.dev/slot': '3' },
  labels: { app: 'x' },
  ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', controller: true }],
};
const CONTAINER = {
  name: 'm',
  image: 'i',
  resources: {
    limits: { 'nvidia.com/gpu': '1' },
    requests: { 'nvidia.com/gpu': '1' },
    claims: [{ name: 'gpu' }],
  },
  livenessProbe: { terminationGracePeriodSeconds: 10 },
  restartPolicyRules: [],
};
const TERM = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
const SPEC = {
  schedulerName: 'other',
  nodeSelector: { zone: 'a' },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [TERM] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: TERM }],
    },
  },
  containers: [CONTAINER],
  initContainers: [CONTAINER],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }],
  resourceClaims: [{ name: 'gpu', resourceClaimName: 'x' }],
  volumes: [{ name: 'v', image: { reference: 'i' } }],
  overhead: { cpu: '1' },
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 30,
};
const STATUS = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'r', message: 'm' }],
  containerStatuses: [{ name: 'm', image: 'i', imageID: 'i', state: { waiting: { reason: 'r' } } }],
  resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'x' }],
};
const POD = { metadata: METADATA, spec: SPEC, status: STATUS };

/** Every place of a value in it, as the keys that lead there. */
function placesIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = [...path, key];
    return Array.isArray(value) ? placesIn(inner, place) : [place, ...placesIn(inner, place)];
  });
}

/** A copy in which the value at this place is null. */
function withNullAt(value: unknown, [key = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((one, at) => (String(at) === key ? withNullAt(one, rest) : one));
  }
  const inner = (value as Record<string, unknown>)[key];
  return { ...(value as object), [key]: rest.length === 0 ? null : withNullAt(inner, rest) };
}

/** What no pod can be without. */
const NEEDED = /^(metadata|spec|spec\.containers)$/;
const places = placesIn(POD)
  .map((place) => ({ place, at: place.join('.') }))
  .filter(({ at }) => !NEEDED.test(at));

describe('null is absence', () => {
  const nodes = new NodeIndex();
  nodes.add('node-1');

  test.each(places)('in a question of a scheduler: $at', ({ place }) => {
    const body = { Pod: withNullAt(POD, place), NodeNames: ['node-1'] };
    const asked = new QuestionReader(nodes).read(Buffer.from(JSON.stringify(body)));
    if (!asked.ok) throw new Error(asked.problem);
    expect([...asked.question.nodeIndexes]).toEqual([0]);
    expect(podFacts(asked.question.pod, [makeProfile()]).uid).toBeTypeOf('string');
    expect(JSON.stringify(asked.question.pod)).not.toContain('null');
  });

  test.each(places)('in a pod that the webhook is asked about: $at', ({ place }) => {
    const object = asObject('pods CREATE', withNullAt(POD, place));
    if (object?.kind !== 'Pod') throw new Error('not read as a pod');
    const { declined } = decide(object.pod, [makeProfile()], 'act');
    expect(declined.every(({ words }) => words.length > 0)).toBe(true);
  });

  test('in a Job', () => {
    const spec = { completions: null, template: { metadata: null, spec: SPEC } };
    const object = asObject('jobs.batch CREATE', { metadata: { annotations: null }, spec });
    if (object?.kind !== 'Job') throw new Error('not read as a Job');
    expect(decideJob(object.job, [makeProfile()], 'act').declined).toEqual([
      { code: 'AlreadyPrepared', words: 'nothing is missing' },
    ]);
  });

  test('but a list of containers with none in it is said to be none', () => {
    const body = { Pod: { metadata: {}, spec: { containers: [null] } }, NodeNames: [] };
    expect(new QuestionReader(nodes).read(Buffer.from(JSON.stringify(body)))).toEqual({
      ok: false,
      problem: 'ExtenderArgs: Pod.spec.containers is not a list of containers',
    });
  });
});
