import { type Command, Option } from 'commander';
import { withPageOptions } from './options.ts';
import { print } from './terminal/print.ts';

export function addWarranty(program: Command): void {
  withPageOptions(program.command('warranty'))
    .description('the evidence that a vendor asks for who is to take a device back')
    .argument('[NODE|UUID]', 'a node, or one device by its id')
    .option('--all', 'all that are likely to have had a hardware fault')
    .option('--owners', 'name the workloads that were there, too')
    .addOption(
      new Option('-o, --output <FORM>', 'Markdown, comma-separated values, or data')
        .choices(['md', 'csv', 'json'])
        .default('md'),
    )
    .addHelpText(
      'after',
      '\nIt reads the DeviceHistory objects, so it needs no running extender.\n\nExamples:\n  surefoot warranty gpu-7\n  surefoot warranty GPU-3f2c8d6e-0000-4000-8000-000000000007\n  surefoot warranty --all -o csv > returns.csv',
    )
    .action(async (name, options) => {
      const { warranty } = await import('./actions/warranty.ts');
      print(await warranty(name, options));
    });
}
