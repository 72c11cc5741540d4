import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LiveLine } from '../extender/commands/terminal/live-line.ts';
import { Fleet } from '../extender/fleet/fleet.ts';
import { shippedConfiguration, tour } from '../extender/simulation/script-files.ts';
import { SurefootInProcess } from '../extender/simulation/surefoot-in-process.ts';

const HOUR_SECONDS = 3600;

/** What `npm start` prints in the first hour of its fleet; without sockets, so that no slow machine changes it. */
async function printed(): Promise<readonly string[]> {
  const { profiles, extender } = shippedConfiguration();
  const surefoot = new SurefootInProcess(profiles, extender);
  const lines: string[] = [];
  const line = new LiveLine({
    isTTY: false,
    columns: 80,
    write: (text: string | Uint8Array) => lines.push(String(text).trimEnd()) > 0,
  });
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const fleet: Fleet = new Fleet({
    script: tour(),
    nodes: 24,
    seed: 1,
    startSeconds: 0,
    doors: surefoot.doors(nowSeconds),
    onHappening: (happening) => line.show(happening, 0),
  });
  surefoot.watch(fleet.api, nowSeconds);
  await fleet.timeline.runUntil(HOUR_SECONDS);
  return lines;
}

test('npm start prints what the README says that it prints', async () => {
  const readme = await readFile('README.md', 'utf8');
  const [, shown = ''] = /^\$ npm start\nhttp:\S+\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const told = shown.trimEnd().split('\n');
  expect(told.length).toBeGreaterThan(3);
  expect((await printed()).slice(0, told.length)).toEqual(told);
});
