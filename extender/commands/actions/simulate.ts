import { spanInWords } from '../../../webhook/words/duration.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { type Doors, Fleet } from '../../fleet/fleet.ts';
import type { Ledger } from '../../fleet/ledger.ts';
import type { FaultScript } from '../../fleet/script.ts';
import { readScript, shippedConfiguration } from '../../simulation/script-files.ts';
import { SurefootInProcess } from '../../simulation/surefoot-in-process.ts';
import { print } from '../terminal/print.ts';
import { type Cell, tableText } from '../terminal/table.ts';

export interface SimulateOptions {
  readonly script: string;
  readonly days: number;
  readonly nodes: number;
  readonly seed: number;
  readonly output: 'table' | 'json';
}

/** What one run of the fleet came to. */
export interface Outcome {
  readonly interruptions: Readonly<Record<string, number>>;
  readonly lostDeviceHours: Readonly<Record<keyof Ledger['lost'], number>>;
  readonly comebacks: number;
  readonly warmComebacks: number;
  readonly rejections: number;
}

const SECONDS_PER_DAY = 86_400;
/** Any will do; a fixed one makes the same run anywhere. */
const START_SECONDS = Date.UTC(2026, 0, 1) / 1000;

/** Runs a script twice on the same seed, without Surefoot and with it, and prints what each lost. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const script = await readScript(options.script);
  const { profiles, extender } = shippedConfiguration();
  const without = await run(script, options, { admit: async (pod) => tolerating(pod) });
  const surefoot = new SurefootInProcess(profiles, extender);
  const withSurefoot = await run(script, options, surefoot);
  const { nodes, days, seed } = options;
  print(
    options.output === 'json'
      ? JSON.stringify({ nodes, days, seed, without, with: withSurefoot }, null, 2)
      : `${nodes} nodes, ${days} days, seed ${seed}\n\n${tableText(rowsOf(without, withSurefoot))}`,
  );
}

/** One run on a virtual clock; a `SurefootInProcess` is watched as well as asked. */
export async function run(
  script: FaultScript,
  { nodes, seed, days }: Pick<SimulateOptions, 'nodes' | 'seed' | 'days'>,
  by: Doors | SurefootInProcess,
): Promise<Outcome> {
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const fleet: Fleet = new Fleet({
    script,
    nodes,
    seed,
    startSeconds: START_SECONDS,
    doors: by instanceof SurefootInProcess ? by.doors(nowSeconds) : by,
  });
  if (by instanceof SurefootInProcess) by.watch(fleet.api, nowSeconds);
  const begun = performance.now();
  for (let day = 1; day <= days; day += 1) {
    await fleet.timeline.runUntil(START_SECONDS + day * SECONDS_PER_DAY);
    sayProgress(by instanceof SurefootInProcess ? 'with' : 'without', day, days, begun);
  }
  return outcomeOf(fleet.ledger);
}

function outcomeOf({ interruptions, lost, ...counts }: Ledger): Outcome {
  const { comebacks, warmComebacks, rejections } = counts;
  const hours = (seconds: number) => seconds / 3600;
  return {
    interruptions: Object.fromEntries([...interruptions].sort()),
    lostDeviceHours: {
      work: hours(lost.work),
      waiting: hours(lost.waiting),
      pulling: hours(lost.pulling),
      coldStart: hours(lost.coldStart),
    },
    comebacks,
    warmComebacks,
    rejections,
  };
}

function rowsOf(without: Outcome, withIt: Outcome): readonly (readonly Cell[])[] {
  const row = (
    name: string,
    numberOf: (outcome: Outcome) => number,
    unit = '',
  ): readonly Cell[] => {
    const [before, after] = [numberOf(without), numberOf(withIt)];
    const change = before === 0 ? '' : `${(100 * (after / before - 1)).toFixed(0)} %`;
    return [name, `${rounded(before)}${unit}`, `${rounded(after)}${unit}`, change];
  };
  const sum = (numbers: Readonly<Record<string, number>>) =>
    Object.values(numbers).reduce((total, number) => total + number, 0);
  const causes = [
    ...new Set([...Object.keys(without.interruptions), ...Object.keys(withIt.interruptions)]),
  ].sort();
  return [
    ['', 'WITHOUT SUREFOOT', 'WITH SUREFOOT', 'CHANGE'],
    row('interruptions', ({ interruptions }) => sum(interruptions)),
    ...causes.map((cause) =>
      row(`  by ${cause}`, ({ interruptions }) => interruptions[cause] ?? 0),
    ),
    row('device-hours lost', ({ lostDeviceHours }) => sum(lostDeviceHours)),
    row('  work done again', ({ lostDeviceHours }) => lostDeviceHours.work),
    row('  waiting for a node', ({ lostDeviceHours }) => lostDeviceHours.waiting),
    row('  pulling images', ({ lostDeviceHours }) => lostDeviceHours.pulling),
    row('  cold starts', ({ lostDeviceHours }) => lostDeviceHours.coldStart),
    row('pods that came back', ({ comebacks }) => comebacks),
    row(
      '  to a warm node',
      ({ comebacks, warmComebacks }) => (100 * warmComebacks) / Math.max(comebacks, 1),
      ' %',
    ),
    row('pods refused by a kubelet', ({ rejections }) => rejections),
  ];
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function sayProgress(which: string, day: number, days: number, begun: number): void {
  if (!process.stderr.isTTY) return;
  const text = `${which} Surefoot: day ${day} of ${days}, ${spanInWords((performance.now() - begun) / 1000)}`;
  process.stderr.write(`\r\u001b[K${day === days ? '' : text}`);
}

/** What a user writes by hand where there is no webhook to write it. */
function tolerating(pod: Pod): Pod {
  const tolerations = [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }];
  return { ...pod, spec: { ...pod.spec, tolerations } };
}
