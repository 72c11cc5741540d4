#!/usr/bin/env node
import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { embeddedAsset } from '../../certs/serving/embedded-assets.ts';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { addCerts } from './certs.ts';
import { addDoctor } from './doctor.ts';
import { addExtender } from './extender.ts';
import { addForgive } from './forgive.ts';
import { addLeave } from './leave.ts';
import { addManifests } from './manifests.ts';
import { addPreview } from './preview.ts';
import { addSimulate } from './simulate.ts';
import { addStart } from './start.ts';
import { complain } from './terminal/print.ts';
import { sentenceOf } from './terminal/sentence.ts';
import { addWebhook } from './webhook.ts';
import { addWhy } from './why.ts';

/**
 * The one executable. A command's file has its flags; what it does is imported when it is called for: the webhook never
 * loads the Kubernetes client, which would cost it 30 MB.
 */

function surefoot(): Command {
  const command = new Command('surefoot')
    .description('Keeps device pods on their feet when hardware fails.')
    .version((JSON.parse(embeddedAsset('package.json')) as { version: string }).version)
    .showHelpAfterError('(see surefoot --help)')
    .exitOverride();
  addWebhook(command);
  addExtender(command);
  addCerts(command);
  addManifests(command);
  addPreview(command);
  addForgive(command);
  addWhy(command);
  addDoctor(command);
  addLeave(command);
  addStart(command);
  addSimulate(command);
  return command;
}

/** Runs one command line. Exit status: 0 done, 1 a failure, 2 a wrong call or configuration. */
async function main(): Promise<number> {
  try {
    await surefoot().parseAsync();
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
