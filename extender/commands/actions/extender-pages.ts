import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { parseJsonText } from '../../../certs/serving/json.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { counted } from '../../../webhook/words/counted.ts';
import { runningExtenders } from '../../doctor/extender-pods.ts';
import { complain } from '../terminal/print.ts';
import { NotForwarded, withPageOf } from './page-client.ts';

export interface PageOptions extends ApiOptions {
  /** Where the extender's page is; absent: that of each extender of the cluster, through the API server. */
  readonly page?: string;
  /** Where Surefoot is installed. */
  readonly systemNamespace?: string;
}

export const SYSTEM_NAMESPACE = 'surefoot-system';
/** The page of a fleet of 5,000 nodes is there within a second or two; a node that is lost never answers. */
const TIME_LIMIT_MS = 30_000;

/** No extender runs where one was looked for, or none that runs was reached. */
export class NoExtender extends Error {
  override name = 'NoExtender';
}

/** Nothing answers at the address of a page. */
class NothingAnswers extends Error {
  override name = 'NothingAnswers';
}

/**
 * Asks the page of each extender, until one gives something. One that is not reached is said on standard error; throws
 * NoExtender where none is.
 */
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
  const unreached: string[] = [];
  for (const extender of extenders) {
    try {
      const found = await withPageOf(config, systemNamespace, extender, ask);
      if (found !== undefined) return found;
    } catch (error) {
      unreached.push(whyUnreached(error, `${systemNamespace}/${extender}`));
    }
  }
  if (unreached.length === extenders.length) throw new NoExtender(unreached.join('; '));
  if (unreached.length > 0) {
    complain(`this is without ${counted(unreached.length, 'extender')}: ${unreached.join('; ')}`);
  }
  return undefined;
}

/** Why a pod was not reached. Throws what else has gone wrong. */
function whyUnreached(error: unknown, pod: string): string {
  if (error instanceof NotForwarded) return error.message;
  if (!(error instanceof NothingAnswers)) throw error;
  const logs = `kubectl logs -n ${pod.replace('/', ' ')}`;
  return `the page of ${pod} does not answer; ${logs} may say why`;
}

/** What a page answers at a path under `/api/`. An extender that does not know it yet has no such path. */
export async function answerAt<T extends object>(page: string, path: string): Promise<Partial<T>> {
  const url = `${addressOf(page)}/api/${path}`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
  } catch {
    throw new NothingAnswers(
      `--page: nothing answers at ${page}; it is where "surefoot extender" or "npm start" shows its page, in a cluster behind kubectl port-forward`,
    );
  }
  const text = await response.text().catch(() => '');
  const body = objectIn<Partial<T> & { error?: string }>(text);
  if (response.ok && body !== undefined) return body;
  if (response.ok) {
    throw new Error(
      `what ${url} answered is cut off or no JSON; an extender's page is at 127.0.0.1:9092 of its pod`,
    );
  }
  if (response.status === 404) {
    throw new Error(
      `the extender at ${page} is of an earlier version, which has no /api/${path.replace(/\?.*/, '')}; bring it to the version of this command`,
    );
  }
  throw new Error(body?.error ?? `${url} answered ${response.status}`);
}

function objectIn<T extends object>(text: string): T | undefined {
  const value = parseJsonText(text);
  return typeof value === 'object' && value !== null ? (value as T) : undefined;
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
