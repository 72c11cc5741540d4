import { Command, CommanderError } from 'commander';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { FITTED, type HazardConstants } from '../../../extender/hazard/fitted.ts';
import { areaUnderCurve, snapshotOf } from './auc.ts';
import { hbdGroups } from './hbd.ts';
import { chanceOf, weeklyLooks } from './looks.ts';
import { lanlGroups, type RecordedGroup, titanGroups } from './records.ts';

/**
 * `npm run fit`: where the constants of the hazard come from. Each is varied around what ships, on the
 * part of each record that `npm run evaluate` does not judge.
 */

interface FitOptions {
  readonly lanl: string;
  readonly titan: string;
  readonly titanFrom?: string;
  readonly hbd?: string;
}

/** How well one set of constants does on one record. */
interface Fit {
  readonly auc: number;
  /** Log-likelihood of what came, in nats for each failure: higher is better, 0 is clairvoyant. */
  readonly logLikelihood: number;
}

/** What is tried in place of what ships, one constant at a time. */
const TRIES: readonly (readonly [string, Partial<HazardConstants>])[] = [
  ['as shipped', {}],
  ['ownPriorFaults 1', { ownPriorFaults: 1 }],
  ['ownPriorFaults 3', { ownPriorFaults: 3 }],
  ['cohortPriorFaults 0.5', { cohortPriorFaults: 0.5 }],
  ['cohortPriorFaults 2', { cohortPriorFaults: 2 }],
  ['cohortPriorFaults 5', { cohortPriorFaults: 5 }],
  ['halfLifeDays 180', { halfLifeDays: 180 }],
  ['halfLifeDays 730', { halfLifeDays: 730 }],
  ['fleetHalfLifeDays 30', { fleetHalfLifeDays: 30 }],
  ['fleetHalfLifeDays 90', { fleetHalfLifeDays: 90 }],
  ['recencyDays 3', { recencyDays: [3], recencyPriorRatios: [50] }],
  ['recencyDays 7, 30, 90', { recencyDays: [7, 30, 90], recencyPriorRatios: [50, 30, 20] }],
  [
    'recencyDays 1, 3, 7, 14, 30, 60, 120',
    { recencyDays: [1, 3, 7, 14, 30, 60, 120], recencyPriorRatios: [100, 60, 30, 30, 30, 25, 20] },
  ],
  ['recencyPriorRatios a fifth', { recencyPriorRatios: [20, 6, 6, 4] }],
  ['recencyPriorFaults 3', { recencyPriorFaults: 3 }],
];

/** The first fifth of a system's record teaches only. */
const WARM_UP_SHARE = 0.2;
/** Titan failed hardly ever before this (SC20). */
const TITAN_FROM_SECONDS = Date.UTC(2015, 3, 1) / 1000;
const TITAN_EVERY_WEEKS = 4;
/** Of InfiniteHBD-Trace. */
const HBD_SERVERS = 400;

function main({ lanl, titan, titanFrom, hbd }: FitOptions): void {
  const afterWarmUp = ({ fromSeconds, toSeconds }: RecordedGroup) =>
    fromSeconds + WARM_UP_SHARE * (toSeconds - fromSeconds);
  const records = [
    {
      name: 'LANL',
      groups: lanlGroups(lanl),
      fromSeconds: afterWarmUp,
      everyWeeks: 1,
    },
    {
      name: 'Titan',
      groups: titanGroups(titan, titanFrom),
      fromSeconds: ({ fromSeconds }: RecordedGroup) => Math.max(fromSeconds, TITAN_FROM_SECONDS),
      everyWeeks: TITAN_EVERY_WEEKS,
    },
    ...(hbd === undefined
      ? []
      : (['hardware', 'all'] as const).map((level) => ({
          name: `HBD, ${level}`,
          groups: hbdGroups(hbd, { level, servers: HBD_SERVERS }),
          fromSeconds: afterWarmUp,
          everyWeeks: 1,
        }))),
  ];
  const rows: string[][] = [];
  for (const [index, [name, change]] of TRIES.entries()) {
    process.stderr.write(`\r${index + 1} of ${TRIES.length}: ${name}\u001b[K`);
    const fits = records.map((record) => fitOf(record, { ...FITTED, ...change }));
    rows.push([
      name,
      ...fits.flatMap(({ auc, logLikelihood }) => [auc.toFixed(4), logLikelihood.toFixed(3)]),
    ]);
  }
  process.stderr.write('\r\u001b[K');
  const titles = records.flatMap(({ name }) => [`${name} AUC`, 'nats']);
  console.log(tableText([['constants', ...titles], ...rows]));
}

function fitOf(
  record: {
    readonly groups: readonly RecordedGroup[];
    readonly fromSeconds: (group: RecordedGroup) => number;
    readonly everyWeeks: number;
  },
  constants: HazardConstants,
): Fit {
  let logLikelihood = 0;
  let failures = 0;
  let sum = 0;
  let weight = 0;
  for (const group of record.groups) {
    const once = new Float64Array(group.hosts.length).fill(1);
    const options = {
      fromSeconds: record.fromSeconds(group),
      untilSeconds: group.judgedFromSeconds,
      everyWeeks: record.everyWeeks,
      constants,
    };
    for (const { hosts } of weeklyLooks(group, options)) {
      for (const { faultsPerDay, fails } of hosts) {
        const chance = chanceOf(faultsPerDay);
        logLikelihood += Math.log(fails ? chance : 1 - chance);
        failures += Number(fails);
      }
      const snapshot = snapshotOf(
        hosts.map(({ index }) => index),
        hosts.map(({ fails }) => fails),
        { surefoot: hosts.map(({ faultsPerDay }) => faultsPerDay) },
      );
      const part = areaUnderCurve([snapshot], 'surefoot', once);
      sum += part.sum;
      weight += part.weight;
    }
  }
  return { auc: sum / weight, logLikelihood: logLikelihood / failures };
}

try {
  new Command('fit')
    .description('the constants of the hazard, varied on the earlier part of recorded failures')
    .requiredOption('--lanl <FILE>', 'failures of LANL (LA-UR-05-7318), CSV')
    .requiredOption('--titan <FILE>', 'GPUs of Titan (SC20), CSV')
    .option('--titan-from <DATE>', 'from when on Titan is judged, and so not fitted')
    .option('--hbd <FILE>', 'faults of GPU servers (InfiniteHBD-Trace), CSV')
    .exitOverride()
    .action(main)
    .parse();
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(error instanceof WrongCall ? error.message : error);
  process.exit(error instanceof WrongCall ? 2 : 1);
}
