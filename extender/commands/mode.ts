import { Argument, type Command } from 'commander';
import { CONTEXT, KUBECONFIG } from './options.ts';

export function addMode(program: Command): void {
  program
    .command('mode')
    .description(
      'whether Surefoot acts or observes; changes it once you have agreed to what will happen',
    )
    .addArgument(new Argument('[MODE]', 'absent: show it').choices(['observe', 'act']))
    .option('--yes', 'agree beforehand')
    .option('--system-namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText(
      'after',
      '\nExamples:\n  surefoot mode\n  surefoot mode act\n  surefoot mode observe --yes',
    )
    .action(async (wanted, options) => {
      const { mode } = await import('./actions/mode.ts');
      await mode(wanted, options);
    });
}
