import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { runningExtenders } from '../../doctor/extender-pods.ts';
import { complain, print } from '../terminal/print.ts';
import { NoExtender, type PageOptions, SYSTEM_NAMESPACE } from './extender-pages.ts';
import { withPageOf } from './page-client.ts';

export interface OpenPageOptions extends PageOptions {
  /** Port on this machine; 0: any that is free. */
  readonly port: number;
  /** Whether a browser is opened. */
  readonly browser: boolean;
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'open',
  win32: 'explorer',
};

/** Brings the page of an extender to this machine until the command is interrupted. */
export async function page(options: OpenPageOptions): Promise<void> {
  const { systemNamespace = SYSTEM_NAMESPACE, port, browser } = options;
  const config = loadKubeConfig(options);
  const [extender] = await runningExtenders(config, systemNamespace);
  if (extender === undefined) {
    throw new NoExtender(
      `no extender runs in ${systemNamespace}; say where Surefoot is with --system-namespace, or see what it looks like with surefoot start`,
    );
  }
  await withPageOf(
    config,
    systemNamespace,
    extender,
    async (address) => {
      const url = `http://${address}`;
      print(url);
      complain('Ctrl-C ends it');
      if (browser) open(url);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    },
    port,
  );
}

/** A machine without a browser is none to complain about: the address is printed. */
function open(url: string): void {
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
