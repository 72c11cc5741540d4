import { type Command, Option } from 'commander';
import { wholeNumber } from './terminal/whole-number.ts';

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('what a fault script costs, without Surefoot and with it, on a virtual clock')
    .requiredOption('--script <FILE>', 'what runs and what fails')
    .option('--days <N>', 'how long', wholeNumber('--days', 1, 3650), 30)
    .option('--nodes <N>', 'how many nodes of eight GPUs', wholeNumber('--nodes', 1, 5000), 1000)
    .option(
      '--seed <N>',
      'the same seed gives the same faults',
      wholeNumber('--seed', 0, 2 ** 31),
      1,
    )
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (options) => {
      const { simulate } = await import('./actions/simulate.ts');
      await simulate(options);
    });
}
