import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../../certs/serving/strict-yaml.ts';
import { profilesSchema } from '../../../webhook/words/profile.ts';

const problemsOf = (yaml: string): readonly string[] => {
  const parsed = parseStrictYaml('profiles.yaml', yaml, profilesSchema);
  return parsed.ok ? [] : parsed.problems;
};

const HEAD = 'apiVersion: config.surefoot.dev/v1alpha1\nkind: Profiles\n';
const withProfile = (lines: string) => `${HEAD}profiles:\n  - name: nvidia\n${lines}`;

describe('profiles.yaml', () => {
  test('the shipped one is right', async () => {
    const text = await readFile('manifests/base/config/profiles.yaml', 'utf8');
    expect(problemsOf(text)).toEqual([]);
  });

  const rows: readonly { name: string; yaml: string; problem: string }[] = [
    {
      name: 'an unknown key',
      yaml: withProfile('    colour: red\n'),
      problem:
        'profiles.yaml:5: profiles[0]: unknown key "colour"; known here: name, devices, resourceClaims, tolerations, grace, nodeLoss, failurePolicy, restartRules, schedulerName, avoidHazard, preferHome, coldStart, expectedDuration, checkpoint, restart, homeLife, waitForHome, deviceMatters, release, caps',
    },
    {
      name: 'a duration without a unit',
      yaml: withProfile('    coldStart: "20"\n'),
      problem:
        'profiles.yaml:5: profiles[0].coldStart: "20" is not a duration; write a number with a unit, such as "90s", "2m" or "1h30m"',
    },
    {
      name: 'a number where a duration belongs',
      yaml: withProfile('    coldStart: 20\n'),
      problem:
        'profiles.yaml:5: profiles[0].coldStart: expected a duration such as "90s", "2m" or "1h30m"',
    },
    {
      name: 'a toleration for everything',
      yaml: withProfile('    tolerations:\n      - { operator: Exists }\n'),
      problem:
        'profiles.yaml:6: profiles[0].tolerations[0]: it has no key, so it would tolerate every taint there is; name the taint, such as nvidia.com/gpu',
    },
    {
      name: 'a value that Exists cannot have',
      yaml: withProfile(
        '    tolerations:\n      - { key: a/b, operator: Exists, value: x, effect: NoSchedule }\n',
      ),
      problem:
        'profiles.yaml:6: profiles[0].tolerations[0]: operator Exists takes no value; remove value or write operator: Equal',
    },
    {
      name: 'a device that is no extended resource',
      yaml: withProfile('    devices: [gpu]\n'),
      problem:
        'profiles.yaml:5: profiles[0].devices[0]: expected an extended resource such as "nvidia.com/gpu" or "nvidia.com/mig-*"',
    },
    {
      name: 'a name twice',
      yaml: `${withProfile('')}  - name: nvidia\n`,
      problem:
        'profiles.yaml:5: profiles[1].name: the profile "nvidia" stands here a second time; give each its own name',
    },
    {
      name: 'a profile without a name',
      yaml: `${HEAD}profiles:\n  - coldStart: 20s\n`,
      problem:
        'profiles.yaml:4: profiles[0].name: expected a name of lower-case letters, digits and dashes, at most 63, such as "nvidia"',
    },
    {
      name: 'a list where a mapping belongs',
      yaml: withProfile('    caps: []\n'),
      problem:
        'profiles.yaml:5: profiles[0].caps: expected a mapping with the keys coldStart, expectedDuration, checkpoint',
    },
    {
      name: 'a toleration that the API server would refuse, key and value in one',
      yaml: withProfile('    tolerations:\n      - { key: a/b=c, effect: NoSchedule }\n'),
      problem:
        'profiles.yaml:6: profiles[0].tolerations[0].key: expected the key of a taint, such as "nvidia.com/gpu"',
    },
    {
      name: 'a toleration that the API server would refuse, value with a space',
      yaml: withProfile(
        '    tolerations:\n      - { key: a/b, operator: Equal, value: x y, effect: NoSchedule }\n',
      ),
      problem:
        'profiles.yaml:6: profiles[0].tolerations[0].value: expected the value of a taint: letters, digits, "-", "_" and ".", at most 63, such as "present"',
    },
    {
      name: 'a grace of years',
      yaml: withProfile('    grace: { minimum: 365d }\n'),
      problem:
        'profiles.yaml:5: profiles[0].grace.minimum: expected at most 24h: a pod that ends holds its devices for so long',
    },
    {
      name: 'a grace above the cap',
      yaml: withProfile('    grace: { minimum: 20m, cap: 10m }\n'),
      problem:
        'profiles.yaml:5: profiles[0].grace.minimum: it is more than cap allows (600s); lower it, or raise cap',
    },
    {
      name: 'a node loss below the default',
      yaml: withProfile('    nodeLoss: 1m\n'),
      problem:
        'profiles.yaml:5: profiles[0].nodeLoss: expected from 5m, the default, which is never lowered, to 7d: a pod must leave a lost node some day',
    },
    {
      name: 'a failure policy that asks for nothing',
      yaml: withProfile('    failurePolicy: { ignoreDisruptions: false }\n'),
      problem:
        'profiles.yaml:5: profiles[0].failurePolicy: it asks for nothing; write ignoreDisruptions: true, fatalExitCodes or backoffLimitPerIndex, or leave failurePolicy out',
    },
    {
      name: 'an exit code that is success',
      yaml: withProfile('    failurePolicy: { fatalExitCodes: [0] }\n'),
      problem:
        'profiles.yaml:5: profiles[0].failurePolicy.fatalExitCodes[0]: expected an exit code from 1 to 255: 0 is success',
    },
    {
      name: 'restart rules without a code',
      yaml: withProfile('    restartRules: { exitCodes: [] }\n'),
      problem:
        'profiles.yaml:5: profiles[0].restartRules.exitCodes: expected at least one exit code, such as [75]',
    },
    {
      name: 'an exit code that both restarts in place and ends the Job',
      yaml: withProfile(
        '    failurePolicy: { fatalExitCodes: [75, 79] }\n    restartRules: { exitCodes: [75] }\n',
      ),
      problem:
        'profiles.yaml:6: profiles[0].restartRules.exitCodes: 75 is also in failurePolicy.fatalExitCodes, which a container that restarts in place never reaches; keep it in one of the two',
    },
    {
      name: 'a scheduler that cannot be one',
      yaml: withProfile('    schedulerName: My Scheduler\n'),
      problem:
        'profiles.yaml:5: profiles[0].schedulerName: expected the name of a scheduler, such as "surefoot-scheduler"',
    },
    {
      name: 'no profile at all',
      yaml: `${HEAD}profiles: []\n`,
      problem: 'profiles.yaml:3: profiles: expected at least one profile',
    },
    {
      name: 'the file of another program',
      yaml: 'apiVersion: v1\nkind: Profiles\nprofiles: [{ name: a }]\n',
      problem: 'profiles.yaml:1: apiVersion: expected "config.surefoot.dev/v1alpha1"',
    },
    {
      name: 'no YAML',
      yaml: 'profiles: [\n',
      problem:
        'profiles.yaml:2: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    },
  ];
  test.each(rows)('$name', ({ yaml, problem }) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });
});

test('the form before node loss, failure policies and restart rules reads as it did', () => {
  const yaml = withProfile(
    [
      '    devices: [nvidia.com/gpu, nvidia.com/mig-*]',
      '    resourceClaims: true',
      '    tolerations: [{ key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }]',
      '    grace: { minimum: 1h }',
      '    coldStart: 30s',
      '    expectedDuration: 2h',
      '    checkpoint: 10m',
      '    restart: 3m',
      '    homeLife: 2h',
      '    caps: { coldStart: 5m, expectedDuration: 1d, checkpoint: 1h }',
      '',
    ].join('\n'),
  );
  const parsed = parseStrictYaml('profiles.yaml', yaml, profilesSchema);
  expect(parsed.ok && parsed.value.profiles).toEqual([
    {
      name: 'nvidia',
      devices: ['nvidia.com/gpu', 'nvidia.com/mig-*'],
      resourceClaims: true,
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      graceSeconds: 3600,
      restartExitCodes: [],
      coldStartSeconds: 30,
      expectedDurationSeconds: 7200,
      checkpointSeconds: 600,
      restartSeconds: 180,
      homeLifeSeconds: 7200,
      waitForHomeSeconds: 0,
      deviceMatters: 'required',
      release: 'brokenDevice',
      caps: { coldStartSeconds: 300, expectedDurationSeconds: 86_400, checkpointSeconds: 3600 },
    },
  ]);
});
