import type { Command } from 'commander';
import { outputOption, withPageOptions } from './options.ts';
import { print } from './terminal/print.ts';

export function addNode(program: Command): void {
  withPageOptions(program.command('node'))
    .description(
      'all that is known of one node: its devices, incidents, what was not counted, who is at home there',
    )
    .argument('<NODE>', 'name of the node')
    .addOption(outputOption('table', 'json', 'yaml'))
    .addHelpText('after', '\nExamples:\n  surefoot node gpu-7\n  surefoot node gpu-7 -o json')
    .action(async (name, options) => {
      const { node } = await import('./actions/node.ts');
      print(await node(name, options));
    });
}
