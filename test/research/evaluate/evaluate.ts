import { Command, CommanderError, Option } from 'commander';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { wholeNumber } from '../../../extender/commands/terminal/whole-number.ts';
import { STRATA } from './calibration.ts';
import { type HbdLevel, hbdGroups } from './hbd.ts';
import { type Estimate, judge, type Verdict } from './judge.ts';
import { lanlGroups, titanGroups } from './records.ts';
import { SCORES } from './scores.ts';

/**
 * `npm run evaluate`: how well the hazard that the product ships ranks who fails next, on recorded
 * failures, beside the rules in use.
 */

const SEED = 1;

interface EvaluateOptions {
  readonly lanl: string;
  readonly titan: string;
  readonly titanFrom?: string;
  readonly hbd?: string;
  readonly hbdLevel: HbdLevel;
  readonly hbdServers: number;
  readonly json?: boolean;
  readonly plots?: string;
}

async function main(options: EvaluateOptions): Promise<void> {
  const verdicts = {
    lanl: judge(lanlGroups(options.lanl), SEED),
    titan: judge(titanGroups(options.titan, options.titanFrom), SEED),
    ...(options.hbd !== undefined && {
      hbd: judge(
        hbdGroups(options.hbd, { level: options.hbdLevel, servers: options.hbdServers }),
        SEED,
      ),
    }),
  };
  if (options.plots !== undefined) {
    const { drawPlots } = await import('./plots.ts');
    const { lanl: LANL, titan: Titan, hbd: HBD } = verdicts;
    const names = await drawPlots(options.plots, {
      LANL,
      Titan,
      ...(HBD !== undefined && { HBD }),
    });
    console.error(`drawn in ${options.plots}: ${names.join(', ')}`);
  }
  if (options.json === true) {
    console.log(JSON.stringify(verdicts, null, 2));
    return;
  }
  for (const [name, verdict] of Object.entries(verdicts)) console.log(`${shown(name, verdict)}\n`);
}

function shown(
  name: string,
  { snapshots, failures, auc7d, gain, gang, calibration }: Verdict,
): string {
  const rows = SCORES.map((score) => [
    score,
    interval(auc7d[score]),
    score === 'surefoot' ? '' : interval(gain[score]),
    percent(gang.j90[score]),
    percent(gang.j25[score]),
  ]);
  const strata = STRATA.map((one) => {
    const { hostWeeks, predicted, failed, ratio } = calibration.strata[one];
    return [
      one,
      String(hostWeeks),
      predicted.toFixed(0),
      String(failed),
      ratio === undefined ? '-' : ratio.toFixed(2),
    ];
  });
  const precision = calibration.precisionAtRecall.map(
    (one) => `${percent(one.precision)} at ${percent(one.recall)}`,
  );
  return [
    `${name}: ${failures} failures in ${snapshots} weeks of hosts`,
    tableText([
      ['score', 'AUC, 7 days', 'ours is better by', 'avoided at 90 %', 'at 25 %'],
      ...rows,
    ]),
    tableText([['hosts', 'host-weeks', 'failures predicted', 'came', 'ratio'], ...strata]),
    `Of the hosts flagged, so many fail within 7 days, at so much of the failures: ${precision.join(', ')}`,
  ].join('\n');
}

function interval({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

try {
  await new Command('evaluate')
    .description('the shipped hazard on recorded failures, beside the rules in use')
    .requiredOption('--lanl <FILE>', 'failures of LANL (LA-UR-05-7318), CSV')
    .requiredOption('--titan <FILE>', 'GPUs of Titan (SC20), CSV')
    .option('--titan-from <DATE>', 'judge Titan from then on (default: the last quarter)')
    .option('--hbd <FILE>', 'faults of GPU servers (InfiniteHBD-Trace), CSV')
    .addOption(
      new Option('--hbd-level <LEVEL>', 'which of them count')
        .choices(['hardware', 'all'])
        .default('hardware'),
    )
    .addOption(
      new Option('--hbd-servers <N>', 'how many servers there are')
        .argParser(wholeNumber('--hbd-servers', 1, 1_000_000))
        .default(400),
    )
    .option('--plots <DIR>', 'draw them as SVG files into this directory')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(main)
    .parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(error instanceof WrongCall ? error.message : error);
  process.exit(error instanceof WrongCall ? 2 : 1);
}
