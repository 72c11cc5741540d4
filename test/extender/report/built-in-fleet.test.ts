import { expect, test } from 'vitest';
import { RaisedHosts } from '../../../extender/decisions/raised-hosts.ts';
import type { NodeFacts } from '../../../extender/facts/facts.ts';
import { Fleet } from '../../../extender/fleet/fleet.ts';
import type { Happening } from '../../../extender/fleet/happening.ts';
import { parseScript } from '../../../extender/fleet/script.ts';
import { hazardClass } from '../../../extender/hazard/pod-hazard.ts';
import { fleetReport } from '../../../extender/report/fleet-report.ts';
import { warrantyClaims } from '../../../extender/report/warranty.ts';
import { NO_PLACEMENTS } from '../../../extender/savings/placement-sums.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';
import { nodeHazard } from '../../../extender/state/node-hazard.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeProfile } from '../../make/profile.ts';

const DAYS = 90;
const DAY_SECONDS = 86_400;
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
  const raisedHosts = new RaisedHosts({
    snapshot: () => surefoot.snapshot(nowSeconds()),
    isLeader: () => true,
  });
  const raisedOn = new Map<number, ReadonlySet<string>>();
  for (let day = 1; day <= DAYS; day += 1) {
    await fleet.timeline.runUntil(START + day * DAY_SECONDS);
    const snapshot = surefoot.snapshot(nowSeconds());
    await raisedHosts.round();
    const isRaised = (node: NodeFacts) =>
      hazardClass(nodeHazard(node, snapshot)?.times ?? 1) !== 'normal';
    const raised = [...snapshot.cluster.nodes()].filter(isRaised).map(({ name }) => name);
    raisedOn.set(day, new Set(raised));
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
  const { incidents, routine, forecasts } = fleetReport(histories, span, {
    placements: [{ day: '2026-01-01', act: NO_PLACEMENTS, observe: NO_PLACEMENTS }],
  });
  expect(incidents.total).toBe(planted.length);
  expect(routine.map(({ why }) => why)).toContain('planned');

  const nodes = [...surefoot.snapshot(nowSeconds()).cluster.nodes()].map(({ name }) => name);
  const ledger = { raised: { days: 0, failed: 0 }, others: { days: 0, failed: 0 } };
  for (let day = 0; day <= DAYS - 7; day += 1) {
    for (const node of nodes) {
      const group = ledger[raisedOn.get(day)?.has(node) === true ? 'raised' : 'others'];
      const at = START + day * DAY_SECONDS;
      const isSoon = (one: Happening) =>
        one.node === node && at < one.atSeconds && one.atSeconds <= at + 7 * DAY_SECONDS;
      group.days += 1;
      group.failed += Number(planted.some(isSoon));
    }
  }
  expect(forecasts).toMatchObject(ledger);
}, 120_000);
