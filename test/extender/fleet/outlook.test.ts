import { describe, expect, test } from 'vitest';
import type { Doors } from '../../../extender/fleet/fleet.ts';
import { admitTolerating, FLEET_START_SECONDS, makeFleet } from '../../make/fleet.ts';

const DAY = 86_400;
/** So seldom that nothing happens while a test looks. */
const SELDOM = 'faultsPerThousandNodeDays: 0.001\nrebootEvery: 0s\n';
const PER_NODE_DAY = 1e-6;
const TRAIN =
  'workloads: [{ name: train, kind: group, pods: 2, gpus: 8, checkpoint: 1h, imageSize: 1Mi }]\n';

/** Sends each member of the group to the node of its turn. */
function placing(...nodes: readonly string[]): { readonly doors: Doors } {
  let next = 0;
  const prioritize: Doors['prioritize'] = async () => {
    const node = nodes[next % nodes.length] ?? '';
    next += 1;
    return [{ Host: node, Score: 50 }];
  };
  return { doors: { admit: admitTolerating, prioritize } };
}

async function outlookAfterADay(script: string, nodes: number, ...on: readonly string[]) {
  const { fleet } = makeFleet(script, { nodes, ...placing(...on) });
  await fleet.timeline.runUntil(FLEET_START_SECONDS + DAY);
  return fleet.outlook;
}

describe('what a group must expect', () => {
  test('is half a checkpoint interval of all its devices for each fault of each node', async () => {
    const script = `${TRAIN}${SELDOM}rackOutagesPerRackDay: 0\n`;
    const { workSeconds, racks } = await outlookAfterADay(script, 16, 'gpu-1', 'gpu-2');
    expect(workSeconds / (16 * 1800 * 2 * PER_NODE_DAY)).toBeCloseTo(1, 2);
    const { sum = 0, looks = 1 } = racks.get('train') ?? {};
    expect(sum / looks).toBe(1);
  });

  test('rises with every rack it is in, where racks fail', async () => {
    const script = `${TRAIN}${SELDOM}rackOutagesPerRackDay: 0.000001\n`;
    const one = await outlookAfterADay(script, 16, 'gpu-1', 'gpu-2');
    const two = await outlookAfterADay(script, 16, 'gpu-1', 'gpu-9');
    expect(two.workSeconds / one.workSeconds).toBeCloseTo(4 / 3, 2);
  });

  test('is slower while it is in more racks than it needs', async () => {
    const script = `${TRAIN}topology: { rack: { slowdown: 5% } }\n`;
    const one = await outlookAfterADay(script, 16, 'gpu-1', 'gpu-2');
    const two = await outlookAfterADay(script, 16, 'gpu-1', 'gpu-9');
    expect(one.slowdownSeconds).toBe(0);
    expect(two.slowdownSeconds / (0.05 * 16 * DAY)).toBeCloseTo(1, 1);
    expect(one.workSeconds).toBe(0);
  });

  test('counts nodes that are free as a whole', async () => {
    const { wholeFreeNodes } = await outlookAfterADay(TRAIN, 16, 'gpu-1', 'gpu-2');
    expect(wholeFreeNodes).toBeCloseTo(14, 1);
  });
});

test('a rack outage takes all of a rack away for a while, and nothing else', async () => {
  const script = `workloads: [{ name: nb, kind: notebooks, pods: 16, gpus: 8, imageSize: 1Mi }]
faultsPerThousandNodeDays: 0.001
rackOutagesPerRackDay: 1
rebootEvery: 0s
`;
  const { fleet, log } = makeFleet(script, { nodes: 16 });
  await fleet.timeline.runUntil(FLEET_START_SECONDS + 3 * DAY);
  const outages = log.filter(({ kind }) => kind === 'rack outage');
  expect(outages.length).toBeGreaterThan(1);
  expect(outages.length).toBeLessThan(20);
  expect(fleet.ledger.interruptions.get('rack outage')).toBeGreaterThanOrEqual(8);
  expect(fleet.ledger.interruptions.get('network fault')).toBeUndefined();
  expect(log.filter(({ kind }) => kind === 'device fault')).toEqual([]);
});

test('a network fault ends what runs on its node, which is back in minutes', async () => {
  const script = `workloads: [{ name: nb, kind: notebooks, pods: 16, gpus: 8, imageSize: 1Mi }]
faultsPerThousandNodeDays: 500
rackOutagesPerRackDay: 0
rebootEvery: 0s
`;
  const { fleet, log } = makeFleet(script, { nodes: 16 });
  await fleet.timeline.runUntil(FLEET_START_SECONDS + 10 * DAY);
  const count = (of: string) => log.filter(({ kind }) => kind === of).length;
  // 80 faults are to be expected, 27 of them of the network (34 %).
  expect(count('network fault')).toBeGreaterThan(12);
  expect(count('network fault')).toBeLessThan(45);
  expect(count('rack outage')).toBe(0);
  expect(count('planned reboot')).toBe(0);
  expect(fleet.ledger.interruptions.get('network fault')).toBeGreaterThan(5);
});
