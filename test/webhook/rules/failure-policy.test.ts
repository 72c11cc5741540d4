import { describe, expect, test } from 'vitest';
import { failurePolicy } from '../../../webhook/rules/failure-policy.ts';
import { type JobParts, makeJob } from '../../make/job.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const IGNORE =
  '{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]}';
const fatal = (containerName: string) =>
  `{"action":"FailJob","onExitCodes":{"containerName":"${containerName}","operator":"In","values":[78,79]}}`;
const REPLACED = '/spec/podReplacementPolicy = "Failed"';
const DISRUPTIONS = [
  'failure policy: disruptions do not count',
  `/spec/podFailurePolicy = {"rules":[${IGNORE}]}`,
  REPLACED,
];

describe('failure policy', () => {
  const profiles: readonly { name: string; asks: object; rules: readonly string[] }[] = [
    { name: 'disruptions', asks: {}, rules: DISRUPTIONS },
    {
      name: 'disruptions and fatal exit codes of the device container',
      asks: { fatalExitCodes: [79, 78, 79] },
      rules: [
        'failure policy: disruptions do not count, exit code 78, 79 ends the Job',
        `/spec/podFailurePolicy = {"rules":[${IGNORE},${fatal('main')}]}`,
        REPLACED,
      ],
    },
    {
      name: 'fatal exit codes alone',
      asks: { ignoreDisruptions: false, fatalExitCodes: [78, 79] },
      rules: [
        'failure policy: exit code 78, 79 ends the Job',
        `/spec/podFailurePolicy = {"rules":[${fatal('main')}]}`,
        REPLACED,
      ],
    },
    {
      name: 'a limit for each index, which is worth nothing unless the whole Job’s is raised',
      asks: { ignoreDisruptions: false, backoffLimitPerIndex: 3 },
      rules: [
        'backoffLimitPerIndex 3',
        '/spec/backoffLimitPerIndex = 3',
        '/spec/backoffLimit = 2147483647',
      ],
    },
  ];
  test.each(profiles)('gives $name', ({ asks, rules }) => {
    expect(ruled(failurePolicy(makeJob(), makeProfile({ failurePolicy: asks })))).toEqual(rules);
  });

  test('a profile that says nothing changes nothing', () => {
    expect(ruled(failurePolicy(makeJob(), makeProfile()))).toEqual([]);
  });

  const untouched: readonly { name: string; job: JobParts; why: string }[] = [
    {
      name: 'a policy of its own, an empty one included',
      job: { spec: { podFailurePolicy: {} } },
      why: 'FailurePolicySetByUser: the Job has a podFailurePolicy, which stays',
    },
    {
      name: 'pods that restart in place',
      job: { podSpec: { restartPolicy: 'OnFailure' } },
      why: "RestartsAnyway: a podFailurePolicy is valid with restartPolicy Never only; this Job's is OnFailure",
    },
    {
      name: 'a JobSet above it, told by the owner',
      job: {
        metadata: {
          ownerReferences: [
            {
              apiVersion: 'jobset.x-k8s.io/v1alpha2',
              kind: 'JobSet',
              name: 'set',
              controller: true,
            },
          ],
        },
      },
      why: 'GroupRestartsItself: JobSet restarts its Jobs by rules of its own',
    },
    {
      name: 'a group controller above it, told by a label of the template',
      job: { template: { labels: { 'ray.io/cluster': 'c' } } },
      why: 'GroupRestartsItself: Ray restarts its Jobs by rules of its own',
    },
    {
      name: 'another controller that runs it',
      job: { spec: { managedBy: 'kueue.x-k8s.io/multikueue' } },
      why: 'ManagedElsewhere: the Job is run by kueue.x-k8s.io/multikueue',
    },
    {
      name: 'a replacement policy that its user wrote',
      job: {
        metadata: {
          managedFields: [
            { operation: 'Apply', fieldsV1: { 'f:spec': { 'f:podReplacementPolicy': {} } } },
          ],
        },
      },
      why: "ReplacementSetByUser: the Job's user wrote podReplacementPolicy TerminatingOrFailed; a podFailurePolicy would need another, and every later apply would fail",
    },
  ];
  test.each(untouched)('leaves a Job alone with $name', ({ job, why }) => {
    const profile = makeProfile({ failurePolicy: { backoffLimitPerIndex: 3 } });
    expect(ruled(failurePolicy(makeJob(job), profile))).toEqual([why]);
  });

  const touched: readonly { name: string; job: JobParts; rules: readonly string[] }[] = [
    {
      name: 'the built-in controller named outright',
      job: { spec: { managedBy: 'kubernetes.io/job-controller' } },
      rules: DISRUPTIONS,
    },
    {
      name: 'a replacement policy that fits already',
      job: { spec: { podReplacementPolicy: 'Failed' } },
      rules: DISRUPTIONS.slice(0, 2),
    },
    {
      name: 'a queue of Kueue, which compares pods and not policies',
      job: { metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'q' } } },
      rules: DISRUPTIONS,
    },
  ];
  test.each(touched)('does not mind $name', ({ job, rules }) => {
    expect(ruled(failurePolicy(makeJob(job), makeProfile({ failurePolicy: {} })))).toEqual(rules);
  });

  describe('says of exit codes what it does with them, and no more', () => {
    const container = (name: string) => ({
      name,
      resources: { requests: { 'nvidia.com/gpu': '1' } },
    });
    const ruledFor = (podSpec: NonNullable<JobParts['podSpec']>, ignoreDisruptions = true) => {
      const failure = { ignoreDisruptions, fatalExitCodes: [3] };
      const ruling = failurePolicy(makeJob({ podSpec }), makeProfile({ failurePolicy: failure }));
      const [made] = ruling.injections;
      const [{ value } = { value: { rules: [] } }] = made?.operations ?? [];
      return { words: made?.words, rules: (value as { rules: readonly unknown[] }).rules.length };
    };

    test('where the device is in an init container only', () => {
      const podSpec = { initContainers: [container('check')], containers: [{ name: 'main' }] };
      expect(ruledFor(podSpec)).toEqual({
        words: 'failure policy: disruptions do not count',
        rules: 1,
      });
      expect(ruledFor(podSpec, false)).toEqual({ words: undefined, rules: 0 });
    });

    test('where there are more device containers than the API takes rules', () => {
      const containers = Array.from({ length: 25 }, (_, at) => container(`c${at}`));
      expect(ruledFor({ containers })).toEqual({
        words:
          'failure policy: disruptions do not count, exit code 3 of the first 19 of 25 device containers ends the Job',
        rules: 20,
      });
    });
  });

  const limits: readonly { name: string; job: JobParts; rules: readonly string[] }[] = [
    { name: 'not Indexed', job: { spec: { completionMode: 'NonIndexed' } }, rules: [] },
    { name: 'a limit of its own', job: { spec: { backoffLimitPerIndex: 1 } }, rules: [] },
    {
      name: 'a limit of the whole that was chosen',
      job: { spec: { backoffLimit: 0 } },
      rules: [
        "BackoffSetByUser: the Job's user chose backoffLimit 0, which would count before backoffLimitPerIndex",
      ],
    },
    {
      name: 'more completions than the API takes without maxFailedIndexes',
      job: { spec: { completions: 100_001 } },
      rules: [
        "TooManyCompletions: beyond 100000 completions backoffLimitPerIndex needs maxFailedIndexes, which is the user's to choose",
      ],
    },
  ];
  test.each(limits)('gives no limit for each index with $name', ({ job, rules }) => {
    const asks = { ignoreDisruptions: false, fatalExitCodes: [], backoffLimitPerIndex: 3 };
    expect(ruled(failurePolicy(makeJob(job), makeProfile({ failurePolicy: asks })))).toEqual(rules);
  });
});
