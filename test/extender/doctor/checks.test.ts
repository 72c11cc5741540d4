import { describe, expect, test } from 'vitest';
import { issueAuthority, issueServingPair } from '../../../certs/renewal/issue.ts';
import { readinessIn } from '../../../certs/serving/readiness.ts';
import { symptoms } from '../../../extender/doctor/checks.ts';
import { NEEDED_RIGHTS } from '../../../extender/doctor/rights.ts';
import type { Looked, Seen, SeenPod } from '../../../extender/doctor/seen.ts';
import { makeProfile } from '../../make/profile.ts';

const NOW = new Date('2026-11-26T12:00:00Z');
const NOW_SECONDS = NOW.getTime() / 1000;
const DAY_SECONDS = 86_400;
const authority = issueAuthority({ now: NOW });
const pair = issueServingPair({ authority, hosts: ['a.svc'], now: NOW });
const bundle = authority.certificate;
const got = <T>(value: T): Looked<T> => ({ ok: true, value });

const POD: SeenPod = {
  name: 'train-0',
  namespace: 'team-a',
  scheduler: 'surefoot-scheduler',
  node: 'gpu-1',
  isPending: false,
  isLookedAt: true,
  ageSeconds: 600,
  optIn: 'in',
  isPrepared: true,
  hasProfile: true,
  devices: ['nvidia.com/gpu'],
};
const WORKLOAD = { wanted: 1, ready: 1, images: new Map<string, string>() };

/** An installation that is well. */
function makeSeen(overrides: Partial<Seen> = {}): Seen {
  return {
    namespace: 'surefoot-system',
    nowSeconds: NOW_SECONDS,
    serverSeconds: NOW_SECONDS,
    kubernetes: 'v1.37.2',
    bundles: got(new Map([['pods', bundle]])),
    certificates: got({ bundle, certificate: pair.certificate }),
    probe: got({
      status: 201,
      warnings: ['Surefoot left this pod as it is: no such profile'],
      message: '',
    }),
    configuration: got({
      problems: [],
      mode: 'act',
      profiles: [makeProfile()],
      schedulerNames: ['surefoot-scheduler'],
    }),
    deployments: got(new Map([['surefoot-extender', WORKLOAD]])),
    leases: got(
      new Map([['surefoot-extender', { holder: 'pod-a', renewedAtSeconds: NOW_SECONDS - 2 }]]),
    ),
    definition: got({ versions: ['v1alpha1'], form: 2 }),
    nodes: got([{ name: 'gpu-1', resources: ['cpu', 'nvidia.com/gpu'], listedImages: 10 }]),
    namespaces: got([{ name: 'team-a', inject: 'enabled' }]),
    pods: got([POD]),
    missingRights: got([]),
    extender: got({ readiness: readinessIn('[+]asked ok\nready\n'), metrics: '' }),
    ...overrides,
  };
}

const wrongIn = (seen: Seen) =>
  symptoms(seen)
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level, words }) => `${level} ${check}: ${words}`);

/** A scheduler of this version beside the extender. */
const scheduler = (version: string) => ({
  deployments: got(
    new Map([
      [
        'surefoot-extender',
        {
          ...WORKLOAD,
          images: new Map([['kube-scheduler', `registry.k8s.io/kube-scheduler:${version}`]]),
        },
      ],
    ]),
  ),
});

describe('what doctor finds', () => {
  test('is nothing where all is well, and every check says so', () => {
    expect(wrongIn(makeSeen())).toEqual([]);
    expect(new Set(symptoms(makeSeen()).map(({ check }) => check)).size).toBe(21);
  });

  test('what it may not see it says, check by check, and goes on', () => {
    const not = { ok: false, why: 'we may not (403)' } as const;
    const blind = makeSeen({ nodes: not, pods: not, certificates: not });
    expect(wrongIn(blind)).toContain(
      'warning certificate: could not be looked at: we may not (403)',
    );
    expect(wrongIn(blind).every((words) => words.startsWith('warning'))).toBe(true);
  });

  test('everything that is wrong has a fix', () => {
    for (const { change } of rows) {
      for (const { level, fix } of symptoms(makeSeen(change))) {
        expect(fix === undefined).toBe(level === 'ok');
      }
    }
  });

  const rows: readonly { name: string; change: Partial<Seen>; finds: string }[] = [
    {
      name: 'nothing is installed',
      change: { deployments: got(new Map()) },
      finds: 'error programs: none of our programs is installed',
    },
    {
      name: 'no ConfigMap',
      change: { configuration: got(undefined) },
      finds: 'error configuration: there is no ConfigMap surefoot in surefoot-system',
    },
    {
      name: 'no registration',
      change: { bundles: got(new Map()) },
      finds: 'error registration: there is no webhook configuration zz-surefoot',
    },
    {
      name: 'a caBundle of somebody else',
      change: {
        bundles: got(new Map([['pods', issueAuthority({ now: NOW }).certificate]])),
      },
      finds: 'error registration: the caBundle is not the one of the Secret surefoot-webhook-tls',
    },
    {
      name: 'a certificate that ended',
      change: {
        serverSeconds: NOW_SECONDS + 91 * DAY_SECONDS,
        nowSeconds: NOW_SECONDS + 91 * DAY_SECONDS,
      },
      finds: 'error certificate: the serving certificate expired at Feb 24 12:00:00 2027 GMT',
    },
    {
      name: 'a pair that another CA has signed',
      change: {
        certificates: got({
          bundle: issueAuthority({ now: NOW }).certificate,
          certificate: pair.certificate,
        }),
      },
      finds: 'error certificate: no CA of the Secret has signed its serving certificate',
    },
    {
      name: 'a webhook that is not reached',
      change: { probe: got({ status: 201, warnings: [], message: '' }) },
      finds:
        'error webhook: the API server does without it: a device pod was admitted and nothing was said',
    },
    {
      name: 'a webhook that holds pods up',
      change: { probe: got({ status: 500, warnings: [], message: 'failed calling webhook' }) },
      finds: 'error webhook: a device pod could not be created: failed calling webhook',
    },
    {
      name: 'a right less',
      change: { missingRights: got(['surefoot-certs may not get secrets']) },
      finds: 'error rights: not allowed: surefoot-certs may not get secrets',
    },
    {
      name: 'an old definition',
      change: { definition: got({ versions: ['v1alpha1'], form: 1 }) },
      finds: 'error history kind: DeviceHistory takes form 1, and this version writes form 2',
    },
    {
      name: 'nobody keeps the history',
      change: {
        leases: got(
          new Map([['surefoot-extender', { holder: 'pod-a', renewedAtSeconds: NOW_SECONDS - 60 }]]),
        ),
      },
      finds:
        'error history keeper: no extender keeps the history, so what fails now is not remembered',
    },
    {
      name: 'a clock that is ahead',
      change: {
        leases: got(
          new Map([
            ['surefoot-extender', { holder: 'pod-a', renewedAtSeconds: NOW_SECONDS + 120 }],
          ]),
        ),
      },
      finds: "error clock: the extender's clock is 120 s ahead of the API server's",
    },
    {
      name: 'a scheduler that is newer',
      change: scheduler('v1.38.0'),
      finds: 'error scheduler version: kube-scheduler 1.38 beside an API server 1.37',
    },
    {
      name: 'a scheduler that is two older',
      change: scheduler('v1.35.4'),
      finds: 'error scheduler version: kube-scheduler 1.35 beside an API server 1.37',
    },
    {
      name: 'a scheduler that does not ask',
      change: {
        extender: got({
          readiness: readinessIn('[+]asked ok, but 3 pods were placed without a question\nready'),
          metrics: '',
        }),
      },
      finds: 'error scheduler calls: 3 pods were placed without a question',
    },
    {
      name: 'a kind that the extender may not list',
      change: {
        extender: got({
          readiness: {
            isReady: true,
            checks: [{ name: 'kinds-allowed', isOk: true, words: 'we may not list a.b (403)' }],
          },
          metrics: '',
        }),
      },
      finds: 'warning kinds looked at: we may not list a.b (403)',
    },
    {
      name: 'a Prometheus that does not answer',
      change: {
        extender: got({
          readiness: {
            isReady: true,
            checks: [
              { name: 'prometheus', isOk: true, words: 'it does not answer (ECONNREFUSED)' },
            ],
          },
          metrics: '',
        }),
      },
      finds: 'warning signs from metrics: it does not answer (ECONNREFUSED)',
    },
    {
      name: 'a pod that no scheduler looks at',
      change: { pods: got([{ ...POD, isPending: true, isLookedAt: false }]) },
      finds:
        'error stranded pods: 1 pods wait for a scheduler that does not look at them: team-a/train-0',
    },
    {
      name: 'a pod that came in unprepared',
      change: {
        pods: got([
          POD,
          { ...POD, name: 'train-1', ageSeconds: 590, isPending: true, isPrepared: false },
        ]),
      },
      finds:
        'warning prepared pods: 1 pods wait without what their profile adds, because the webhook did not answer in time: team-a/train-1',
    },
    {
      name: 'a pod that nobody lets go',
      change: { pods: got([{ ...POD, isPending: true, gatedSeconds: 400 }]) },
      finds:
        'error pods that wait: 1 pods wait at the scheduling gate surefoot.dev/home, the longest for 400 s: team-a/train-0',
    },
    {
      name: 'an extender that cannot lift gates, where pods may wait',
      change: {
        configuration: got({
          problems: [],
          mode: 'act',
          profiles: [makeProfile({ waitForHome: '60s' })],
          schedulerNames: ['surefoot-scheduler'],
        }),
        extender: got({
          readiness: readinessIn('[+]asked ok\nready\n'),
          metrics:
            'surefoot_history_leader{program="extender"} 1\nsurefoot_can_lift_gates{program="extender"} 0\n',
        }),
      },
      finds:
        'warning lifter: the extender that leads cannot lift scheduling gates, so no pod gets one and none waits for its own node',
    },
    {
      name: 'two schedulers',
      change: { pods: got([POD, { ...POD, scheduler: 'volcano' }]) },
      finds:
        'warning one scheduler a pool: device pods were placed by surefoot-scheduler (1) and volcano (1)',
    },
    {
      name: 'nobody has opted in',
      change: { namespaces: got([]), pods: got([]) },
      finds: 'warning opt-in: nothing has opted in',
    },
    {
      name: 'a label that means nothing',
      change: { namespaces: got([{ name: 'team-a', inject: 'yes' }]) },
      finds: 'warning opt-in: surefoot.dev/inject is neither enabled nor observe in team-a ("yes")',
    },
    {
      name: 'a device that no profile is for',
      change: {
        nodes: got([
          {
            name: 'a',
            resources: ['example.com/npu', 'rdma/hca', 'hugepages-2Mi'],
            listedImages: 1,
          },
        ]),
      },
      finds:
        'warning devices without a profile: nodes offer example.com/npu, which no profile is for',
    },
    {
      name: 'a list that is cut',
      change: { nodes: got([{ name: 'a', resources: [], listedImages: 50 }]) },
      finds: 'warning image lists: 1 of 1 nodes list 50 images, so more may be there: a',
    },
  ];
  test.each(rows)('$name', ({ change, finds }) => {
    expect(wrongIn(makeSeen(change))).toContain(finds);
  });

  test('a pod that nobody lets go is let go by one line', () => {
    const waiting = { ...POD, isPending: true, gatedSeconds: 400 };
    const seen = makeSeen({ pods: got([waiting]) });
    expect(symptoms(seen).find(({ check }) => check === 'pods that wait')?.fix).toBe(
      `lift it by hand: kubectl -n team-a patch pod train-0 --type=strategic -p '{"spec":{"schedulingGates":[{"$patch":"delete","name":"surefoot.dev/home"}]}}'`,
    );
  });

  test('a scheduler one minor older is well', () => {
    expect(wrongIn(makeSeen(scheduler('v1.36.3')))).toEqual([]);
  });

  test('the rights that it asks for are those of the manifests', () => {
    expect(NEEDED_RIGHTS.length).toBeGreaterThan(30);
    expect(NEEDED_RIGHTS).toContainEqual({
      account: 'surefoot-certs',
      verb: 'patch',
      group: '',
      resource: 'secrets',
      name: 'surefoot-webhook-tls',
      namespaced: true,
    });
  });
});
