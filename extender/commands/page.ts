import { type Command, Option } from 'commander';
import { CONTEXT, KUBECONFIG, SYSTEM_NAMESPACE } from './options.ts';
import { wholeNumber } from './terminal/whole-number.ts';

export function addPage(program: Command): void {
  program
    .command('page')
    .description('open the page of the extender in a browser, through the API server')
    .addOption(
      new Option('--port <PORT>', 'on this machine; 0 takes any that is free')
        .argParser(wholeNumber('--port', 0, 65_535))
        .default(0),
    )
    .option('--no-browser', 'only print its address')
    .addOption(SYSTEM_NAMESPACE)
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText('after', '\nExamples:\n  surefoot page\n  surefoot page --no-browser --port 9092')
    .action(async (options) => {
      const { page } = await import('./actions/page.ts');
      await page(options);
    });
}
