import { expect, test } from 'vitest';
import { Timeline } from '../../../extender/fleet/timeline.ts';

test('things happen in order of their time, then of their planning, and never early', async () => {
  const timeline = new Timeline(100);
  const seen: string[] = [];
  timeline.after(5, () => void seen.push(`late ${timeline.nowSeconds}`));
  timeline.after(1, () => {
    seen.push(`first ${timeline.nowSeconds}`);
    timeline.after(1, () => void seen.push(`planned on the way ${timeline.nowSeconds}`));
  });
  timeline.after(1, () => void seen.push('second'));
  await timeline.runUntil(104);
  expect(seen).toEqual(['first 101', 'second', 'planned on the way 102']);
  expect(timeline.nowSeconds).toBe(104);
  await timeline.runUntil(105);
  expect(seen.at(-1)).toBe('late 105');
});

test('an action that waits is waited for', async () => {
  const timeline = new Timeline(0);
  const seen: string[] = [];
  timeline.after(1, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push('slow');
  });
  timeline.after(1, () => void seen.push('next'));
  await timeline.runUntil(1);
  expect(seen).toEqual(['slow', 'next']);
});
