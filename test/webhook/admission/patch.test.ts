import fc from 'fast-check';
import jsonpatch from 'jsonpatch';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../webhook/admission/decide.ts';
import { patchFor } from '../../../webhook/admission/patch.ts';
import type { PatchOperation } from '../../../webhook/words/injection.ts';
import type { Pod, Toleration } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const PROFILES = [makeProfile()];

function operationsFor(pod: Pod): readonly PatchOperation[] {
  const operations = patchFor(pod, decide(pod, PROFILES, 'act'));
  if ('code' in operations) throw new Error(operations.words);
  return operations;
}

/** As the API server applies it, by the library that users of `preview` will trust. */
function applied(pod: Pod, operations: readonly PatchOperation[]): Pod {
  return jsonpatch.apply_patch(structuredClone(pod), [...operations]);
}

const text = fc.constantFrom('a', 'surefoot.dev/x', 'nvidia.com/gpu', 'x/y~z', '__proto__', '');
const toleration: fc.Arbitrary<Toleration> = fc.record(
  {
    key: text,
    operator: fc.constantFrom('Exists', 'Equal', 'Gt'),
    value: text,
    effect: fc.constantFrom('NoSchedule', 'NoExecute', ''),
    tolerationSeconds: fc.integer({ min: 0, max: 300 }),
  },
  { requiredKeys: [] },
);
const probe = fc.record(
  { terminationGracePeriodSeconds: fc.integer({ min: 1, max: 60 }) },
  { requiredKeys: [] },
);
const container = fc.record(
  {
    name: fc.constant('main'),
    resources: fc.constant({ requests: { 'nvidia.com/gpu': '1' } }),
    livenessProbe: probe,
    startupProbe: probe,
  },
  { requiredKeys: ['name', 'resources'] },
);
const anyPod: fc.Arbitrary<Pod> = fc.record({
  metadata: fc.record(
    {
      name: fc.constant('p'),
      labels: fc.dictionary(text, text),
      annotations: fc.dictionary(fc.constantFrom('a', 'x/y~z', 'constructor'), text),
    },
    { requiredKeys: ['name'] },
  ),
  spec: fc.record(
    {
      containers: fc.array(container, { minLength: 1, maxLength: 3 }),
      initContainers: fc.array(container, { maxLength: 2 }),
      tolerations: fc.array(toleration, { maxLength: 4 }),
      terminationGracePeriodSeconds: fc.constantFrom(0, 5, 30, 60, 3600),
    },
    { requiredKeys: ['containers'] },
  ),
});

describe('the patch', () => {
  test('makes parents first, appends, and says what it did', () => {
    expect(operationsFor(makePod())).toEqual([
      { op: 'add', path: '/spec/tolerations', value: [] },
      {
        op: 'add',
        path: '/spec/tolerations/-',
        value: { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
      },
      { op: 'add', path: '/spec/terminationGracePeriodSeconds', value: 60 },
      { op: 'add', path: '/metadata/labels', value: {} },
      { op: 'add', path: '/metadata/labels/surefoot.dev~1managed', value: 'true' },
      { op: 'add', path: '/metadata/annotations', value: {} },
      {
        op: 'add',
        path: '/metadata/annotations/surefoot.dev~1injected',
        value:
          '{"profile":"nvidia","injected":["toleration nvidia.com/gpu:NoSchedule","grace 30s -> 60s"]}',
      },
    ]);
  });

  test('always applies, and a second pass emits nothing', () => {
    fc.assert(
      fc.property(anyPod, (pod) => {
        const once = applied(pod, operationsFor(pod));
        expect(operationsFor(once)).toEqual([]);
      }),
    );
  });

  test('touches nothing but tolerations, grace and our own marks', () => {
    fc.assert(
      fc.property(anyPod, (pod) => {
        const after = applied(pod, operationsFor(pod));
        const held = pod.spec.tolerations ?? [];
        expect(after.spec.tolerations?.slice(0, held.length)).toEqual(held);
        expect(after.spec.terminationGracePeriodSeconds ?? 30).toBeGreaterThanOrEqual(
          pod.spec.terminationGracePeriodSeconds ?? 30,
        );
        for (const { path } of operationsFor(pod)) {
          expect(path).toMatch(
            /^\/spec\/(tolerations(\/-)?|terminationGracePeriodSeconds|(initC|c)ontainers\/\d+\/(liveness|startup)Probe\/terminationGracePeriodSeconds)$|^\/metadata\/(labels(\/surefoot\.dev~1managed)?|annotations(\/surefoot\.dev~1injected)?)$/,
          );
        }
      }),
    );
  });

  test('is withheld, with the reason, where the annotations are full', () => {
    const pod = makePod({ metadata: { annotations: { big: 'x'.repeat(256 * 1024 - 50) } } });
    expect(patchFor(pod, decide(pod, PROFILES, 'act'))).toEqual({
      code: 'AnnotationsFull',
      words: 'the pod has 256 KiB of annotations already, so nothing more can be written on it',
    });
  });
});
