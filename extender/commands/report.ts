import { type Command, Option } from 'commander';
import { withPageOptions } from './options.ts';
import { print } from './terminal/print.ts';

export function addReport(program: Command): void {
  withPageOptions(program.command('report'))
    .description(
      'what happened to the devices of the fleet, what placement came to, and whether it was right',
    )
    .option('--since <DURATION>', 'how far back', '7d')
    .addOption(
      new Option('-o, --output <FORM>', 'Markdown, one HTML page, or data')
        .choices(['md', 'html', 'json'])
        .default('md'),
    )
    .addHelpText(
      'after',
      '\nIt reads the DeviceHistory objects, so it needs no running extender.\n\nExamples:\n  surefoot report\n  surefoot report --since 30d -o html > report.html',
    )
    .action(async (options) => {
      const { report } = await import('./actions/report.ts');
      print(await report(options));
    });
}
