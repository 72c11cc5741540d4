import { isIP } from 'node:net';
import { type Command, Option } from 'commander';
import { runUntilSignal, WrongCall } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { REGISTRATION } from '../../webhook/words/installed-names.ts';
import { CONTEXT, KUBECONFIG } from './options.ts';
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
    .addOption(
      new Option('--force', 'with --tls-dir: replace what is there, and with it the CA').conflicts(
        'secret',
      ),
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
    .action(async ({ host: hosts, tlsDir, secret, server: servers, settle, force, ...options }) => {
      refuseOddHosts(hosts);
      if (tlsDir !== undefined) {
        const { makeOnce } = await import('./actions/make-certificates.ts');
        await makeOnce({ tlsDir, hosts, isForced: force === true });
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

/** Names of hosts, a `*` for one label among them (RFC 1123, RFC 6125), or addresses. */
const HOST = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

function refuseOddHosts(hosts: readonly string[]): void {
  for (const host of hosts) {
    if (isIP(host) > 0 || (host.length <= 253 && HOST.test(host))) continue;
    throw new WrongCall(
      `--host: ${JSON.stringify(host)} is no DNS name and no IP address; write what the API server dials, such as surefoot-webhook.surefoot-system.svc`,
    );
  }
}
