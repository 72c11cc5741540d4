import type { Command } from 'commander';
import { CONTEXT, KUBECONFIG } from './options.ts';
import { wholeNumber } from './terminal/whole-number.ts';

export function addLeave(program: Command): void {
  program
    .command('leave')
    .description(
      'before uninstalling: no pod comes to us any more, none is left waiting, no node is marked',
    )
    .option('-n, --namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option(
      '--patience <SECONDS>',
      'how long pods that wait for our scheduler may take',
      wholeNumber('--patience', 0, 86_400),
      60,
    )
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText(
      'after',
      '\nExit status: 0 our objects can be deleted; 1 something would be left waiting; 2 a wrong call.',
    )
    .action(async (options) => {
      const { leave } = await import('./actions/leave.ts');
      if (!(await leave(options))) process.exitCode = 1;
    });
}
