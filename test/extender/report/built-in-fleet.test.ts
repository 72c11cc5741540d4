import { expect, test } from 'vitest';
import { Fleet } from '../../../extender/fleet/fleet.ts';
import type { Happening } from '../../../extender/fleet/happening.ts';
import { parseScript } from '../../../extender/fleet/script.ts';
import { fleetReport } from '../../../extender/report/fleet-report.ts';
import { warrantyClaims } from '../../../extender/report/warranty.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeProfile } from '../../make/profile.ts';

const DAYS = 90;
const START = Date.UTC(2026, 0, 1) / 1000;
const SCRIPT = `apiVersion: fleet.surefoot.dev/v1alpha1
kind: FaultScript
workloads:
  - { name: train, kind: group, pods: 8, gpus: 8, image: a, imageSize: 5Gi, checkpoint: 1h }
  - { name: nb, kind: notebooks, pods: 24, gpus: 1, image: b, imageSize: 5Gi }
rebootEvery: 20d
faultsPerThousandNodeDays: 19
`;

test('90 days of a fleet: every planted fault is claimed, and no routine work', async () => {
  const parsed = parseScript('s.yaml', SCRIPT);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const surefoot = new SurefootInProcess([makeProfile()], ACTING);
  const happened: Happening[] = [];
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const fleet: Fleet = new Fleet({
    script: parsed.value,
    nodes: 24,
    seed: 1,
    startSeconds: START,
    doors: surefoot.doors(nowSeconds),
    onHappening: (one) => happened.push(one),
  });
  surefoot.watch(fleet.api, nowSeconds);
  for (let day = 1; day <= DAYS; day += 1) {
    await fleet.timeline.runUntil(START + day * 86_400);
    surefoot.snapshot(nowSeconds());
  }
  const planted = happened.filter(({ kind }) => kind === 'device fault');
  const reboots = happened.filter(({ kind }) => kind === 'planned reboot');
  expect(planted.length).toBeGreaterThan(20);
  expect(reboots.length).toBeGreaterThan(20);

  const histories = [...surefoot.snapshot(nowSeconds()).store.all()];
  const claims = warrantyClaims(histories, {
    nowSeconds: nowSeconds(),
    owners: false,
    sourceOf: (row) => row,
  });
  const claimed = claims.flatMap(({ node, device, incidents }) =>
    incidents.map(({ openedAt }) => ({ node, device, at: Date.parse(openedAt) / 1000 })),
  );
  const isPlanted = ({ node, at }: { node: string; at: number }) =>
    planted.some((one) => one.node === node && Math.abs(one.atSeconds - at) < 600);
  const isClaimed = ({ node, atSeconds }: Happening) =>
    claimed.some((one) => one.node === node && Math.abs(one.at - atSeconds) < 600);
  expect(planted.filter((one) => !isClaimed(one))).toEqual([]);
  expect(claimed.filter((one) => !isPlanted(one))).toEqual([]);

  const span = { fromSeconds: START, nowSeconds: nowSeconds() };
  const { incidents, routine } = fleetReport(histories, span);
  expect(incidents.total).toBe(planted.length);
  expect(routine.map(({ why }) => why)).toContain('planned');
}, 120_000);
