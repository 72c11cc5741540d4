import { Command, Option } from 'commander';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { wholeNumber } from '../../../extender/commands/terminal/whole-number.ts';
import { drainAdvice } from '../../../extender/drains/drain-advice.ts';
import { type Interval, intervalOf } from '../../../extender/simulation/interval.ts';
import { FLEETS } from './fleets.ts';
import { lived, type Rule, type Terms } from './world.ts';

/** Rules for when to take a node with broken devices, on four fleets: what faults and repairs cost under each. */

const HOUR = 3600;

function atCount(count: number): Rule {
  return ({ broken }) => (broken >= count ? 'take' : 'let be');
}

function rules(terms: Terms): Readonly<Record<string, Rule>> {
  return {
    'at 1': atCount(1),
    'at 2': atCount(2),
    'at 3': atCount(3),
    'first idle': () => 'cordon',
    never: () => 'let be',
    'Surefoot advises': (node) => {
      const { when, inSeconds } = drainAdvice(node, terms).best;
      if (when === 'never') return 'let be';
      return when === 'now' || inSeconds === 0 ? 'take' : 'cordon';
    },
  };
}

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly days: number;
  readonly nodes: number;
}

function main({ seeds, seed, days, nodes }: Options): void {
  const terms = { nodes, days, takesSeconds: HOUR / 4, staysSeconds: 30 * 24 * HOUR };
  const all = Array.from({ length: seeds }, (_none, at) => seed + at);
  const titles = ['rule', ...Object.keys(FLEETS), 'worst, of the best rule'];
  const costs = Object.entries(rules(terms)).map(([name, rule]) => ({
    name,
    ofFleets: Object.entries(FLEETS).map(([fleet, kinds]) => {
      const lost = all.map((one) => {
        const without = lived(kinds, one, terms, 'no faults');
        return 100 * (without - lived(kinds, one, terms, rule));
      });
      console.error(`${fleet}: ${name} is done`);
      return intervalOf(lost);
    }),
  }));
  const best = Object.keys(FLEETS).map((_fleet, at) =>
    Math.min(...costs.map(({ ofFleets }) => ofFleets[at]?.mean ?? 0)),
  );
  const rows = costs.map(({ name, ofFleets }) => [
    name,
    ...ofFleets.map(shown),
    `${Math.max(...ofFleets.map(({ mean }, at) => mean / (best[at] ?? 1))).toFixed(2)} x`,
  ]);
  console.log(tableText([titles, ...rows], [0]));
  console.log(
    'Device time that faults and repairs cost, in percent of all, with its 95 % interval.',
  );
}

function shown({ mean, half = 0 }: Interval): string {
  return `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
}

const number = (flag: string, least: number, most: number) => wholeNumber(flag, least, most);

new Command('drains')
  .addOption(new Option('--seeds <N>', 'how many').argParser(number('--seeds', 1, 100)).default(8))
  .addOption(new Option('--seed <N>', 'the first').argParser(number('--seed', 0, 1e6)).default(1))
  .addOption(new Option('--days <N>', 'each').argParser(number('--days', 1, 1000)).default(40))
  .addOption(new Option('--nodes <N>', 'of 8').argParser(number('--nodes', 40, 2000)).default(128))
  .action(main)
  .parse();
