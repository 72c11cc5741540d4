import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

export interface PageLook {
  readonly width?: number;
  readonly height?: number;
  readonly isDark?: boolean;
}

/**
 * A real browser from the npm registry, closed with the test. Fails when the page throws, complains on its console, or
 * asks any other address than its own.
 */
export async function openPage(url: string, look: PageLook = {}): Promise<Page> {
  const { width = 1400, height = 1000, isDark = false } = look;
  const browser: Browser = await playwright.launch({
    args: chromium.args,
    executablePath: await chromium.executablePath(),
    headless: true,
  });
  const complaints: string[] = [];
  onTestFinished(async () => {
    await browser.close();
    expect(complaints).toEqual([]);
  });
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: isDark ? 'dark' : 'light',
    // The chart library does not take the language of a machine that has none.
    locale: 'en-GB',
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) complaints.push(request.url());
  });
  await page.goto(url);
  return page;
}
