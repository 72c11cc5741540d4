import type { Command } from 'commander';
import { pino } from 'pino';
import { runUntilSignal } from '../../certs/serving/lifecycle.ts';
import { wholeNumber } from './terminal/whole-number.ts';

export function addStart(program: Command): void {
  program
    .command('start')
    .description('all of it on this machine, on a built-in fleet whose devices fail as you watch')
    .option('--nodes <N>', 'how many nodes of eight GPUs', wholeNumber('--nodes', 1, 5000), 24)
    .option(
      '--speed <N>',
      'seconds of the fleet in one of yours',
      wholeNumber('--speed', 1, 600),
      60,
    )
    .option(
      '--seed <N>',
      'the same seed gives the same faults',
      wholeNumber('--seed', 0, 2 ** 31),
      1,
    )
    .option('--script <FILE>', 'what runs and what fails (default: a tour of a minute)')
    .option('--page <ADDR:PORT>', 'where people look (default: 127.0.0.1:9092, or a free port)')
    .action(async (options) => {
      const { startAll } = await import('./actions/start.ts');
      await runUntilSignal(() => startAll(options), pino({ level: 'silent' }));
    });
}
