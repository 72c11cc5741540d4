import { type Command, Option } from 'commander';
import { outputOption, withPageOptions } from './options.ts';

export function addNodes(program: Command): void {
  withPageOptions(program.command('nodes'))
    .description(
      'the nodes with devices, the worst first: what is broken, and how likely the next fault is',
    )
    .option('--bad', 'only those with a broken device or a raised hazard, or that are not ready')
    .addOption(
      new Option('--sort <BY>', 'in which order')
        .choices(['worst', 'name', 'faults'])
        .default('worst'),
    )
    .option('-l, --selector <LABELS>', 'only nodes with these labels, such as pool=h100')
    .option('-w, --watch', 'go on, and print what changes')
    .addOption(outputOption('table', 'wide', 'json', 'yaml', 'name'))
    .addHelpText(
      'after',
      '\nExamples:\n  surefoot nodes --bad\n  surefoot nodes -l pool=h100 -o wide\n  surefoot nodes -o name | xargs kubectl describe',
    )
    .action(async (options) => {
      const { nodes } = await import('./actions/nodes.ts');
      await nodes(options);
    });
}
