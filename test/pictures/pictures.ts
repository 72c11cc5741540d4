import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Page, chromium as playwright } from 'playwright-core';
import { RunningServer } from '../../certs/serving/http.ts';
import type { ShownDecision } from '../../extender/page/shapes.ts';
import { tourPage } from './tour-page.ts';

/** `npm run pictures`: the pictures of README and docs, from the real page at one moment of the tour. */

export const PICTURES = join(import.meta.dirname, '../../docs/pictures');

const WIDTH = 1280;

/** What is shown, and how one gets there. */
const SHOTS: Readonly<
  Record<string, { height: number; go: (page: Page, url: string) => unknown }>
> = {
  'fleet.png': {
    height: 860,
    async go(page, url) {
      await page.goto(url);
      await page.locator('.worst a').first().waitFor();
    },
  },
  'decision.png': {
    height: 560,
    async go(page, url) {
      // The member of the group whose device broke: the others went home.
      const answer = await fetch(`${url}api/decisions?limit=500`);
      const { decisions } = (await answer.json()) as { decisions: readonly ShownDecision[] };
      const moved = decisions.find(
        ({ pod, boundTo, summary }) =>
          pod.name.startsWith('llm-') &&
          boundTo !== undefined &&
          summary?.code === 'PreferredWarmNode',
      );
      await page.goto(`${url}decisions/${moved?.pod.uid}`);
      await page.locator('.forecast.chosen').waitFor();
    },
  },
  'node.png': {
    height: 860,
    async go(page, url) {
      await page.goto(url);
      await page.locator('.worst a').first().click();
      await page.locator('.devices').waitFor();
    },
  },
};
/** The page sends for what it shows, and draws it some frames after that has come. */
const SETTLES_MS = 1000;
/** On a machine that is busy. */
const MOST_LOOKS = 20;
const MOST_WAIT_MS = 10_000;

/** Takes all pictures anew. */
export async function takePictures(): Promise<ReadonlyMap<string, Buffer>> {
  const server = await RunningServer.http({ host: '127.0.0.1', port: 0 }, await tourPage());
  const browser = await playwright.launch({
    args: chromium.args,
    executablePath: await chromium.executablePath(),
    headless: true,
  });
  try {
    // One context for all: with the last one this browser goes.
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    context.setDefaultTimeout(MOST_WAIT_MS);
    const page = await context.newPage();
    const taken = new Map<string, Buffer>();
    for (const [name, { height, go }] of Object.entries(SHOTS)) {
      await page.setViewportSize({ width: WIDTH, height });
      await go(page, `http://127.0.0.1:${server.port}/`);
      // What the extender says of itself is asked for last.
      await page.locator('#summary', { hasText: 'last asked by' }).waitFor();
      taken.set(name, await settled(page));
    }
    return taken;
  } finally {
    await browser.close();
    await server.stop(0);
  }
}

/** The picture once it stays as it is. */
async function settled(page: Page): Promise<Buffer> {
  let before = await page.screenshot();
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await page.waitForTimeout(SETTLES_MS);
    const now = await page.screenshot();
    if (now.equals(before)) return now;
    before = now;
  }
  throw new Error(`what the page shows goes on changing: ${page.url()}`);
}

if (import.meta.main) {
  await mkdir(PICTURES, { recursive: true });
  for (const [name, bytes] of await takePictures()) {
    await writeFile(join(PICTURES, name), bytes);
    console.log(relative(process.cwd(), join(PICTURES, name)));
  }
}
