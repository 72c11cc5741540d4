import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { runningExtenders } from '../../doctor/extender-pods.ts';
import { withPageOf } from './page-client.ts';

export interface PageOptions extends ApiOptions {
  /** Where the extender's page is; absent: that of each extender of the cluster, through the API server. */
  readonly page?: string;
  /** Where Surefoot is installed. */
  readonly systemNamespace?: string;
}

export const SYSTEM_NAMESPACE = 'surefoot-system';

/** No extender runs where one was looked for. */
export class NoExtender extends Error {
  override name = 'NoExtender';
}

/** Asks the page of each extender, until one gives something. Throws NoExtender where none runs. */
export async function askPages<T>(
  options: PageOptions,
  ask: (page: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  const { page, systemNamespace = SYSTEM_NAMESPACE } = options;
  if (page !== undefined) return ask(page);
  const config = loadKubeConfig(options);
  const extenders = await runningExtenders(config, systemNamespace);
  if (extenders.length === 0) {
    throw new NoExtender(
      `no extender runs in ${systemNamespace} of ${config.getCurrentCluster()?.server}; say where Surefoot is with --system-namespace, or where its page is with --page ADDR:PORT (npm start: 127.0.0.1:9092)`,
    );
  }
  for (const extender of extenders) {
    const found = await withPageOf(config, systemNamespace, extender, ask);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a page answers at a path under `/api/`. An extender that does not know it yet has no such path. */
export async function answerAt<T extends object>(page: string, path: string): Promise<Partial<T>> {
  const url = `${addressOf(page)}/api/${path}`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new Error(
      `--page: nothing answers at ${page}; it is where "surefoot extender" or "npm start" shows its page, in a cluster behind kubectl port-forward`,
    );
  }
  const body = (await response.json().catch(() => ({}))) as Partial<T> & { error?: string };
  if (response.ok) return body;
  if (response.status === 404) {
    throw new Error(
      `the extender at ${page} is of an earlier version, which has no /api/${path.replace(/\?.*/, '')}; bring it to the version of this command`,
    );
  }
  throw new Error(body.error ?? `${url} answered ${response.status}`);
}

function addressOf(page: string): string {
  // A port alone is one of this machine; to URL.parse 9292 is the address 0.0.36.76.
  const address = page.replace(/^:?(\d+)$/, '127.0.0.1:$1');
  const url = URL.parse(address.includes('://') ? address : `http://${address}`);
  if (url === null) {
    throw new WrongCall(`--page: "${page}" is no address; write one such as 127.0.0.1:9092`);
  }
  return url.origin;
}
