import type { Command } from 'commander';
import { CONTEXT, KUBECONFIG } from './options.ts';

export function addForgive(program: Command): void {
  program
    .command('forgive')
    .description('take what a node has in its history for settled, such as after a repair')
    .argument('<NODE>', 'name of the node')
    .requiredOption('--reason <TEXT>', 'why; it stays with the incidents')
    .option('--device <UUID>', 'one device only')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText(
      'after',
      '\nIt writes the annotation surefoot.dev/forgive on the DeviceHistory, so you need the right to patch those.',
    )
    .action(async (node, options) => {
      const { forgive } = await import('./actions/forgive.ts');
      await forgive(node, options);
    });
}
