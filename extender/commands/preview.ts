import type { Command } from 'commander';

export function addPreview(program: Command): void {
  program
    .command('preview')
    .description('show what the webhook would change in a manifest; no cluster needed')
    .requiredOption('-f, --filename <FILE>', 'manifest, or - for standard input')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml')
    .addHelpText('after', '\nExit status: 0 nothing would change, 1 something would, 2 an error.')
    .action(async (options) => {
      const { preview } = await import('./actions/preview.ts');
      if (await preview(options)) process.exitCode = 1;
    });
}
