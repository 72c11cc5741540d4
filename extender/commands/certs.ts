import { type Command, Option } from 'commander';
import { runUntilSignal, WrongCall } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { REGISTRATION } from '../../webhook/words/installed-names.ts';
import { CONTEXT, KUBECONFIG } from './options.ts';
import { complain, print } from './terminal/print.ts';
import { wholeNumber } from './terminal/whole-number.ts';

export function addCerts(program: Command): void {
  program
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
        const { makeCertificates } = await import('../../certs/make-once.ts');
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
}
