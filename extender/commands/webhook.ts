import { type Command, Option } from 'commander';
import { runUntilSignal } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { drainOption } from './options.ts';

export function addWebhook(program: Command): void {
  program
    .command('webhook')
    .description('serve the mutating admission webhook over HTTPS')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml and webhook.yaml')
    .requiredOption('--tls-dir <DIR>', 'directory with tls.crt and tls.key')
    .option('--listen <ADDR:PORT>', 'where AdmissionReviews arrive', ':9443')
    .option('--admin <ADDR:PORT>', 'where /livez, /readyz and /metrics are served', ':9080')
    .option('--client-ca <FILE>', "CA of the API server's client certificate: let in nobody else")
    .option('--client-name <NAME>', 'common name in it (default: any that the CA has signed for)')
    .addOption(
      new Option(
        '--lifter <URL>',
        'where the extenders say whether they can lift scheduling gates',
      ).env('SUREFOOT_LIFTER'),
    )
    .option('--lifter-ca <FILE>', 'CA of their certificate (default: ca.crt in --tls-dir)')
    .addOption(drainOption())
    .action(async ({ drain, ...options }) => {
      const { startWebhook } = await import('../../webhook/main.ts');
      await runUntilSignal(
        () => startWebhook({ ...options, drainSeconds: drain }),
        programLog('webhook'),
      );
    });
}
