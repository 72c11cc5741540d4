import { type Command, Option } from 'commander';
import { runUntilSignal } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { CONTEXT, drainOption, KUBECONFIG } from './options.ts';

export function addExtender(program: Command): void {
  program
    .command('extender')
    .description('serve the scheduler extender, and remember what happens to devices')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml and extender.yaml')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .option('--listen <ADDR:PORT>', 'where the scheduler asks', '127.0.0.1:9090')
    .option('--tls-dir <DIR>', 'directory with tls.crt and tls.key: be asked over HTTPS')
    .option('--client-ca <FILE>', "CA of the scheduler's client certificate: let in nobody else")
    .option('--client-name <NAME>', 'common name in it (default: system:kube-scheduler)')
    // By environment, too: a component of the manifests can add a variable without knowing the other flags.
    .addOption(
      new Option(
        '--gates <ADDR:PORT>',
        'where the webhook asks whether scheduling gates can be lifted',
      ).env('SUREFOOT_GATES'),
    )
    .addOption(
      new Option('--gates-tls-dir <DIR>', 'directory with tls.crt and tls.key for that').env(
        'SUREFOOT_GATES_TLS_DIR',
      ),
    )
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
    .addOption(drainOption())
    .action(async ({ drain, ...options }) => {
      const { startExtender } = await import('../main.ts');
      await runUntilSignal(
        () => startExtender({ ...options, drainSeconds: drain }),
        programLog('extender'),
      );
    });
}
