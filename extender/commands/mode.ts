import { Argument, type Command } from 'commander';
import { CONTEXT, KUBECONFIG, SYSTEM_NAMESPACE } from './options.ts';

export function addMode(program: Command): void {
  program
    .command('mode')
    .description(
      'whether Surefoot acts or observes; changes it once you have agreed to what will happen',
    )
    .addArgument(new Argument('[MODE]', 'absent: show it').choices(['observe', 'act']))
    .option('--yes', 'agree beforehand')
    .addOption(SYSTEM_NAMESPACE)
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
