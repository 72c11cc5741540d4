import { describe, expect, test } from 'vitest';
import { decide, injectionsInWords } from '../../../webhook/admission/decide.ts';
import { makePod, type PodParts } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const PROFILES = [
  makeProfile(),
  makeProfile({ name: 'long', devices: ['nvidia.com/gpu'], grace: { minimum: '10m' } }),
  makeProfile({ name: 'dra', devices: [], resourceClaims: true, tolerations: [] }),
];
const ALL = ['toleration nvidia.com/gpu:NoSchedule', 'grace 30s -> 60s'];

describe('what is injected', () => {
  const rows: readonly {
    name: string;
    pod: PodParts;
    profile: string;
    injected: readonly string[];
  }[] = [
    { name: 'the first profile that applies', pod: {}, profile: 'nvidia', injected: ALL },
    {
      name: 'the profile that the pod names',
      pod: { metadata: { annotations: { 'surefoot.dev/profile': 'long' } } },
      profile: 'long',
      injected: ['toleration nvidia.com/gpu:NoSchedule', 'grace 30s -> 600s'],
    },
    {
      name: 'a profile for resource claims',
      pod: { spec: { containers: [{ name: 'a' }], resourceClaims: [{ name: 'gpu' }] } },
      profile: 'dra',
      injected: ['grace 30s -> 60s'],
    },
  ];
  test.each(rows)('$name', ({ pod, profile, injected }) => {
    const admission = decide(makePod(pod), PROFILES, 'act');
    expect(admission.profile).toBe(profile);
    expect(injectionsInWords(admission.injections)).toEqual(injected);
    expect(admission.worthAWarning).toBe(false);
  });

  test('a pod that lacks nothing is marked all the same, so that the extender knows it', () => {
    const pod = makePod({
      spec: { terminationGracePeriodSeconds: 60, tolerations: [{ operator: 'Exists' }] },
    });
    expect(decide(pod, PROFILES, 'act')).toMatchObject({
      injections: [],
      marks: 'label and annotation',
    });
  });
});

describe('what is left alone, and why (pitfall 8)', () => {
  const annotated = (annotations: Record<string, string>): PodParts => ({
    metadata: { annotations },
  });
  const rows: readonly { name: string; pod: PodParts; warns: boolean; why: string }[] = [
    {
      name: 'opted out',
      pod: annotated({ 'surefoot.dev/inject': 'false', 'surefoot.dev/profile': 'nvidia' }),
      warns: false,
      why: 'OptedOut: the pod\'s annotation surefoot.dev/inject is "false"',
    },
    {
      name: 'a mirror pod',
      pod: annotated({ 'kubernetes.io/config.mirror': 'x' }),
      warns: false,
      why: 'MirrorPod: a static pod is changed in its file, not in the API',
    },
    {
      name: 'no device',
      pod: { container: { resources: {} } },
      warns: false,
      why: 'NoDevice: the pod asks for no device that profiles.yaml lists, and has no resource claim',
    },
    {
      name: 'no device, though it names a profile',
      pod: { container: { resources: {} }, ...annotated({ 'surefoot.dev/profile': 'nvidia' }) },
      warns: true,
      why: 'NoDevice: the pod asks for no device that profiles.yaml lists, and has no resource claim',
    },
    {
      name: 'an unknown profile',
      pod: annotated({ 'surefoot.dev/profile': 'nvida' }),
      warns: true,
      why: 'UnknownProfile: the annotation surefoot.dev/profile names "nvida", which profiles.yaml does not have; it has "nvidia", "long", "dra"',
    },
    {
      name: 'a profile named like an attack',
      pod: annotated({ 'surefoot.dev/profile': '__proto__' }),
      warns: true,
      why: 'UnknownProfile: the annotation surefoot.dev/profile names "__proto__", which profiles.yaml does not have; it has "nvidia", "long", "dra"',
    },
    {
      name: 'a profile for other devices, which would give their tolerations away',
      pod: {
        spec: { containers: [{ name: 'a' }], resourceClaims: [{ name: 'nic' }] },
        ...annotated({ 'surefoot.dev/profile': 'nvidia' }),
      },
      warns: true,
      why: 'NoProfileForDevice: profile nvidia does not apply to nic',
    },
    {
      name: 'a device of no profile that is named',
      pod: {
        ...annotated({ 'surefoot.dev/profile': 'nvidia' }),
        container: {
          resources: { requests: { 'deviceclass.resource.kubernetes.io/tpu': '1' } },
        },
      },
      warns: true,
      why: 'NoProfileForDevice: profile nvidia does not apply to deviceclass.resource.kubernetes.io/tpu',
    },
  ];
  test.each(rows)('$name', ({ pod, warns, why }) => {
    const { injections, declined, worthAWarning } = decide(makePod(pod), PROFILES, 'act');
    expect(injections).toEqual([]);
    expect(declined.map(({ code, words }) => `${code}: ${words}`)).toEqual([why]);
    expect(worthAWarning).toBe(warns);
  });

  test('a grace that its user chose, while the rest is injected', () => {
    const pod = makePod({ spec: { terminationGracePeriodSeconds: 5 } });
    const { injections, declined } = decide(pod, PROFILES, 'act');
    expect(injectionsInWords(injections)).toEqual(['toleration nvidia.com/gpu:NoSchedule']);
    expect(declined).toEqual([
      {
        code: 'GraceSetByUser',
        words:
          "the pod's grace of 5s was chosen by its user and stays, though profile nvidia asks for 60s",
      },
    ]);
  });

  test('tolerations, where somebody else restricts them, while the rest is injected (pitfall 11)', () => {
    const restricted = { tolerationsRestricted: true };
    const { injections, declined } = decide(makePod(), PROFILES, 'act', restricted);
    expect(injectionsInWords(injections)).toEqual(['grace 30s -> 60s']);
    expect(declined).toEqual([
      {
        code: 'TolerationsRestricted',
        words:
          'webhook.yaml says that tolerations are restricted in this namespace, so not added: toleration nvidia.com/gpu:NoSchedule',
      },
    ]);
    const tolerant = makePod({ spec: { tolerations: [{ operator: 'Exists' }] } });
    expect(decide(tolerant, PROFILES, 'act', restricted).declined).toEqual([]);
  });

  test('everything, when observing, with what would have been done', () => {
    const { injections, declined } = decide(makePod(), PROFILES, 'observe');
    expect(injections).toEqual([]);
    expect(declined).toEqual([
      {
        code: 'ObserveOnly',
        words: `observing; would have injected: ${ALL.join('; ')}`,
      },
    ]);
  });
});
