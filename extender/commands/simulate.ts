import { type Command, Option } from 'commander';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { percentField } from '../../webhook/words/percent.ts';
import { wholeNumber } from './terminal/whole-number.ts';

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('what a fault script costs, without Surefoot and with it, on a virtual clock')
    .requiredOption('--script <FILE>', 'what runs and what fails')
    .option('--days <N>', 'how long', wholeNumber('--days', 1, 3650), 30)
    .option('--nodes <N>', 'how many nodes of eight GPUs', wholeNumber('--nodes', 1, 5000), 1000)
    .option(
      '--seed <N>',
      'the same seed gives the same faults',
      wholeNumber('--seed', 0, 2 ** 31),
      1,
    )
    .option('--seeds <N>', 'how many seeds, from that one on', wholeNumber('--seeds', 1, 1000), 1)
    .option('--rivals', 'also beside other ways to place pods', false)
    .option('--rack-outages <RATE>', 'outages per rack and day, such as 3e-4', outageRate)
    .option(
      '--rack-slowdown <SHARE>',
      'what a group loses in more racks than it needs',
      share('--rack-slowdown'),
    )
    .option(
      '--block-slowdown <SHARE>',
      'the same in more blocks than it needs',
      share('--block-slowdown'),
    )
    .option('--no-reboots', 'without planned work')
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (options) => {
      const { simulate } = await import('./actions/simulate.ts');
      await simulate(options);
    });
}

function outageRate(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new WrongCall(`--rack-outages: "${text}" is not a number from 0 to 1, such as 3e-4`);
}

function share(flag: string): (text: string) => number {
  return function readShare(text) {
    const read = percentField.safeParse(text);
    if (read.success) return read.data;
    throw new WrongCall(`${flag}: ${read.error.issues[0]?.message}`);
  };
}
