import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { Command, Option } from 'commander';
import { wholeNumber } from '../../../extender/commands/terminal/whole-number.ts';
import { changeOf, type Interval, intervalOf } from '../../../extender/simulation/interval.ts';
import type { Outcome } from '../../../extender/simulation/outcome.ts';

/**
 * What placing is worth in several worlds: each is lived through on each seed by `surefoot simulate`, as many at once as
 * there are cores. Prints tables in Markdown.
 */

const EXECUTABLE = 'extender/commands/surefoot.ts';
const MIX = 'extender/fleet/month.yaml';

/** By name: the script that runs, and what differs from it. */
const WORLDS: Readonly<
  Record<string, { readonly script: string; readonly flags: readonly string[] }>
> = {
  'no rack outages': { script: MIX, flags: ['--rack-outages=0'] },
  'as published': { script: MIX, flags: [] },
  'frequent rack outages': { script: MIX, flags: ['--rack-outages=1.5e-3'] },
  'stress: a rack a day of 20': { script: MIX, flags: ['--rack-outages=0.05'] },
  '5 % slower across blocks': { script: MIX, flags: ['--block-slowdown=5%'] },
  'without planned reboots': { script: MIX, flags: ['--no-reboots'] },
  'training only': { script: 'extender/fleet/training.yaml', flags: [] },
  'serving and notebooks': { script: 'extender/fleet/serving.yaml', flags: [] },
};

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly days: number;
  readonly nodes: number;
  readonly world: readonly string[];
  readonly rivals: boolean;
}

type Runs = ReadonlyMap<string, readonly Outcome[]>;

async function main({ seeds, seed, days, nodes, world, rivals }: Options): Promise<void> {
  for (const name of world.length === 0 ? Object.keys(WORLDS) : world) {
    const { script, flags } = WORLDS[name] ?? { script: MIX, flags: [] };
    const all = Array.from({ length: seeds }, (_none, index) => seed + index);
    const runs = new Map<string, Outcome[]>();
    const begun = performance.now();
    await inParallel(all, async (current) => {
      const size = [`--seed=${current}`, `--days=${days}`, `--nodes=${nodes}`];
      const args = [`--script=${script}`, ...size, ...flags, ...(rivals ? ['--rivals'] : [])];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [EXECUTABLE, 'simulate', ...args, '-o', 'json'],
        { maxBuffer: 2 ** 24 },
      );
      const [run] = JSON.parse(stdout).runs;
      for (const [policy, outcome] of Object.entries(run.outcomes as Record<string, Outcome>)) {
        runs.set(policy, [...(runs.get(policy) ?? []), outcome]);
      }
      const minutes = Math.round((performance.now() - begun) / 60_000);
      console.error(`${name}: seed ${current} is done, after ${minutes} min`);
    });
    console.log(`\n### ${name}\n\n${table(runs)}`);
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

const COLUMNS: readonly { readonly title: string; readonly of: (outcome: Outcome) => number }[] = [
  { title: 'expected loss, device-hours', of: ({ expectedLossDeviceHours: loss }) => loss },
  { title: 'work undone', of: ({ expectedWorkDeviceHours: work }) => work },
  { title: 'slowdown', of: ({ slowdownDeviceHours: slowdown }) => slowdown },
  { title: 'pulls', of: ({ lostDeviceHours }) => lostDeviceHours.pulling },
  { title: 'waiting', of: ({ lostDeviceHours }) => lostDeviceHours.waiting },
  { title: 'restarts by rack outages', of: ({ restarts }) => restarts['rack outage'] ?? 0 },
  { title: 'whole nodes free', of: ({ wholeFreeNodes }) => wholeFreeNodes },
];

/** Each policy, and by how many percent it is off the stock scheduler, seed by seed, with 95 % intervals. */
function table(runs: Runs): string {
  const stock = runs.get('stock') ?? [];
  const losses = (outcomes: readonly Outcome[]) =>
    outcomes.map(({ expectedLossDeviceHours }) => expectedLossDeviceHours);
  const rows = [...runs].map(([policy, outcomes]) => {
    const off = policy === 'stock' ? undefined : changeOf(losses(stock), losses(outcomes));
    const cells = COLUMNS.map(({ of }) => inWords(intervalOf(outcomes.map(of))));
    return [policy, off === undefined ? '' : percent(off), ...cells];
  });
  const head = ['', 'against stock', ...COLUMNS.map(({ title }) => title)];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function inWords({ mean, half = 0 }: Interval): string {
  const digits = mean < 100 ? 1 : 0;
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}

function percent({ mean, half = 0 }: Interval): string {
  return `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)} %`;
}

const program = new Command('worlds')
  .option('--seed <N>', 'the first seed', wholeNumber('--seed', 0, 2 ** 31), 1)
  .option('--seeds <N>', 'how many', wholeNumber('--seeds', 2, 1000), 12)
  .option('--days <N>', 'how long', wholeNumber('--days', 1, 365), 10)
  .option('--nodes <N>', 'how many nodes', wholeNumber('--nodes', 1, 5000), 1000)
  .option('--no-rivals', 'without the other ways to place')
  .addOption(
    new Option('--world <NAME...>', 'which; all unless named')
      .choices(Object.keys(WORLDS))
      .default([]),
  )
  .action(main);
await program.parseAsync();
