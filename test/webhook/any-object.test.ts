import fc from 'fast-check';
import jsonpatch from 'jsonpatch';
import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../certs/serving/strict-yaml.ts';
import { type Admission, decide, decideJob } from '../../webhook/admission/decide.ts';
import { patchFor } from '../../webhook/admission/patch.ts';
import type { PatchOperation } from '../../webhook/words/injection.ts';
import type { Job } from '../../webhook/words/job.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { profilesSchema } from '../../webhook/words/profile.ts';
import { applyStrictly } from '../fake/strict-patch.ts';
import { anyJob, anyPod, defaultedJob, defaultedPod } from '../make/any-object.ts';
import { FULL_PROFILES } from '../make/full-profiles.ts';

/** Half of the 10,000 for pods, half for Jobs. */
const RUNS = { numRuns: 5000 };
const parsed = parseStrictYaml('profiles.yaml', FULL_PROFILES, profilesSchema);
if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
const { profiles } = parsed.value;

const POD_PATHS =
  /^\/spec\/(tolerations(\/-|\/\d+\/tolerationSeconds)?|terminationGracePeriodSeconds|schedulerName|schedulingGates(\/-)?|affinity(\/nodeAffinity(\/preferredDuringSchedulingIgnoredDuringExecution(\/-)?)?)?|containers\/\d+\/restartPolicy(Rules)?|(initC|c)ontainers\/\d+\/(liveness|startup)Probe\/terminationGracePeriodSeconds)$/;
const JOB_PATHS = /^\/spec\/(podFailurePolicy|podReplacementPolicy|backoffLimit(PerIndex)?)$/;
const MARK_PATHS =
  /^\/metadata\/(labels(\/surefoot\.dev~1managed)?|annotations(\/surefoot\.dev~1injected)?)$/;

/** What makes a pod one that may wait for its own node, and gates that others gave it. */
const owned = fc.record({
  metadata: fc.constantFrom(
    {},
    {
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'a', controller: true },
      ],
    },
  ),
  spec: fc.constantFrom(
    {},
    { schedulingGates: [] },
    { schedulingGates: [{ name: 'example.com/quota' }] },
    { schedulingGates: [{ name: 'example.com/quota' }, { name: 'surefoot.dev/home' }] },
  ),
});

function patchOf(object: Pod | Job, admission: Admission): readonly PatchOperation[] {
  const operations = patchFor(object, admission);
  if ('code' in operations) throw new Error(operations.words);
  return operations;
}

/** Nothing in it can be written to: a handler that changed its input would throw. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

function check<T extends Pod | Job>(
  object: T,
  admit: (object: T) => Admission,
  paths: RegExp,
): readonly PatchOperation[] {
  const operations = patchOf(object, admit(object));
  for (const { path } of operations) {
    expect(paths.test(path) || MARK_PATHS.test(path), path).toBe(true);
  }
  const after = applyStrictly(object, operations);
  expect(jsonpatch.apply_patch(structuredClone(object), [...operations])).toEqual(after);
  expect(patchOf(after, admit(after))).toEqual([]);
  return operations;
}

describe('any object that the API server takes (pitfalls 1, 2, 3)', () => {
  test('of 5,000 pods each patch applies strictly, stays in its bounds, and is all there is to do', () => {
    let patched = 0;
    fc.assert(
      fc.property(anyPod, owned, (sent, parts) => {
        const { metadata, spec } = defaultedPod(sent);
        const pod = frozen({
          metadata: { ...metadata, ...parts.metadata },
          spec: { ...spec, ...parts.spec },
        });
        const operations = check(pod, (one) => decide(one, profiles, 'act', {}), POD_PATHS);
        if (operations.length > 0) patched += 1;
        const after = applyStrictly(pod, operations);
        const held = pod.spec.tolerations ?? [];
        // Whatever the user set stays, in its place; only default node-loss seconds are edited.
        held.forEach((toleration, index) => {
          const now = after.spec.tolerations?.[index];
          expect({ ...now, tolerationSeconds: 0 }).toEqual({ ...toleration, tolerationSeconds: 0 });
          if (toleration.tolerationSeconds !== 300) expect(now).toEqual(toleration);
        });
        expect(after.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
          pod.spec.terminationGracePeriodSeconds ?? 0,
        );
      }),
      RUNS,
    );
    expect(patched).toBeGreaterThan(RUNS.numRuns / 10);
  });

  test('of 5,000 Jobs each patch applies strictly, stays in its bounds, and is all there is to do', () => {
    let patched = 0;
    fc.assert(
      fc.property(anyJob, (sent) => {
        const job = frozen(defaultedJob(sent));
        const operations = check(job, (one) => decideJob(one, profiles, 'act'), JOB_PATHS);
        if (operations.length === 0) return;
        patched += 1;
        const { spec } = applyStrictly(job, operations);
        // What the API server would refuse (batch/validation.go).
        expect(spec.template).toEqual(job.spec.template);
        expect(spec.template.spec.restartPolicy).toBe('Never');
        if (spec.podFailurePolicy != null) expect(spec.podReplacementPolicy).toBe('Failed');
        if (spec.backoffLimitPerIndex !== job.spec.backoffLimitPerIndex) {
          expect(spec.completionMode).toBe('Indexed');
        }
      }),
      RUNS,
    );
    expect(patched).toBeGreaterThan(RUNS.numRuns / 20);
  });
});
