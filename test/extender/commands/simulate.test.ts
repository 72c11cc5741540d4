import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../extender/simulation/outcome.ts';
import { policyNamed } from '../../../extender/simulation/policy-named.ts';
import { run } from '../../../extender/simulation/run.ts';
import { readScript } from '../../../extender/simulation/script-files.ts';
import { Program } from '../../fake/program.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');
const TOUR = join(import.meta.dirname, '../../../extender/fleet/tour.yaml');

async function both(seed: number): Promise<{ without: Outcome; withIt: Outcome }> {
  // At the rate of real fleets: the tour's own is for people who do not want to wait.
  const script = { ...(await readScript(TOUR)), faultsPerThousandNodeDays: 19 };
  const size = { nodes: 24, days: 10, seed };
  return {
    without: await run(script, size, policyNamed('stock', script.topology)),
    withIt: await run(script, size, policyNamed('surefoot', script.topology)),
  };
}

describe('a simulation', () => {
  test('the same seed gives the same, and with Surefoot pods come back to warm nodes', async () => {
    const first = await both(3);
    expect(await both(3)).toEqual(first);
    const share = ({ warmComebacks, comebacks }: Outcome) => warmComebacks / comebacks;
    expect(first.without.comebacks).toBeGreaterThan(30);
    // Whoever lost its node to the network or to a reboot cannot come back to it.
    expect(share(first.withIt)).toBeGreaterThan(share(first.without) + 0.3);
    expect(first.withIt.rejections).toBe(0);
  });

  test('prints a table', async () => {
    const args = [EXECUTABLE, 'simulate', `--script=${TOUR}`, '--nodes=24', '--days=2'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(/^24 nodes, 2 days, seed 1\n\n {10,}WITHOUT SUREFOOT {3}WITH SUREFOOT/);
    expect(stdout).toMatch(/^expected loss, device-hours +[\d.]+ +[\d.]+ +[-+]?[\d.]+ %$/m);
    expect(stdout).toMatch(/^ {2}to a warm node +[\d.]+ % +[\d.]+ % +[-+][\d.]+ points$/m);
  });

  test('prints the spread over several seeds beside rivals, and each run as JSON', async () => {
    const args = [EXECUTABLE, 'simulate', `--script=${TOUR}`, '--nodes=24', '--days=1'];
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...args,
      ...['--seeds=2', '--rivals', '--rack-slowdown=5%', '--no-reboots'],
    ]);
    expect(stdout).toMatch(/^24 nodes, 1 days, seeds 1 to 2\n\n.*RACKS FIRST.*WEIGHTED SUM/);
    expect(stdout).toMatch(/^ {2}slowdown +[\d.]+ ± [\d.]+ /m);
    const json = await promisify(execFile)(process.execPath, [...args, '--seeds=2', '-o', 'json']);
    const { without, with: withIt, runs } = JSON.parse(json.stdout);
    expect(without.expectedLossDeviceHours).toBeGreaterThan(0);
    expect(withIt.expectedLossDeviceHours).toBeGreaterThan(0);
    expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([1, 2]);
    const first = runs.map(
      ({ outcomes }: { outcomes: Record<string, Outcome> }) => outcomes.stock?.comebacks,
    );
    expect(without.comebacks).toBe((first[0] + first[1]) / 2);
  });

  test.each([
    {
      args: ['--nodes=8', `--script=${TOUR}`],
      says: '--script: what runs asks for 93 GPUs, and 8 nodes have 64: some pods will wait all the time; --nodes 12 has room for them\n',
    },
    {
      args: ['--rack-outages=often', `--script=${TOUR}`],
      says: '--rack-outages: "often" is not a number from 0 to 1, such as 3e-4\n',
    },
    {
      args: ['--rack-slowdown=5', `--script=${TOUR}`],
      says: '--rack-slowdown: "5" is not a share from 0% to 100%; write one such as "5%"\n',
    },
    {
      args: ['--days=0', `--script=${TOUR}`],
      says: '--days: "0" is not a whole number from 1 to 3650\n',
    },
    {
      args: ['--script=/nowhere.yaml'],
      says: '--script: /nowhere.yaml cannot be read (ENOENT); name a fault script such as extender/fleet/tour.yaml\n',
    },
  ])('$args is a wrong call', async ({ args, says }) => {
    const { status, errors } = await new Program(['simulate', ...args]).ended();
    expect(errors).toBe(says);
    expect(status).toBe(2);
  });
});
