import { expect, test } from 'vitest';
import { Fleet } from '../../../extender/fleet/fleet.ts';
import { parseScript } from '../../../extender/fleet/script.ts';
import { shippedConfiguration } from '../../../extender/simulation/script-files.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';

const DAYS = 6;
const SCRIPT = (rate: number) => `apiVersion: fleet.surefoot.dev/v1alpha1
kind: FaultScript
workloads: [{ name: train, kind: group, pods: 8, gpus: 8, imageSize: 1Mi, checkpoint: 30m }]
faultsPerThousandNodeDays: 20
rackOutagesPerRackDay: ${rate}
`;

/** Outages a rack-day that Surefoot reckons with after some days beside a fleet of 80 nodes. */
async function learnt(rate: number): Promise<number> {
  const parsed = parseScript('s.yaml', SCRIPT(rate));
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const { profiles, extender } = shippedConfiguration();
  const surefoot = new SurefootInProcess(profiles, extender);
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const fleet: Fleet = new Fleet({
    script: parsed.value,
    nodes: 80,
    seed: 1,
    startSeconds: 1_800_000_000,
    doors: surefoot.doors(nowSeconds),
  });
  surefoot.watch(fleet.api, nowSeconds);
  for (let hour = 1; hour <= DAYS * 24; hour += 1) {
    await fleet.timeline.runUntil(1_800_000_000 + hour * 3600);
    surefoot.snapshot(nowSeconds());
  }
  return surefoot.snapshot(nowSeconds()).rackOutages.fleetPerDay;
}

test('how often whole racks fail is learnt from their nodes; single nodes teach nothing', async () => {
  // 60 rack-days beside a prior of 2,700: 18 outages are to be expected.
  const often = await learnt(0.3);
  expect(often).toBeGreaterThan((0.8 + 8) / 2760);
  expect(often).toBeLessThan((0.8 + 30) / 2760);
  expect(await learnt(0)).toBeCloseTo(0.8 / 2760, 6);
}, 60_000);
