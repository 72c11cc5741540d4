import type { Command } from 'commander';
import { outputOption, withPageOptions } from './options.ts';
import { print } from './terminal/print.ts';

export function addStatus(program: Command): void {
  withPageOptions(program.command('status'))
    .description(
      'whether Surefoot is well, on one screen: mode, leader, scheduler, watches, certificate, fleet',
    )
    .addOption(outputOption('table', 'json', 'yaml'))
    .addHelpText(
      'after',
      '\nExit status 1 when something is wrong; surefoot doctor says more.\n\nExamples:\n  surefoot status\n  surefoot status --page 127.0.0.1:9092',
    )
    .action(async (options) => {
      const { status } = await import('./actions/status.ts');
      const { text, isWell } = await status(options);
      print(text);
      process.exitCode = isWell ? 0 : 1;
    });
}
