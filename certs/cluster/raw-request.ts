import { type IncomingMessage, request as overHttp } from 'node:http';
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

export interface RawOptions {
  readonly body?: object;
  /** How long the API server may be silent. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal;
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
  const response = await rawResponse(config, method, path, {
    silenceMs: TIME_LIMIT_MS,
    ...(body !== undefined && { body }),
  });
  const text = await wholeText(response);
  const date = new Date(response.headers.date ?? '');
  const said = [response.headers.warning ?? ''].flat().join(', ');
  return {
    status: response.statusCode ?? 0,
    text,
    warnings: [...said.matchAll(WARNING)].map(([, words = '']) => words.replace(/\\(.)/g, '$1')),
    ...(!Number.isNaN(date.getTime()) && { date }),
  };
}

/** The body of an answer. Rejects when it is cut off. */
export async function wholeText(response: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response)).toString();
}

/** An answer whose body is still to come. Rejects when there is none; what is cut off later fails the body. */
export async function rawResponse(
  config: KubeConfig,
  method: string,
  path: string,
  { body: sent, silenceMs, signal }: RawOptions,
): Promise<IncomingMessage> {
  const url = new URL(`${config.getCurrentCluster()?.server ?? ''}${path}`);
  const options = {
    method,
    timeout: silenceMs,
    headers: { 'Content-Type': 'application/json' },
    ...(signal !== undefined && { signal }),
  };
  await config.applyToHTTPSOptions(options);
  const send = url.protocol === 'http:' ? overHttp : overHttps;
  return new Promise((resolve, reject) => {
    let body: IncomingMessage | undefined;
    const call = send(url, options, (response) => {
      body = response;
      resolve(response);
    });
    call.once('timeout', () => {
      const silence = new Silence(url.origin, silenceMs);
      body?.destroy(silence);
      call.destroy(silence);
    });
    call.on('error', reject);
    call.end(sent === undefined ? undefined : JSON.stringify(sent));
  });
}

/** An answer that is no success, as an error with its `statusCode`. */
export function refusal(status: number | undefined, text: string): Error {
  return Object.assign(new Error(text), { statusCode: status });
}

/** The API server has said nothing for too long. */
export class Silence extends Error {
  override readonly name = 'Silence';

  constructor(origin: string, silenceMs: number) {
    super(`${origin} does not answer within ${silenceMs / 1000} s`);
  }
}
