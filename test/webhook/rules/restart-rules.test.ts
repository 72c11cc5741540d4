import { describe, expect, test } from 'vitest';
import { restartRules } from '../../../webhook/rules/restart-rules.ts';
import type { Container, ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const RULES = '[{"action":"Restart","exitCodes":{"operator":"In","values":[75,78]}}]';
const given = (name: string, index: number) => [
  `restart of container ${name} in place after exit code 75, 78`,
  `/spec/containers/${index}/restartPolicy = "Never"`,
  `/spec/containers/${index}/restartPolicyRules = ${RULES}`,
];
const withGpu = (container: Partial<Container> = {}): Container => ({
  name: 'main',
  resources: { requests: { 'nvidia.com/gpu': '1' } },
  ...container,
});

const OWN_RULES = 'RestartSetByUser: container main has a restart policy or rules of its own';
const ownedBy = (kind: string, apiVersion: string, controller = true): ObjectMeta => ({
  ownerReferences: [{ kind, apiVersion, name: 'p', controller }],
});
const unknown = (kind: string) =>
  `UnknownController: restart rules are for pods of a Job and for pods without an owner; whether ${kind} p bears a container that comes back is not known`;

describe('restart rules', () => {
  const rows: readonly {
    name: string;
    spec?: Partial<PodSpec>;
    metadata?: ObjectMeta;
    rules: readonly string[];
  }[] = [
    { name: 'the device container', rules: given('main', 0) },
    {
      name: 'the device container only',
      spec: { containers: [{ name: 'log' }, withGpu()] },
      rules: given('main', 1),
    },
    {
      name: 'no container with a policy of its own',
      spec: { containers: [withGpu({ restartPolicy: 'OnFailure' })] },
      rules: [OWN_RULES],
    },
    {
      name: 'no container with rules of its own, empty ones included',
      spec: { containers: [withGpu({ restartPolicyRules: [] })] },
      rules: [OWN_RULES],
    },
    {
      name: 'no pod that restarts anyway',
      spec: { restartPolicy: 'OnFailure' },
      rules: [
        "RestartsAnyway: restart rules are for pods with restartPolicy Never; this one's is OnFailure",
      ],
    },
    { name: 'a pod of a Job', metadata: ownedBy('Job', 'batch/v1'), rules: given('main', 0) },
    {
      name: 'no pod of a controller that nobody has listed',
      metadata: ownedBy('Pipeline', 'example.com/v1'),
      rules: [unknown('Pipeline')],
    },
    {
      name: 'no executor, which its driver owns',
      metadata: ownedBy('Pod', 'v1'),
      rules: [unknown('Pod')],
    },
    {
      name: 'no pod of a Job of another group',
      metadata: ownedBy('Job', 'example.com/v1'),
      rules: [unknown('Job')],
    },
    {
      name: 'no pod of an owner that does not say to be its controller',
      metadata: ownedBy('VirtualMachineInstance', 'kubevirt.io/v1', false),
      rules: [unknown('VirtualMachineInstance')],
    },
    {
      name: 'no member of a group',
      metadata: { labels: { 'leaderworkerset.sigs.k8s.io/name': 'llm' } },
      rules: ['GroupRestartsItself: LeaderWorkerSet restarts its pods by rules of its own'],
    },
  ];
  test.each(rows)('$name', ({ spec = {}, metadata = {}, rules }) => {
    const pod = makePod({ spec: { restartPolicy: 'Never', ...spec }, metadata });
    const profile = makeProfile({ restartRules: { exitCodes: [78, 75, 78] } });
    expect(ruled(restartRules(pod, profile))).toEqual(rules);
  });

  test('a claim makes a device container where the profile is for claims', () => {
    const containers = [{ name: 'main', resources: { claims: [{ name: 'gpu' }] } }];
    const pod = makePod({ spec: { restartPolicy: 'Never', containers } });
    const profile = makeProfile({ resourceClaims: true, restartRules: { exitCodes: [75, 78] } });
    expect(ruled(restartRules(pod, profile))).toEqual(given('main', 0));
  });

  test('a profile that says nothing changes nothing', () => {
    const pod = makePod({ spec: { restartPolicy: 'Never' } });
    expect(ruled(restartRules(pod, makeProfile()))).toEqual([]);
  });
});

test('of an owner whose name is longer than any the beginning is said', () => {
  const ownerReferences = [{ kind: 'Pipeline', name: 'x'.repeat(100_000) }];
  const pod = makePod({ spec: { restartPolicy: 'Never' }, metadata: { ownerReferences } });
  const [said = ''] = ruled(restartRules(pod, makeProfile({ restartRules: { exitCodes: [75] } })));
  expect(said).toMatch(/^UnknownController: .* whether Pipeline x+ bears/);
  expect(said.length).toBeLessThan(500);
});
