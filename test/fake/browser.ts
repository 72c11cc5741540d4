import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** A real browser from the npm registry, closed with the test; fails when the page itself does. */
export async function openPage(url: string): Promise<Page> {
  const browser: Browser = await playwright.launch({
    args: chromium.args,
    executablePath: await chromium.executablePath(),
    headless: true,
  });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url);
  return page;
}
