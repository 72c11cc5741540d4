import { type Command, Option } from 'commander';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import type { OutputForm } from './terminal/list.ts';

/** Flags that several commands have. */

/** Endpoints and proxies take a few seconds to stop sending (kubernetes#127335). */
const DRAIN_SECONDS = 5;

/** How a command reaches a cluster. */
export const KUBECONFIG = new Option(
  '--kubeconfig <FILE>',
  'how to reach the API server (default: as kubectl does)',
);
export const CONTEXT = new Option('--context <NAME>', 'context of the kubeconfig');

export const SYSTEM_NAMESPACE = new Option(
  '--system-namespace <NAMESPACE>',
  'where Surefoot is installed',
).default('surefoot-system');

/** Adds how a command reaches the page of the extender. */
export function withPageOptions(command: Command): Command {
  return command
    .option(
      '--page <ADDR:PORT>',
      'where the page of the extender is (default: in the cluster, through the API server)',
    )
    .addOption(SYSTEM_NAMESPACE)
    .addOption(KUBECONFIG)
    .addOption(CONTEXT);
}

/** In which form a list is printed. */
export function outputOption(...forms: readonly OutputForm[]): Option {
  return new Option('-o, --output <FORM>', 'how to print it').choices(forms).default('table');
}

export function drainOption(): Option {
  return new Option('--drain <SECONDS>', 'how long to serve on after SIGTERM')
    .argParser(wholeSeconds)
    .default(DRAIN_SECONDS);
}

function wholeSeconds(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new WrongCall(`--drain: "${text}" is not a number of seconds; write one such as 5`);
}
