import type { Command } from 'commander';
import { runUntilSignal } from '../../certs/serving/lifecycle.ts';
import { programLog } from '../../certs/serving/program-log.ts';
import { CONTEXT, KUBECONFIG } from './options.ts';

export function addRelease(program: Command): void {
  program
    .command('release')
    .description('evict pods that sit on a broken device, where release.yaml says act')
    .requiredOption('--config <DIR>', 'directory with profiles.yaml and extender.yaml')
    .requiredOption('--rules <DIR>', 'directory with release.yaml')
    .addOption(KUBECONFIG)
    .addOption(CONTEXT)
    .option('--admin <ADDR:PORT>', 'where /livez, /readyz and /metrics are served', ':9094')
    .action(async (options) => {
      const { startRelease } = await import('../wiring/release.ts');
      await runUntilSignal(() => startRelease(options), programLog('release'));
    });
}
