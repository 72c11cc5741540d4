#!/usr/bin/env node
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { surefootVersion } from '../../certs/serving/version.ts';
import { addCerts } from './certs.ts';
import { addDoctor } from './doctor.ts';
import { addDrainOrder } from './drain-order.ts';
import { addExtender } from './extender.ts';
import { addForgive } from './forgive.ts';
import { addIncidents } from './incidents.ts';
import { addLeave } from './leave.ts';
import { addManifests } from './manifests.ts';
import { addMode } from './mode.ts';
import { addNode } from './node.ts';
import { addNodes } from './nodes.ts';
import { addPage } from './page.ts';
import { addPreview } from './preview.ts';
import { addRelease } from './release.ts';
import { addReport } from './report.ts';
import { addSimulate } from './simulate.ts';
import { addStart } from './start.ts';
import { addStatus } from './status.ts';
import { complain } from './terminal/print.ts';
import { sentenceOf } from './terminal/sentence.ts';
import { addWarranty } from './warranty.ts';
import { addWebhook } from './webhook.ts';
import { addWhy } from './why.ts';

/**
 * The one executable. A command's file has its flags; what it does is imported when it is called for: the webhook never
 * loads the Kubernetes client, which would cost it 30 MB.
 */

function surefoot(): Command {
  const command = new Command('surefoot')
    .description('Keeps device pods on their feet when hardware fails.')
    .version(surefootVersion())
    .showHelpAfterError('(see surefoot --help)')
    .addHelpText(
      'after',
      '\nCompletion: source <(surefoot complete zsh), or bash, fish, powershell.',
    )
    .exitOverride();
  command.commandsGroup('Questions:');
  for (const add of [
    addStatus,
    addNodes,
    addNode,
    addIncidents,
    addWhy,
    addReport,
    addWarranty,
    addDrainOrder,
    addPage,
    addDoctor,
  ]) {
    add(command);
  }
  command.commandsGroup('Changes:');
  for (const add of [addMode, addForgive, addLeave]) add(command);
  command.commandsGroup('Without a cluster:');
  for (const add of [addStart, addPreview, addManifests, addSimulate]) add(command);
  command.commandsGroup('Programs of an installation:');
  for (const add of [addWebhook, addExtender, addRelease, addCerts]) add(command);
  for (const one of command.commands) {
    one.showHelpAfterError(`(see surefoot ${one.name()} --help)`);
  }
  return command;
}

/** Lists that are of the whole cluster. */
const LISTS = /^(nodes|incidents|drain-order)$/;

/**
 * Arguments as kubectl takes them, too: `get nodes -A` for `nodes`, and `-o=json` for `-o json`. Throws WrongCall for what
 * kubectl has and we have not.
 */
function withoutKubectlHabits(args: readonly string[]): readonly string[] {
  const [first = '', ...others] = args;
  const isHabit = /^(get|describe)$/.test(first);
  const own = isHabit ? others : args;
  const [command = ''] = own;
  if (isHabit && /^(pods?|po|jobs?)$/.test(command)) {
    throw new WrongCall(
      `surefoot lists nodes and incidents, no ${command}; surefoot why POD tells why a pod is where it is, kubectl ${first} ${command} the rest`,
    );
  }
  const isList = LISTS.test(command);
  if (isList && own.some((arg) => /^(-n|--namespace)(=|$)/.test(arg))) {
    throw new WrongCall(`${command} are of the whole cluster; leave -n out`);
  }
  return own.flatMap((arg) => {
    if (isList && (arg === '-A' || arg === '--all-namespaces')) return [];
    const [, flag, value] = /^(-[A-Za-z])=(.*)$/s.exec(arg) ?? [];
    return flag === undefined ? [arg] : [flag, value ?? ''];
  });
}

/** Runs one command line. Exit status: 0 done, 1 a failure, 2 a wrong call or configuration. */
async function main(): Promise<number> {
  try {
    const command = surefoot();
    const args = process.argv.slice(2);
    if (args[0] === 'complete') {
      const { default: addCompletion } = await import('@bomb.sh/tab/commander');
      addCompletion(command);
    }
    await command.parseAsync(withoutKubectlHabits(args), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    complain(sentenceOf(error));
    return error instanceof WrongCall ? 2 : 1;
  }
}

// Whoever reads has had enough, as `head` has: ended as by SIGPIPE, which Node ignores.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});
const status = await main();
// A start that failed half-way may have left a server listening; a program that ended has not.
if (status !== 0) process.exit(status);
