import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

/** An answer with what the Kubernetes client drops. */
export interface RawResponse {
  readonly status: number;
  readonly text: string;
  /** What the API server says beside its answer, to people. */
  readonly warnings: readonly string[];
  /** When it says that it answered. */
  readonly date?: Date;
}

const TIME_LIMIT_MS = 10_000;
/** A Warning header: code, agent, and quoted text (RFC 9111 gave it up; Kubernetes has not). */
const WARNING = /299 \S+ "((?:[^"\\]|\\.)*)"/g;

/** One request to the API server, in the name of the kubeconfig's user. Rejects when it is not answered. */
export async function rawRequest(
  config: KubeConfig,
  method: string,
  path: string,
  body?: object,
): Promise<RawResponse> {
  const url = new URL(`${config.getCurrentCluster()?.server ?? ''}${path}`);
  const options = {
    method,
    timeout: TIME_LIMIT_MS,
    headers: { 'Content-Type': 'application/json' },
  };
  await config.applyToHTTPSOptions(options);
  const send = url.protocol === 'http:' ? overHttp : overHttps;
  return new Promise((resolve, reject) => {
    const call = send(url, options, async (response) => {
      const chunks = await Array.fromAsync(response).catch(() => []);
      const date = new Date(response.headers.date ?? '');
      const said = [response.headers.warning ?? ''].flat().join(', ');
      resolve({
        status: response.statusCode ?? 0,
        text: Buffer.concat(chunks).toString(),
        warnings: [...said.matchAll(WARNING)].map(([, words = '']) =>
          words.replace(/\\(.)/g, '$1'),
        ),
        ...(!Number.isNaN(date.getTime()) && { date }),
      });
    });
    call.once('timeout', () => {
      call.destroy(new Error(`${url.origin} does not answer within ${TIME_LIMIT_MS / 1000} s`));
    });
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
