import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Outcome, run } from '../../../extender/commands/actions/simulate.ts';
import { readScript, shippedConfiguration } from '../../../extender/simulation/script-files.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';
import { Program } from '../../fake/program.ts';
import { tolerating } from '../../make/fleet.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');
const TOUR = join(import.meta.dirname, '../../../extender/fleet/tour.yaml');

async function both(seed: number): Promise<{ without: Outcome; withIt: Outcome }> {
  const script = await readScript(TOUR);
  const { profiles, extender } = shippedConfiguration();
  const size = { nodes: 24, days: 10, seed };
  return {
    without: await run(script, size, { admit: tolerating }),
    withIt: await run(script, size, new SurefootInProcess(profiles, extender)),
  };
}

describe('a simulation', () => {
  test('the same seed gives the same, and with Surefoot pods come back to warm nodes', async () => {
    const first = await both(3);
    expect(await both(3)).toEqual(first);
    const share = ({ warmComebacks, comebacks }: Outcome) => warmComebacks / comebacks;
    expect(first.without.comebacks).toBeGreaterThan(30);
    expect(share(first.withIt)).toBeGreaterThan(0.8);
    expect(share(first.withIt)).toBeGreaterThan(share(first.without));
    expect(first.withIt.rejections).toBe(0);
  });

  test('prints a table', async () => {
    const args = [EXECUTABLE, 'simulate', `--script=${TOUR}`, '--nodes=24', '--days=2'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(/^24 nodes, 2 days, seed 1\n\n {10,}WITHOUT SUREFOOT {3}WITH SUREFOOT/);
    expect(stdout).toMatch(/^device-hours lost +\d+ +\d+ +-?\d+ %$/m);
    expect(stdout).toMatch(/^ {2}to a warm node +\d+ % +\d+ % +/m);
  });

  test.each([
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
