#!/usr/bin/env node
import { constants } from 'node:os';
import { Argument, Command, CommanderError, Option } from 'commander';
import { pino } from 'pino';
import { embeddedAsset } from '../../certs/serving/embedded-assets.ts';
import { runUntilSignal, WrongCall } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { REGISTRATION } from '../../webhook/words/installed-names.ts';
import { complain, print } from './terminal/print.ts';
import { wholeNumber } from './terminal/whole-number.ts';

/**
 * The one executable. Each program is imported when it is called for: the webhook never loads the
 * Kubernetes client, which would cost it 30 MB.
 */

/** Endpoints and proxies take a few seconds to stop sending (kubernetes#127335). */
const DRAIN_SECONDS = 5;

/** How a command reaches a cluster. */
const KUBECONFIG = new Option(
  '--kubeconfig <FILE>',
  'how to reach the API server (default: as kubectl does)',
);
const CONTEXT = new Option('--context <NAME>', 'context of the kubeconfig');

function surefoot(): Command {
  const command = new Command('surefoot')
    .description('Keeps device pods on their feet when hardware fails.')
    .version((JSON.parse(embeddedAsset('package.json')) as { version: string }).version)
    .showHelpAfterError('(see surefoot --help)')
    .exitOverride();

  command
    .command('webhook')
    .description('serve the mutating admission webhook over HTTPS')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml and webhook.yaml')
    .requiredOption('--tls-dir <DIR>', 'directory with tls.crt and tls.key')
    .option('--listen <ADDR:PORT>', 'where AdmissionReviews arrive', ':9443')
    .option('--admin <ADDR:PORT>', 'where /livez, /readyz and /metrics are served', ':9080')
    .option('--client-ca <FILE>', "CA of the API server's client certificate: let in nobody else")
    .option('--client-name <NAME>', 'common name in it (default: any that the CA has signed for)')
    .option('--drain <SECONDS>', 'how long to serve on after SIGTERM', wholeSeconds, DRAIN_SECONDS)
    .action(async ({ drain, ...options }) => {
      const { startWebhook } = await import('../../webhook/main.ts');
      await runUntilSignal(
        () => startWebhook({ ...options, drainSeconds: drain }),
        programLog('webhook'),
      );
    });

  command
    .command('extender')
    .description('serve the scheduler extender, and remember what happens to devices')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml and extender.yaml')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .option('--listen <ADDR:PORT>', 'where the scheduler asks', '127.0.0.1:9090')
    .option('--tls-dir <DIR>', 'directory with tls.crt and tls.key: be asked over HTTPS')
    .option('--client-ca <FILE>', "CA of the scheduler's client certificate: let in nobody else")
    .option('--client-name <NAME>', 'common name in it (default: system:kube-scheduler)')
    .option('--admin <ADDR:PORT>', 'where /livez, /readyz and /metrics are served', ':9091')
    .option('--page <ADDR:PORT>', 'where people look; keep it on loopback', '127.0.0.1:9092')
    .addOption(
      new Option(
        '--history <WHERE>',
        'where history is kept: DeviceHistory objects, or nowhere else',
      )
        .choices(['cluster', 'memory'])
        .default('cluster'),
    )
    .option('--drain <SECONDS>', 'how long to serve on after SIGTERM', wholeSeconds, DRAIN_SECONDS)
    .action(async ({ drain, ...options }) => {
      const { startExtender } = await import('../main.ts');
      await runUntilSignal(
        () => startExtender({ ...options, drainSeconds: drain }),
        programLog('extender'),
      );
    });

  command
    .command('certs')
    .description(
      'keep a CA and the serving pair of the webhook in a Secret, renewed in time; or make them once',
    )
    .requiredOption('--host <NAME...>', 'DNS names and IP addresses that the API server dials')
    .addOption(
      new Option('--tls-dir <DIR>', 'make ca.crt, tls.crt and tls.key there, and end').conflicts([
        'secret',
        'server',
      ]),
    )
    .option('--secret <NAMESPACE/NAME>', 'Secret to keep them in')
    .option(
      '--server <HOST:PORT...>',
      'who serves the pair: an old CA goes once they all show the new one',
      [],
    )
    .option('--webhook <NAME>', 'webhook configuration that gets the caBundle', REGISTRATION)
    .option(
      '--authority-days <N>',
      'how long a CA is valid; renewed with a third left',
      wholeNumber('--authority-days', 1, 3650),
      365,
    )
    .option(
      '--pair-days <N>',
      'how long a serving pair is valid; renewed with a third left',
      wholeNumber('--pair-days', 1, 365),
      90,
    )
    .option(
      '--settle <SECONDS>',
      'how long a new CA is published before it is used',
      wholeNumber('--settle', 0, 3600),
      10,
    )
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .option('--admin <ADDR:PORT>', 'where /livez, /readyz and /metrics are served', ':9080')
    .action(async ({ host: hosts, tlsDir, secret, server: servers, settle, ...options }) => {
      if (tlsDir !== undefined) {
        const { makeCertificates } = await import('../../certs/files.ts');
        const caBundle = await makeCertificates({ tlsDir, hosts, now: new Date() });
        complain(`made ca.crt, tls.crt and tls.key in ${tlsDir}; the caBundle of the webhook:`);
        print(caBundle);
        return;
      }
      if (secret === undefined) {
        throw new WrongCall(
          'surefoot certs: say where: --secret NAMESPACE/NAME to keep and renew them in a cluster, or --tls-dir DIR to make them once',
        );
      }
      const { startCerts } = await import('../../certs/main.ts');
      await runUntilSignal(
        () => startCerts({ ...options, hosts, secret, servers, settleSeconds: settle }),
        programLog('certs'),
      );
    });

  command
    .command('manifests')
    .description(
      'print what Surefoot makes itself: the registration, policies without a server, the kind of its history',
    )
    .addArgument(new Argument('<what>', 'which').choices(['webhook', 'policy', 'devicehistory']))
    .option('--config <DIR>', 'directory with profiles.yaml, for webhook and policy')
    .option(
      '--service <NAMESPACE/NAME>',
      'Service of the webhook',
      'surefoot-system/surefoot-webhook',
    )
    .option('--url <URL>', 'instead of a Service: where the webhook is')
    .option('--ca-file <FILE>', 'CA of its certificate, PEM (default: left out)')
    .action(async (what, options) => {
      const { manifestText } = await import('./manifests.ts');
      process.stdout.write(await manifestText(what, options));
    });

  command
    .command('preview')
    .description('show what the webhook would change in a manifest; no cluster needed')
    .requiredOption('-f, --filename <FILE>', 'manifest, or - for standard input')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml')
    .addHelpText('after', '\nExit status: 0 nothing would change, 1 something would, 2 an error.')
    .action(async (options) => {
      const { preview } = await import('./preview.ts');
      if (await preview(options)) process.exitCode = 1;
    });

  command
    .command('forgive')
    .description('take what a node has in its history for settled, such as after a repair')
    .argument('<NODE>', 'name of the node')
    .requiredOption('--reason <TEXT>', 'why; it stays with the incidents')
    .option('--device <UUID>', 'one device only')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText(
      'after',
      '\nIt writes the annotation surefoot.dev/forgive on the DeviceHistory, so you need the right to patch those.',
    )
    .action(async (node, options) => {
      const { forgive } = await import('./forgive.ts');
      await forgive(node, options);
    });

  command
    .command('why')
    .description('why a pod is where it is: what each node was forecast to cost it')
    .argument('<POD>', 'name of the pod')
    .option('-n, --namespace <NAMESPACE>', 'its namespace', 'default')
    .option(
      '--page <ADDR:PORT>',
      'where the page of the extender is (default: in the cluster, through the API server)',
    )
    .option('--system-namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it; wide: every node that is remembered')
        .choices(['table', 'wide', 'json', 'yaml'])
        .default('table'),
    )
    .action(async (pod, options) => {
      const { why } = await import('./why.ts');
      print(await why(pod, options));
    });

  command
    .command('doctor')
    .description('look at a live cluster for what keeps Surefoot from its work, each with the fix')
    .option('-n, --namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .option('--extender-admin <ADDR:PORT>', 'of the extender (default: through the API server)')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText(
      'after',
      '\nExit status: 0 well, warnings or not; 1 an error was found; 2 a wrong call.',
    )
    .action(async (options) => {
      const { doctor } = await import('./doctor.ts');
      const { text, isWell } = await doctor(options);
      print(text);
      if (!isWell) process.exitCode = 1;
    });

  command
    .command('leave')
    .description(
      'before uninstalling: no pod comes to us any more, none is left waiting, no node is marked',
    )
    .option('-n, --namespace <NAMESPACE>', 'where Surefoot is installed', 'surefoot-system')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option(
      '--patience <SECONDS>',
      'how long pods that wait for our scheduler may take',
      wholeNumber('--patience', 0, 86_400),
      60,
    )
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .addHelpText(
      'after',
      '\nExit status: 0 our objects can be deleted; 1 something would be left waiting; 2 a wrong call.',
    )
    .action(async (options) => {
      const { leave } = await import('./leave.ts');
      if (!(await leave(options))) process.exitCode = 1;
    });

  command
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
      const { startAll } = await import('./start.ts');
      await runUntilSignal(() => startAll(options), pino({ level: 'silent' }));
    });

  command
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
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (options) => {
      const { simulate } = await import('./simulate.ts');
      await simulate(options);
    });

  return command;
}

function wholeSeconds(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new WrongCall(`--drain: "${text}" is not a number of seconds; write one such as 5`);
}

/** Runs one command line. Exit status: 0 done, 1 a failure, 2 a wrong call or configuration. */
async function main(): Promise<number> {
  try {
    await surefoot().parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    complain(error instanceof Error ? error.message : String(error));
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
