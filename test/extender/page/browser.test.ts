import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withoutForecasts } from '../../../extender/decisions/record.ts';
import { eventually } from '../../cluster/eventually.ts';
import { openPage } from '../../fake/browser.ts';
import { servingPage } from '../../fake/page.ts';
import { makeBigFleet } from '../../make/big-fleet.ts';
import { makeDecision } from '../../make/decision.ts';
import { makeForecast } from '../../make/forecast.ts';
import { makeTroubledFleet, NOW } from '../../make/troubled-fleet.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');
const AXE = join(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js');

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

/** What the accessibility checker calls serious or critical, with the first element of each. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  // The page's own rules let no script in that is not of its origin; the checker comes in from outside.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found = (await page.evaluate('axe.run()')) as {
    violations: { impact: string; id: string; nodes: { html: string }[] }[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

test("in a browser: the tour's troubles with their reasons, and things to do", async () => {
  const url = await started();
  const page = await openPage(url);
  // Nobody is to take it for a cluster of theirs.
  await expect.poll(() => page.title()).toBe('Fleet · Surefoot on built-in-fleet');
  expect(await page.locator('h1').textContent()).toBe('Surefoot on built-in-fleet');
  const banner = page.locator('#banner');
  await expect.poll(() => banner.textContent()).toMatch(/^Simulated fleet at 300 × real time\./);

  const entries = page.locator('.entries li');
  const happens = (reason: RegExp) =>
    expect
      .poll(() => entries.filter({ hasText: reason }).count(), { timeout: 40_000 })
      .toBeGreaterThan(0);
  for (const reason of [
    /crash.*default\/notebook-1 crashed on gpu-\d+ with exit code 139, after \d+ min/,
    /device fault.*gpu-\d+: the device plugin has withdrawn the device \(nvidia.com\/gpu: 7 of 8 left\)/,
    /group restart.*8 pods of default\/Job\/llm left .*default\/llm-3-\w+ lost its device on gpu-\d+ \(GPU-gpu-\d+-\d\)/,
    /planned reboot.*gpu-\d+ is down; it was cordoned before, so this is planned work/,
    /group restart.*8 pods of default\/Job\/llm left .*crashed on gpu-\d+ with exit code 1, /,
  ]) {
    await happens(reason);
  }
  await expect.poll(() => banner.textContent()).toMatch(/ Now: /);
  const figures = page.locator('.figures li');
  // What the extender says of itself is asked for less often than what happens is told.
  await expect
    .poll(() => figures.nth(2).textContent(), { timeout: 40_000 })
    .toMatch(/^1?\d of 1?\d.*pods back on their own node/);
  await expect
    .poll(() => page.locator('.told li').allTextContents())
    .toContainEqual(expect.stringMatching(/→ gpu-\d+ home, /));

  await page.getByRole('link', { name: 'Placement' }).click();
  await page.getByLabel('Only those of which this decided').selectOption('avoided a node');
  await page.locator('.placed a').first().click();
  await expect.poll(() => page.url()).toMatch(/\/decisions\/.+/);
  const chosen = page.locator('.forecast.chosen');
  await expect.poll(() => chosen.textContent()).toMatch(/^gpu-\d+.*chosen.* s/);
  expect(await page.locator('.bar .term[data-term=risk]').count()).toBeGreaterThan(0);

  await page.getByRole('link', { name: 'Pods' }).click();
  await page.getByLabel('Search for pods').fill('notebook-2');
  await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  await page.getByRole('button', { name: 'Crash default/notebook-2' }).click();
  await expect
    .poll(() => page.locator('#notice').textContent())
    .toBe('default/notebook-2 crashes with exit code 139');

  await page.goto(`${url}nodes/gpu-2`);
  await page.getByRole('button', { name: 'Break a device' }).click();
  await expect
    .poll(() => page.locator('#view').textContent(), { timeout: 10_000 })
    .toMatch(/the device plugin has withdrawn the device/);
  await page.getByRole('button', { name: 'Reboot rack' }).click();
  await expect
    .poll(() => page.locator('#notice').textContent())
    .toBe('8 nodes of rack-1 are drained and boot anew');
  await page.goto(url);
  await happens(/default\/notebook-2 crashed on gpu-\d+ with exit code 139/);
  await happens(/planned reboot.*gpu-3\b/);
  await happens(
    /node down.*gpu-2 is down; it was cordoned before, but with a fault open: a repair|node down.*cordoned before, but with faults open: repairs.*gpu-2\b/,
  );
}, 180_000);

test('in a browser: what else is to be said of a decision stands beside it', async () => {
  const fleet = makeTroubledFleet();
  const remark = {
    code: 'WouldHaveWaited' as const,
    words: 'waiting 14 s for its own node gpu-1 would have saved 6 s',
  };
  const decision = withoutForecasts({ uid: 'u', namespace: 'a', name: 'b' }, 'observe', NOW);
  fleet.decisions.add({ ...decision, unasked: { code: 'Pinned', words: 'pinned' } });
  const page = await openPage(`${await servingPage(fleet)}/placement`);
  const placed = page.locator('.placed');
  await expect.poll(() => placed.textContent()).toMatch(/pinned/);
  fleet.decisions.remark('u', remark);
  await expect.poll(() => placed.textContent()).toContain(remark.words);
});

test('in a browser: equal nodes are one row, and what all of them cost is pale', async () => {
  const fleet = makeTroubledFleet();
  const forecasts = ['gpu-1', 'gpu-7', 'gpu-19', 'gpu-22'].map((node, at) =>
    makeForecast({
      candidate: { node },
      seconds: { cold: 20, risk: at === 3 ? 60 : 0 },
      lossSeconds: at === 3 ? 80 : 20,
    }),
  );
  fleet.decisions.add(
    makeDecision({
      pod: { uid: 'u', namespace: 'a', name: 'b', workload: 'a/Job/b' },
      atSeconds: NOW,
      asked: 100,
      forecasts,
    }),
  );
  fleet.decisions.bound('u', 'gpu-1', NOW);
  const page = await openPage(`${await servingPage(fleet)}/decisions/u`);
  const rows = page.locator('.forecast .node-name');
  await expect
    .poll(() => rows.allTextContents())
    .toEqual(['gpu-1chosen', 'gpu-7and 1 moregpu-19 ', 'gpu-22']);
  expect(await page.locator('#view').textContent()).toContain('and 96 nodes more, between');
  const terms = page.locator('.forecast').last().locator('.term');
  const looks = await terms.evaluateAll((all) => all.map((one) => one.className));
  expect(looks.toSorted()).toEqual(['term', 'term common']);
});

describe.each([3, 24, 1000, 5000])('in a browser: a fleet of %d nodes', (count) => {
  test('the worst node is one click away, and its address can be shared', async () => {
    const url = await servingPage(makeBigFleet(count));
    const page = await openPage(url);
    const nodes = page.locator('.map > .quiet');
    await expect
      .poll(() => nodes.textContent(), { timeout: 20_000 })
      .toBe(`${count.toLocaleString('en')} nodes`);
    const paintedMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    );
    console.log(`${count} nodes: first paint after ${Math.round(paintedMs)} ms`);
    expect(await seriousFindings(page)).toEqual([]);
    await expect
      .poll(() => page.locator('#summary').textContent())
      .toMatch(/ · certificate until (1 Mar|Mar 1,) 1970 · /);

    await page.locator('.worst a').first().click();
    await expect.poll(() => page.url()).toBe(`${url}/nodes/gpu-3`);
    const view = page.locator('#view');
    await expect.poll(() => view.textContent()).toMatch(/XID 79: the GPU has fallen off the bus/);
    // The device that is named is the one that is drawn as broken, and no other.
    const withdrawn = page.locator('.devices li', { has: page.locator('.withdrawn') });
    expect(await withdrawn.allTextContents()).toEqual([expect.stringMatching(/^GPU-3f2c/)]);
    expect(await seriousFindings(page)).toEqual([]);

    await page.reload();
    await expect.poll(() => view.textContent()).toMatch(/XID 79/);
    await page.goBack();
    await expect.poll(() => page.locator('.worst').textContent()).toMatch(/gpu-3/);
  }, 60_000);
});

test('in a browser: with the keyboard alone', async () => {
  const page = await openPage(await servingPage(makeBigFleet(200)));
  await expect.poll(() => page.locator('.map > .quiet').textContent()).toBe('200 nodes');
  // A name is a whole one: gpu-1 is not gpu-19.
  await page.keyboard.press('/');
  await page.keyboard.type('GPU-1');
  await expect.poll(() => page.locator('.map > .quiet').textContent()).toBe('1 of 200 nodes');
  await page.keyboard.type('*');
  await expect.poll(() => page.locator('.map > .quiet').textContent()).toBe('111 of 200 nodes');
  await page.locator('.tiles').focus();
  for (const key of ['ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  const said = page.locator('.said');
  await expect
    .poll(() => said.textContent())
    .toMatch(/^gpu-10 in rack-1, H100: ready; 8 devices, 8 busy/);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.url()).toMatch(/\/nodes\/gpu-10$/);
  await page.keyboard.press('Escape');
  await expect.poll(() => new URL(page.url()).pathname).toBe('/');
});

test('in a browser: filters stand in the address', async () => {
  const url = await servingPage(makeBigFleet(96));
  const page = await openPage(url);
  const nodes = page.locator('.map > .quiet');
  await expect.poll(() => nodes.textContent()).toBe('96 nodes');
  await page.getByLabel('Only this model').selectOption('A100');
  await expect.poll(() => nodes.textContent()).toBe('32 of 96 nodes');
  await page.getByLabel('Only this namespace').selectOption('team-a');
  await expect.poll(() => nodes.textContent()).toBe('8 of 96 nodes');
  expect(new URL(page.url()).search).toBe('?model=A100&namespace=team-a');
  await page.reload();
  await expect.poll(() => nodes.textContent()).toBe('8 of 96 nodes');
  await page.goto(`${url}/?bad=true`);
  await expect.poll(() => nodes.textContent()).toBe('1 of 96 nodes');
});

test.each([
  { name: 'on a phone', look: { width: 390, height: 844 } },
  { name: 'in the dark', look: { isDark: true } },
])('in a browser, $name: every view fits and can be read', async ({ look }) => {
  const fleet = makeBigFleet(24);
  const url = await servingPage(fleet);
  const page = await openPage(url, look);
  for (const path of [
    '/',
    '/nodes/gpu-3',
    '/incidents',
    '/placement',
    '/pods',
    '/pods/team-a/train-4',
  ]) {
    await page.goto(url + path);
    await expect.poll(() => page.locator('#view h2').count()).toBeGreaterThan(0);
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect({ path, wide }).toEqual({ path, wide: 0 });
    expect({ path, found: await seriousFindings(page) }).toEqual({ path, found: [] });
  }
});

test('in a browser: a time of the chart is chosen, and the list is of that time', async () => {
  const page = await openPage(`${await servingPage(makeBigFleet(24))}/incidents?since=1d`);
  const rows = page.locator('.table tbody tr');
  await expect.poll(() => rows.count()).toBe(1);
  const box = await page.locator('.u-over').boundingBox();
  if (box === null) throw new Error('there is no chart');
  const y = box.y + box.height / 2;
  const drag = async (from: number, to: number) => {
    await page.mouse.move(box.x + box.width * from, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
    await page.mouse.up();
  };
  await drag(0.1, 0.4);
  await expect.poll(() => rows.count()).toBe(0);
  await drag(0.8, 0.98);
  await expect.poll(() => rows.count()).toBe(1);
  await page.getByRole('button', { name: 'show all' }).click();
  await expect.poll(() => page.getByRole('button', { name: 'show all' }).count()).toBe(0);
});

test('in a browser: what the webhook changed in a pod, and what a restart of its job costs', async () => {
  const fleet = makeBigFleet(24);
  const wroteOn = async () => ({
    profile: 'nvidia',
    injected: ['tolerates nvidia.com/gpu'],
    declined: [{ code: 'GraceSetByUser', words: 'it has a grace of its own' }],
  });
  const url = await servingPage({ ...fleet, wroteOn });
  const page = await openPage(`${url}/pods/team-a/train-4`);
  const did = page.locator('section', { hasText: 'What the webhook did' });
  await expect.poll(() => did.textContent()).toContain('By profile nvidia.');
  expect(await did.locator('tbody tr').allTextContents()).toEqual([
    'changedtolerates nvidia.com/gpu',
    'left as it wasit has a grace of its own',
  ]);
  await page.locator('section').first().getByRole('link').last().click();
  await expect
    .poll(() => page.locator('#view').textContent())
    .toMatch(/A restart (of one of its pods )?now costs about .* device-(hours|minutes): /);
});

test('on paper: what is shown, without what is only to be pressed', async () => {
  const page = await openPage(`${await servingPage(makeBigFleet(24))}/nodes/gpu-3`);
  await expect.poll(() => page.locator('#view h2').count()).toBeGreaterThan(0);
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('nav').isVisible()).toBe(false);
  expect(await page.locator('#view h2').first().isVisible()).toBe(true);
  const { width } = (await page.locator('body').boundingBox()) ?? { width: 0 };
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
    Math.ceil(width) + 1,
  );
});

test('in a browser: the hazard of a node over time, with its interval, can be seen', async () => {
  const page = await openPage(`${await servingPage(makeBigFleet(24))}/nodes/gpu-3`);
  const course = page.locator('section', { hasText: 'Hazard over time' });
  await expect.poll(() => course.locator('canvas').count()).toBe(1);
  expect(await course.locator('.u-legend').textContent()).toMatch(
    /times the fleet’s rate.*from.*to \(95 %\)/s,
  );
});
