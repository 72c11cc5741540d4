import type { Command } from 'commander';
import { outputOption, withPageOptions } from './options.ts';

export function addIncidents(program: Command): void {
  withPageOptions(program.command('incidents'))
    .description('the faults that were seen, of all nodes, the latest first')
    .option('--since <DURATION>', 'how far back', '7d')
    .option('--open', 'only those that something still reports, whenever they opened')
    .option('--node <NODE>', 'of this node only')
    .option('-w, --watch', 'go on, and print what is new')
    .addOption(outputOption('table', 'wide', 'json', 'yaml', 'name'))
    .addHelpText(
      'after',
      '\nExamples:\n  surefoot incidents --open\n  surefoot incidents --since 30d --node gpu-7 -o wide\n  surefoot incidents -w',
    )
    .action(async (options) => {
      const { incidents } = await import('./actions/incidents.ts');
      await incidents(options);
    });
}
