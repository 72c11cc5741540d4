import { describe, expect, test } from 'vitest';
import { parseStrictYaml } from '../../../certs/serving/strict-yaml.ts';
import { type ReleaseMode, releaseSchema } from '../../../extender/release/settings.ts';
import { modeIn } from '../../../webhook/words/mode.ts';

const HEAD = 'apiVersion: config.surefoot.dev/v1alpha1\nkind: Release\n';
const read = (text: string) => parseStrictYaml('release.yaml', `${HEAD}${text}`, releaseSchema);

describe('release.yaml', () => {
  test('observes unless it says otherwise, and its budgets are small', () => {
    expect(read('')).toEqual({
      ok: true,
      value: {
        apiVersion: 'config.surefoot.dev/v1alpha1',
        kind: 'Release',
        mode: 'observe',
        namespaces: {},
        brokenDevice: { afterSeconds: 120 },
        crashLoop: { restarts: { most: 5, withinSeconds: 3600 }, others: 2 },
        minimumGainSeconds: 600,
        budgets: {
          node: { most: 1, withinSeconds: 600 },
          owner: { most: 1, withinSeconds: 1800 },
          namespace: { most: 5, withinSeconds: 3600 },
          cluster: { most: 20, withinSeconds: 3600 },
        },
        storm: { most: 10, withinSeconds: 600 },
        kinds: ['Deployment', 'ReplicaSet', 'StatefulSet', 'Job'],
      },
    });
  });

  test.each([
    ['mode: sometimes', 'mode: expected "observe"'],
    ['budgets: { node: 5 }', 'budgets.node: expected so many within a time, such as "5/1h"'],
    ['budgets: { node: 5/2w }', '"5/2w" is no budget'],
    ['budgets: { node: 5/30d }', 'of at most 7d'],
    ['brokenDevice: { after: 5s }', 'brokenDevice.after: expected at least 10s: devices flap'],
    ['kinds: [DaemonSet]', 'expected one of Deployment, ReplicaSet, StatefulSet, Job'],
    ['maintenanceLeases: Medik8s', 'expected the name of a namespace'],
    ['crashLoop: { restarts: 100/1h }', 'expected from 1 to 64 restarts within a time'],
    ['crashLoop: { restarts: 0/1h }', 'expected from 1 to 64 restarts within a time'],
    ['evict: true', 'evict'],
  ])('%s is refused, with where', (text, says) => {
    const parsed = read(`${text}\n`);
    expect(parsed.ok ? [] : parsed.problems.join('\n')).toContain(says);
  });
});

test('a namespace has the mode that stands for it, unless its label only lets us observe', () => {
  const namespaces: Record<string, ReleaseMode> = { 'team-a': 'advise' };
  const settings = { mode: 'act' as ReleaseMode, namespaces };
  expect(modeIn('team-a', settings, false)).toBe('advise');
  expect(modeIn('team-b', settings, false)).toBe('act');
  expect(modeIn('toString', settings, false)).toBe('act');
  expect(modeIn('team-b', settings, true)).toBe('observe');
});
