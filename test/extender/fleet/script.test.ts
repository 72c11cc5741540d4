import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseScript } from '../../../extender/fleet/script.ts';

const HEAD = 'apiVersion: fleet.surefoot.dev/v1alpha1\nkind: FaultScript\n';
const TRAIN = `${HEAD}workloads:\n  - { name: train, kind: group, pods: 4 }\n`;

describe('a fault script', () => {
  test.each(['tour', 'month', 'training', 'serving'])('%s is one', async (name) => {
    const path = `extender/fleet/${name}.yaml`;
    expect(parseScript(path, await readFile(path, 'utf8'))).toMatchObject({ ok: true });
  });

  test('is read into seconds and bytes', () => {
    const text = `${HEAD}workloads:
  - { name: tune, kind: jobs, imageSize: 2Gi, duration: 20m, at: 1m, checkpoint: 5m }
faults:
  - { at: 90s, breakDevice: { workload: tune, repairedAfter: 6h } }
`;
    const parsed = parseScript('a.yaml', text);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        workloads: [
          { imageBytes: 2 ** 31, durationSeconds: 1200, atSeconds: 60, checkpointSeconds: 300 },
        ],
        faults: [
          { kind: 'breakDevice', atSeconds: 90, workload: 'tune', index: 0, repairSeconds: 21_600 },
        ],
      },
    });
  });

  test('written before it had a world: outages as published, a reboot a month, racks of eight', () => {
    expect(parseScript('a.yaml', `${TRAIN}faultsPerThousandNodeDays: 19\n`)).toMatchObject({
      ok: true,
      value: {
        rackOutagesPerRackDay: 3e-4,
        rebootEvery: 30 * 86_400,
        topology: {
          nvlinkDomain: { nodes: 0 },
          rack: { nodes: 8, slowdown: 0 },
          block: { nodes: 64 },
        },
      },
    });
  });

  test.each([
    {
      name: 'a slowdown that is no share',
      text: `${TRAIN}topology: { rack: { slowdown: 5 } }\n`,
      says: 'a.yaml:5: topology.rack.slowdown: expected a share such as "5%"',
    },
    {
      name: 'no workload',
      text: `${HEAD}workloads: []\n`,
      says: 'a.yaml:3: workloads: expected at least one workload',
    },
    {
      name: 'an unknown kind',
      text: `${HEAD}workloads:\n  - { name: x, kind: cron }\n`,
      says: 'expected "group", "replicas", "notebooks" or "jobs"',
    },
    {
      name: 'jobs without an end',
      text: `${HEAD}workloads:\n  - { name: x, kind: jobs }\n`,
      says: 'jobs end by themselves; say after how long, such as duration: 20m',
    },
    {
      name: 'a name twice',
      text: `${TRAIN}  - { name: train, kind: replicas }\n`,
      says: 'the workload "train" stands here a second time',
    },
    {
      name: 'a fault in nothing',
      text: `${TRAIN}faults:\n  - { at: 5s, crash: { workload: trian } }\n`,
      says: 'there is no workload "trian"; the script has train',
    },
    {
      name: 'a fault beyond the workload',
      text: `${TRAIN}faults:\n  - { at: 5s, reboot: { workload: train, index: 4 } }\n`,
      says: 'workload "train" has no index 4; the highest is 3',
    },
    {
      name: 'no fault at all',
      text: `${TRAIN}faults:\n  - { at: 5s }\n`,
      says: 'a.yaml:6: faults[0]: expected one of "breakDevice", "crash" and "reboot"',
    },
    {
      name: 'two faults in one',
      text: `${TRAIN}faults:\n  - { at: 5s, reboot: { workload: train }, crash: { workload: train } }\n`,
      says: 'expected one of "breakDevice", "crash" and "reboot"',
    },
    {
      name: 'an unknown key',
      text: `${TRAIN}faults:\n  - { at: 5s, explode: { workload: train } }\n`,
      says: 'explode',
    },
  ])('$name is refused with its place', ({ text, says }) => {
    const parsed = parseScript('a.yaml', text);
    if (parsed.ok) throw new Error('it was accepted');
    expect(parsed.problems.join('\n')).toContain(says);
  });
});
