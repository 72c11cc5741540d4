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
    const text = await readFile('manifests/config/profiles.yaml', 'utf8');
    expect(problemsOf(text)).toEqual([]);
  });

  const rows: readonly { name: string; yaml: string; problem: string }[] = [
    {
      name: 'an unknown key',
      yaml: withProfile('    colour: red\n'),
      problem:
        'profiles.yaml:5: profiles[0]: unknown key "colour"; known here: name, devices, resourceClaims, tolerations, grace, coldStart, expectedDuration, checkpoint, restart, homeLife, caps',
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
