import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { withoutForecasts } from '../../../extender/decisions/record.ts';
import { eventually } from '../../cluster/eventually.ts';
import { openPage } from '../../fake/browser.ts';
import { servingPage } from '../../fake/page.ts';
import { makeTroubledFleet, NOW } from '../../make/troubled-fleet.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

/** `surefoot start` on a free port, ended with the test; gives the address that it prints. */
async function started(): Promise<string> {
  // The first minute of the tour in twelve seconds.
  const args = ['start', '--speed=300', '--page=127.0.0.1:0'];
  const child = spawn(process.execPath, [EXECUTABLE, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  return eventually('the address', () => lines[0]);
}

test("in a browser: the tour's troubles with their reasons, and things to do", async () => {
  const page = await openPage(await started());
  // Nobody is to take it for a cluster of theirs.
  await expect.poll(() => page.title()).toBe('Surefoot on built-in-fleet');
  expect(await page.locator('h1').textContent()).toBe('Surefoot on built-in-fleet');
  const devices = page.locator('#racks .device');
  await expect.poll(() => devices.count(), { timeout: 10_000 }).toBe(24 * 8);

  const spares = page.locator('#racks .spares');
  await expect.poll(() => spares.allTextContents()).toHaveLength(3);
  for (const words of await spares.allTextContents()) {
    expect(words).toMatch(/^(no spare|1 spare|[2-8] spares)$/);
  }
  const entries = page.locator('#entries li');
  const happens = (reason: RegExp) =>
    expect
      .poll(() => entries.filter({ hasText: reason }).count(), { timeout: 40_000 })
      .toBeGreaterThan(0);
  for (const reason of [
    /crash.*default\/notebook-1 crashed on gpu-\d+ with exit code 139, after \d+ min/,
    /device fault.*gpu-\d+: the device plugin has withdrawn the device \(nvidia.com\/gpu: 7 of 8 left\)/,
    /group restart.*8 pods of default\/Job\/llm left within .*default\/llm-3-\w+ lost its device on gpu-\d+ \(GPU-gpu-\d+-\d\)/,
    /planned reboot.*gpu-\d+ is down; it was cordoned before, so this is planned work/,
    /group restart.*8 pods of default\/Job\/llm left within .*crashed on gpu-\d+ with exit code 1, /,
  ]) {
    await happens(reason);
  }
  const decisions = page.locator('#decisions');
  await expect
    .poll(() => decisions.locator('.chosen').first().textContent())
    .toMatch(/→ gpu-\d+.* s/);
  expect(await decisions.locator('.bar .term[data-term=risk]').count()).toBeGreaterThan(0);

  const pods = page.locator('#pod-rows tr');
  await page.getByPlaceholder('name or node').fill('notebook-2');
  await expect.poll(() => pods.count()).toBe(1);
  await page.getByRole('button', { name: 'Crash default/notebook-2' }).click();
  await expect
    .poll(() => page.locator('#notice').textContent())
    .toBe('default/notebook-2 crashes with exit code 139');
  await happens(/default\/notebook-2 crashed on gpu-\d+ with exit code 139/);

  const node = page.locator('.node', { hasText: /^gpu-2$/ });
  await node.click();
  await page.getByRole('button', { name: 'Break a device' }).click();
  await expect
    .poll(() => page.locator('#details').textContent(), { timeout: 10_000 })
    .toMatch(/the device plugin has withdrawn the device/);
  await expect.poll(() => node.getAttribute('aria-label'), { timeout: 10_000 }).toMatch(/1 broken/);

  await page.getByRole('button', { name: 'Reboot rack' }).first().click();
  await expect
    .poll(() => page.locator('#notice').textContent())
    .toBe('8 nodes of rack-1 are drained and boot anew');
  await happens(/planned reboot.*gpu-3 is down/);
  await happens(
    /node down.*gpu-2 is down; it was cordoned before, but with a fault open: a repair/,
  );
}, 90_000);

test('in a browser: what else is to be said of a decision stands beside it', async () => {
  const fleet = makeTroubledFleet();
  const remark = {
    code: 'WouldHaveWaited' as const,
    words: 'waiting 14 s for its own node gpu-1 would have saved 6 s',
  };
  const decision = withoutForecasts({ uid: 'u', namespace: 'a', name: 'b' }, 'observe', NOW);
  fleet.decisions.add({ ...decision, unasked: { code: 'Pinned', words: 'pinned' } });
  const page = await openPage(await servingPage(fleet));
  const decisions = page.locator('#decisions');
  await expect.poll(() => decisions.textContent()).toMatch(/not asked: pinned/);
  fleet.decisions.remark('u', remark);
  await expect.poll(() => decisions.textContent()).toContain(remark.words);
});
