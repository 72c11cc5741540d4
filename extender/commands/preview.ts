import { type Command, Option } from 'commander';

export function addPreview(program: Command): void {
  program
    .command('preview')
    .description('show what the webhook would change in manifests; no cluster needed')
    .requiredOption(
      '-f, --filename <FILE>',
      'manifest, a directory of them, or - for standard input; may be repeated',
      (filename: string, others: readonly string[] = []) => [...others, filename],
    )
    .requiredOption('--config <DIR>', 'directory with profiles.yaml')
    .addOption(
      new Option(
        '--namespace-label <LABEL>',
        'what the label surefoot.dev/inject of the namespace says',
      )
        .choices(['enabled', 'observe', 'none'])
        .default('enabled'),
    )
    .addOption(
      new Option('-o, --output <FORM>', 'the lines that change, or all as data')
        .choices(['diff', 'json', 'yaml'])
        .default('diff'),
    )
    .addHelpText(
      'after',
      '\nExit status: 0 nothing would change, 1 something would, 2 an error, or somebody asks for what they would not get, 3 what would change cannot be told.',
    )
    .action(async (options) => {
      const { preview } = await import('./actions/preview.ts');
      process.exitCode = await preview(options);
    });
}
