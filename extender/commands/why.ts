import { type Command, Option } from 'commander';
import { withPageOptions } from './options.ts';
import { print } from './terminal/print.ts';

export function addWhy(program: Command): void {
  withPageOptions(program.command('why'))
    .description('why a pod is where it is: what each node was forecast to cost it')
    .argument('<POD>', 'name of the pod, or NAMESPACE/POD as the page prints it')
    .option('-n, --namespace <NAMESPACE>', "its namespace (default: the kubeconfig context's)")
    .addOption(
      new Option('-o, --output <FORM>', 'how to print it; wide: every node that is remembered')
        .choices(['table', 'wide', 'json', 'yaml'])
        .default('table'),
    )
    .action(async (pod, options) => {
      const { why } = await import('./actions/why.ts');
      print(await why(pod, options));
    });
}
