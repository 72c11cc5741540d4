import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LastGood } from '../../../certs/serving/last-good.ts';
import { extenderDirectory } from '../../../extender/settings.ts';
import { webhookDirectory } from '../../../webhook/settings.ts';
import { directoryWith } from '../../fake/directory.ts';

const HEAD = 'apiVersion: config.surefoot.dev/v1alpha1\n';
const PROFILES = `${HEAD}kind: Profiles\nprofiles:\n  - name: nvidia\n`;
const webhook = (mode: string) => `${HEAD}kind: Webhook\nmode: ${mode}\n`;

async function loaded(files: Record<string, string>) {
  const directory = await directoryWith(files);
  const problems: string[] = [];
  const config = await LastGood.load({
    ...webhookDirectory(directory),
    onProblem: (found) => problems.push(...found),
  });
  return { directory, config, problems };
}

async function good(files: Record<string, string>) {
  const { config, ...rest } = await loaded(files);
  if (!config.ok) throw new Error(config.problems.join('\n'));
  return { config: config.value, ...rest };
}

describe('the configuration directory', () => {
  test('a change comes into force; a broken one is reported once and the last good one stays', async () => {
    const { directory, config, problems } = await good({
      'profiles.yaml': PROFILES,
      'webhook.yaml': webhook('observe'),
    });
    const first = config.fingerprint;
    expect(config.value.mode).toBe('observe');

    await writeFile(join(directory, 'webhook.yaml'), webhook('act'));
    expect(await config.reload()).toBe(true);
    expect(config.value.mode).toBe('act');
    expect(config.fingerprint).not.toBe(first);

    await writeFile(join(directory, 'webhook.yaml'), webhook('perhaps'));
    await writeFile(join(directory, 'profiles.yaml'), `${PROFILES}    color: red\n`);
    expect(await config.reload()).toBe(false);
    expect(await config.reload()).toBe(false);
    expect(config.value.mode).toBe('act');
    expect(problems).toEqual([
      'profiles.yaml:5: profiles[0]: unknown key "color"; known here: name, devices, resourceClaims, tolerations, grace, nodeLoss, failurePolicy, restartRules, schedulerName, avoidHazard, preferHome, coldStart, expectedDuration, checkpoint, restart, homeLife, waitForHome, deviceMatters, release, caps',
      'webhook.yaml:3: mode: expected "observe" (decide and record, change nothing) or "act"',
    ]);

    await writeFile(join(directory, 'webhook.yaml'), webhook('act'));
    await writeFile(join(directory, 'profiles.yaml'), PROFILES);
    await config.reload();
    expect(config.problems).toEqual([]);
  });

  test('a file that vanishes while running leaves the last good configuration', async () => {
    const { directory, config, problems } = await good({
      'profiles.yaml': PROFILES,
      'webhook.yaml': webhook('act'),
    });
    const { rm } = await import('node:fs/promises');
    await rm(join(directory, 'webhook.yaml'));
    await config.reload();
    expect(config.value.mode).toBe('act');
    expect(problems).toEqual([
      `${directory}/webhook.yaml: cannot be read (ENOENT); --config names the directory that holds it, as manifests/base/config does`,
    ]);
  });

  test('the shipped files are right, for both programs', async () => {
    const directory = 'manifests/base/config';
    const webhookConfig = await LastGood.load(webhookDirectory(directory));
    const extenderConfig = await LastGood.load(extenderDirectory(directory));
    expect(webhookConfig.ok ? webhookConfig.value.value.mode : webhookConfig.problems).toBe(
      'observe',
    );
    expect(
      extenderConfig.ok ? extenderConfig.value.value.extender.mode : extenderConfig.problems,
    ).toBe('observe');
  });

  describe('one switch for both halves', () => {
    const installation = (lines: string) => `${HEAD}kind: Surefoot\n${lines}`;
    const extender = `${HEAD}kind: Extender\n`;
    const bare = `${HEAD}kind: Webhook\n`;
    const rows = [
      { name: 'nothing said', files: {}, modes: ['observe', 'observe'] },
      {
        name: 'the previous form: each file has its own mode, and there is no surefoot.yaml',
        files: { 'webhook.yaml': webhook('act'), 'extender.yaml': `${extender}mode: act\n` },
        modes: ['act', 'act'],
      },
      {
        name: 'surefoot.yaml',
        files: { 'surefoot.yaml': installation('mode: act\n') },
        modes: ['act', 'act'],
      },
      {
        name: 'a half that says another',
        files: {
          'surefoot.yaml': installation('mode: act\n'),
          'extender.yaml': `${extender}mode: observe\n`,
        },
        modes: ['act', 'observe'],
      },
    ];
    test.each(rows)('$name', async ({ files, modes }) => {
      const directory = await directoryWith({
        'profiles.yaml': PROFILES,
        'webhook.yaml': bare,
        'extender.yaml': extender,
        ...files,
      });
      const halves = [
        await LastGood.load(webhookDirectory(directory)),
        await LastGood.load(extenderDirectory(directory)),
      ] as const;
      expect(halves.map((half) => (half.ok ? [] : half.problems))).toEqual([[], []]);
      const [first, second] = halves;
      expect([
        first.ok && first.value.value.mode,
        second.ok && second.value.value.extender.mode,
      ]).toEqual(modes);
    });

    test('prepared pods go to the scheduler of webhook.yaml, where their profile names none', async () => {
      const { config } = await loaded({
        'profiles.yaml': `${PROFILES}  - { name: amd, schedulerName: theirs }\n`,
        'webhook.yaml': `${bare}schedulerName: surefoot-scheduler\n`,
      });
      const names = config.ok && config.value.value.profiles.map((one) => one.schedulerName);
      expect(names).toEqual(['surefoot-scheduler', 'theirs']);
    });

    test('what is wrong with it is said', async () => {
      const { config } = await loaded({
        'profiles.yaml': PROFILES,
        'webhook.yaml': bare,
        'surefoot.yaml': installation('mode: on\ncluster: "two words"\n'),
      });
      expect(config.ok ? [] : config.problems).toEqual([
        'surefoot.yaml:3: mode: expected "observe" (decide and record, change nothing) or "act"',
        'surefoot.yaml:4: cluster: expected a name of letters, digits, "-", "_" and ".", at most 63, such as "training-eu"',
      ]);
    });
  });

  test.each([
    ['halving: 0s', 'halving: expected more than 0s; write one such as "30s"'],
    ['pullBandwidth: fast', 'pullBandwidth: "fast" is not a size; write one such as "100Mi"'],
    ['pullBandwidth: "-1"', 'pullBandwidth: "-1" is not a size; write one such as "100Mi"'],
    ['namespaces: [a]', 'namespaces: expected a mapping'],
    ['scores: dense', 'scores: Invalid option: expected one of "sparse"|"documented"'],
    [
      'halvng: 3s',
      'unknown key "halvng"; known here: apiVersion, kind, mode, namespaces, halving, pullBandwidth, wholeNode, topology, scores, events, asked, hints, prometheus, catalogue',
    ],
  ])('extender.yaml: %s is explained', async (line, problem) => {
    const directory = await directoryWith({
      'profiles.yaml': PROFILES,
      'extender.yaml': `${HEAD}kind: Extender\nmode: act\n${line}\n`,
    });
    const config = await LastGood.load(extenderDirectory(directory));
    expect(config.ok ? [] : config.problems).toEqual([`extender.yaml:4: ${problem}`]);
  });

  const rows = [
    {
      name: 'an empty file',
      text: '',
      problem: 'webhook.yaml:1: apiVersion: expected "config.surefoot.dev/v1alpha1"',
    },
    {
      name: 'a list',
      text: '- mode: act\n',
      problem:
        'webhook.yaml:1: expected a mapping with the keys apiVersion, kind, mode, namespaces, schedulerName, avoidHazard, preferHome, tolerationsRestrictedIn',
    },
    {
      name: 'two documents',
      text: `${webhook('act')}---\n${webhook('observe')}`,
      problem: 'webhook.yaml:4: a second document begins here; the file must hold one',
    },
  ];
  test.each(rows)('$name is explained', async ({ text, problem }) => {
    const { config } = await loaded({ 'profiles.yaml': PROFILES, 'webhook.yaml': text });
    expect(config.ok ? [] : config.problems.slice(0, 1)).toEqual([problem]);
  });
});
