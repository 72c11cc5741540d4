import { Argument, type Command } from 'commander';

export function addManifests(program: Command): void {
  program
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
      const { manifestText } = await import('./actions/manifests.ts');
      process.stdout.write(await manifestText(what, options));
    });
}
