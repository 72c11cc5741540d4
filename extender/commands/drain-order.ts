import { type Command, Option } from 'commander';
import { outputOption, withPageOptions } from './options.ts';

export function addDrainOrder(program: Command): void {
  withPageOptions(program.command('drain-order'))
    .description('when each node is best taken for a repair, and what that costs the jobs on it')
    .argument('[NODE...]', 'only these (default: those with a broken device)')
    .option('--all', 'every node with devices, such as for a new driver')
    .option('-l, --selector <LABELS>', 'only nodes with these labels, such as pool=h100')
    .addOption(new Option('--takes <DURATION>', 'how long the work takes').default('15m'))
    .addOption(
      new Option(
        '--stays <DURATION>',
        'how long a broken device would stay so if nobody took its node for it',
      ).default('30d'),
    )
    .addOption(outputOption('table', 'wide', 'json', 'yaml', 'name'))
    .addHelpText(
      'after',
      '\nIt advises only: nothing is cordoned, drained or marked. Costs are in device-hours: what interrupting the jobs\nundoes, against devices that stand idle until those have left.\n\nExamples:\n  surefoot drain-order\n  surefoot drain-order gpu-7 -o wide\n  surefoot drain-order -l pool=h100 --all --takes 40m -o name | head -n 5',
    )
    .action(async (names, options) => {
      const { drainOrder } = await import('./actions/drain-order.ts');
      await drainOrder(names, options);
    });
}
