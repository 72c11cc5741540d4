import { type Command, Option } from 'commander';
import { CONTEXT, KUBECONFIG } from './options.ts';
import { print } from './terminal/print.ts';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at a live cluster for what keeps Surefoot from its work, each with the fix')
    .option('-n, --namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .option('--extender-admin <ADDR:PORT>', 'of the extender (default: through the API server)')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText(
      'after',
      '\nExit status: 0 well, warnings or not; 1 an error was found; 2 a wrong call.',
    )
    .action(async (options) => {
      const { doctor } = await import('./actions/doctor.ts');
      const { text, isWell } = await doctor(options);
      print(text);
      if (!isWell) process.exitCode = 1;
    });
}
