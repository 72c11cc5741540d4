import { Argument, type Command, Option } from 'commander';

export function addManifests(program: Command): void {
  program
    .command('manifests')
    .description(
      "print what Surefoot makes itself: the registration, policies without a server, the kind of its history, the scheduler's file",
    )
    .addArgument(
      new Argument('<what>', 'which').choices(['webhook', 'policy', 'devicehistory', 'scheduler']),
    )
    .option('--config <DIR>', 'directory with profiles.yaml, for webhook, policy and scheduler')
    .option(
      '--service <NAMESPACE/NAME>',
      'Service of the webhook',
      'surefoot-system/surefoot-webhook',
    )
    .option('--url <URL>', 'instead of a Service: where the webhook is')
    .option('--ca-file <FILE>', 'CA of its certificate, PEM (default: left out)')
    .addOption(
      new Option('--reach <HOW>', 'of scheduler: how it reaches the extender')
        .choices(['loopback', 'https'])
        .default('loopback'),
    )
    .option(
      '--resource <NAME>',
      'of scheduler: one more resource whose pods are scored, by its exact name; may be given several times',
      (name: string, before: readonly string[]) => [...before, name],
      [] as readonly string[],
    )
    .option(
      '--every-pod',
      'of scheduler: ask for every pod, also those that ask by resource claims',
    )
    .action(async (what, options) => {
      const { manifestText } = await import('./actions/manifests.ts');
      process.stdout.write(await manifestText(what, options));
    });
}
