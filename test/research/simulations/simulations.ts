import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { wholeNumber } from '../../../extender/commands/terminal/whole-number.ts';
import { Random } from '../../../extender/fleet/random.ts';
import { type FleetKind, LANL_LIKE, MODERN, replayed, TITAN_LIKE } from './fleets.ts';
import { lawyer, oracle } from './policies/oracle.ts';
import { packed, stock } from './policies/stock.ts';
import { surefoot } from './policies/surefoot.ts';
import { homeAlone, imagesAlone } from './policies/terms.ts';
import { drawWeights, type Weights, weighted } from './policies/weighted.ts';
import { type Outcome, type Policy, World, type WorldOptions } from './world.ts';

/**
 * Policies on the same fleets, jobs and faults, and what each of them lost. A fleet of 1,000 nodes, whose
 * nature and jobs are the same for all; faults follow the nodes' true rates while they work, or a record.
 */

type Make = (world: World, seed: number) => Policy | Promise<Policy>;

interface Options {
  readonly days: number;
  readonly warmUp: number;
  readonly seeds: number;
  readonly draws: number;
  readonly fleet: readonly string[];
  readonly utilisation: readonly number[];
  readonly policy?: readonly string[];
  readonly lanl?: string;
  readonly titan?: string;
  readonly output: 'table' | 'json';
}

const FLEETS = ['modern', 'LANL-like', 'Titan-like', 'LANL replayed', 'Titan replayed'];

/** What they are made of, given the weights that were tuned. */
const POLICIES: Readonly<Record<string, (weights: Weights) => Make>> = {
  stock: () => stock,
  packed: () => packed,
  'home alone': () => homeAlone,
  'images alone': () => imagesAlone,
  'risk alone': () => (world, seed) => surefoot(world, seed, 'risk alone'),
  'weighted sum': weighted,
  surefoot: () => surefoot,
  'surefoot beside stock': () => (world, seed) => surefoot(world, seed, 'beside stock'),
  'knows the law': () => lawyer,
  oracle: () => oracle,
};

/** Of the same fleet, but other nodes, jobs and faults than those on which they are compared. */
const TUNING_SEED = 1001;
const TUNING_UTILISATION = 0.9;

interface Row {
  readonly fleet: string;
  readonly utilisation: number;
  readonly policy: string;
  readonly outcomes: readonly Outcome[];
}

async function main(options: Options): Promise<void> {
  const rows: Row[] = [];
  for (const name of fleetNames(options)) {
    const weights = await tuned(name, options);
    say(`${name}: weights of the sum ${JSON.stringify(weights)}`);
    const chosen = Object.entries(POLICIES).filter(
      ([policy]) => options.policy?.includes(policy) ?? true,
    );
    for (const utilisation of options.utilisation) {
      for (const [policy, makeFor] of chosen) {
        const make = makeFor(weights);
        const outcomes: Outcome[] = [];
        for (let seed = 1; seed <= options.seeds; seed += 1) {
          outcomes.push(
            await outcomeOf(make, fleetFor(name, options, seed), utilisation, options, seed),
          );
        }
        rows.push({ fleet: name, utilisation, policy, outcomes });
        say(
          `${name} at ${percent(utilisation)}, ${policy}: ${Math.round(lostHours(outcomes))} node-hours lost`,
        );
      }
    }
  }
  console.log(options.output === 'json' ? JSON.stringify(rows, null, 2) : table(rows));
}

function fleetNames({ fleet, lanl, titan }: Options): readonly string[] {
  const all = [
    ...[MODERN, LANL_LIKE, TITAN_LIKE].map(({ name }) => name),
    ...(lanl === undefined ? [] : ['LANL replayed']),
    ...(titan === undefined ? [] : ['Titan replayed']),
  ];
  const absent = fleet.find((name) => !all.includes(name));
  if (absent !== undefined) {
    throw new WrongCall(`--fleet: "${absent}" needs the record, by --lanl FILE or --titan FILE`);
  }
  return fleet.length === 0 ? all : all.filter((name) => fleet.includes(name));
}

function fleetFor(name: string, { days, lanl, titan }: Options, seed: number): FleetKind {
  const fixed = [MODERN, LANL_LIKE, TITAN_LIKE].find((kind) => kind.name === name);
  if (fixed !== undefined) return fixed;
  const isLanl = name.startsWith('LANL');
  const [kind] = replayed(isLanl ? lanl : undefined, isLanl ? undefined : titan, days, seed);
  if (kind === undefined) throw new Error(`no record for ${name}`);
  return kind;
}

async function tuned(name: string, options: Options): Promise<Weights> {
  const random = new Random(TUNING_SEED, `weights for ${name}`);
  const fleet = fleetFor(name, options, TUNING_SEED);
  let best: { readonly weights: Weights; readonly lost: number } | undefined;
  for (let draw = 0; draw < options.draws; draw += 1) {
    const weights = drawWeights(random);
    const make = weighted(weights);
    const outcome = await outcomeOf(make, fleet, TUNING_UTILISATION, options, TUNING_SEED);
    const lost = lostHours([outcome]);
    if (best === undefined || lost < best.lost) best = { weights, lost };
  }
  if (best === undefined) throw new Error('--draws: at least one');
  return best.weights;
}

async function outcomeOf(
  make: Make,
  fleet: FleetKind,
  utilisation: number,
  { days, warmUp: warmUpDays }: Options,
  seed: number,
): Promise<Outcome> {
  const options: WorldOptions = { fleet, utilisation, seed, days, warmUpDays };
  const world = new World(options);
  return world.live(await make(world, seed));
}

function lostHours(outcomes: readonly Outcome[]): number {
  return mean(outcomes.map(({ lostHours: { start, faults } }) => start + faults));
}

function table(rows: readonly Row[]): string {
  return [...Map.groupBy(rows, ({ fleet, utilisation }) => `${fleet} at ${percent(utilisation)}`)]
    .map(
      ([title, ofCase]) =>
        `${title}\n${tableText([HEAD, ...ofCase.map((row) => cells(row, ofCase))])}`,
    )
    .join('\n\n');
}

const HEAD = [
  'policy',
  'node-hours lost',
  'start',
  'faults',
  'of the oracle',
  'interrupted',
  'home',
  'whole nodes free',
  'penalised, most',
  'unplaced',
];

function cells({ policy, outcomes }: Row, ofCase: readonly Row[]): readonly string[] {
  const of = (pick: (outcome: Outcome) => number) => mean(outcomes.map(pick));
  const oracleRow = ofCase.find((row) => row.policy === 'oracle');
  const regret =
    oracleRow === undefined
      ? '-'
      : `${(lostHours(outcomes) / lostHours(oracleRow.outcomes)).toFixed(3)} x`;
  return [
    policy,
    String(Math.round(lostHours(outcomes))),
    ...(['start', 'faults'] as const).map((term) =>
      String(Math.round(of(({ lostHours: lost }) => lost[term]))),
    ),
    regret,
    String(Math.round(of((one) => one.expectedInterruptions || one.interruptions))),
    percent(of(({ home, back }) => home / Math.max(1, back))),
    of(({ wholeFreeNodes }) => wholeFreeNodes).toFixed(1),
    `${percent(of(({ penalisedShare }) => penalisedShare))}, ${percent(of(({ mostPenalisedShare }) => mostPenalisedShare))}`,
    String(of(({ unschedulable }) => unschedulable)),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function say(line: string): void {
  console.error(line);
}

function share(text: string, before: readonly number[]): readonly number[] {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('expected a share such as 0.9');
  return [...before, value];
}

try {
  await new Command('simulations')
    .description('what each way of placing pods loses, on fleets that fail')
    .option('--days <N>', 'how long', wholeNumber('--days', 1, 3650), 45)
    .option(
      '--warm-up <N>',
      'days of them before anything counts',
      wholeNumber('--warm-up', 0, 3650),
      15,
    )
    .option('--seeds <N>', 'how many fleets of each kind', wholeNumber('--seeds', 1, 1000), 3)
    .option(
      '--draws <N>',
      'weights that are tried for the weighted sum',
      wholeNumber('--draws', 1, 1000),
      40,
    )
    .addOption(new Option('--fleet <NAME...>', 'default: all').choices(FLEETS).default([]))
    .addOption(new Option('--policy <NAME...>', 'default: all').choices(Object.keys(POLICIES)))
    .option('--utilisation <SHARE>', 'may be given again; default: 0.7, 0.9 and 0.98', share, [])
    .option('--lanl <FILE>', 'lanl_failures CSV: replays it, too')
    .option('--titan <FILE>', 'titan_gpu CSV: replays it, too')
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .exitOverride()
    .action(async (options: Options) => {
      const utilisation = options.utilisation.length === 0 ? [0.7, 0.9, 0.98] : options.utilisation;
      await main({ ...options, utilisation });
    })
    .parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(error instanceof WrongCall ? error.message : error);
  process.exit(error instanceof WrongCall ? 2 : 1);
}
