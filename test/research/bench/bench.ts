import { Argument, Command, CommanderError, Option } from 'commander';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { wholeNumber } from '../../../extender/commands/terminal/whole-number.ts';

/** `npm run bench -- NAME`: measures us beside our opponents, in one run. */

const command = new Command('bench')
  .description('ratios against stated opponents, measured in one run')
  .addArgument(
    new Argument('<what>', 'which').choices([
      'webhook',
      'extender',
      'scheduler',
      'history',
      'hazard',
      'gang',
    ]),
  )
  .addOption(
    new Option('-o, --output <FORM>', 'how to print it')
      .choices(['table', 'json'])
      .default('table'),
  )
  .option(
    '--rounds <N>',
    'how often each way is measured (scheduler)',
    wholeNumber('--rounds', 1, 99),
    5,
  )
  .exitOverride();
try {
  await command.parseAsync();
  const { output, rounds } = command.opts<{ output: 'table' | 'json'; rounds: number }>();
  switch (command.args[0]) {
    case 'extender':
      await (await import('./extender.ts')).benchExtender(output);
      break;
    case 'gang':
      (await import('./gang.ts')).benchGang(output);
      break;
    case 'scheduler':
      await (await import('./scheduler.ts')).benchScheduler(output, rounds);
      break;
    case 'history':
      await (await import('./history.ts')).benchHistory(output);
      break;
    case 'hazard':
      (await import('./hazard.ts')).benchHazard(output);
      break;
    default:
      await (await import('./webhook.ts')).benchWebhook(output);
  }
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  console.error(error instanceof WrongCall ? error.message : error);
  process.exit(error instanceof WrongCall ? 2 : 1);
}
