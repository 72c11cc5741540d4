import { Agent as HttpAgent, type IncomingMessage, request as overHttp } from 'node:http';
import { Agent as HttpsAgent, request as overHttps, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiError } from './api-error.ts';

/** An answer with what the Kubernetes client drops. */
export interface RawResponse {
  readonly status: number;
  readonly text: string;
  /** What the API server says beside its answer, to people. */
  readonly warnings: readonly string[];
  /** When it says that it answered. */
  readonly date?: Date;
}

export interface RawBody {
  readonly body?: object;
  /** Default: JSON. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface RawOptions extends RawBody {
  /** How long the API server may be silent. */
  readonly silenceMs: number;
}

const TIME_LIMIT_MS = 10_000;
/** An object of etcd's 1.5 MiB, each byte of a text escaped in six (`\u003c`), and some room. */
const MOST_ANSWER_BYTES = 10 * 2 ** 20;
/** How long a connection is kept for the next request: undici's figure, well below what servers and balancers keep. */
const KEPT_MS = 4000;
const KEPT_HTTPS = new HttpsAgent({ keepAlive: true, timeout: KEPT_MS });
const KEPT_HTTP = new HttpAgent({ keepAlive: true, timeout: KEPT_MS });
/** A Warning header: code, agent, and quoted text (RFC 9111 gave it up; Kubernetes has not). */
const WARNING = /299 \S+ "((?:[^"\\]|\\.)*)"/g;

/** One request to the API server, in the name of the kubeconfig's user. Rejects when it is not answered. */
export async function rawRequest(
  config: KubeConfig,
  method: string,
  path: string,
  sent: RawBody = {},
): Promise<RawResponse> {
  const response = await rawResponse(config, method, path, { ...sent, silenceMs: TIME_LIMIT_MS });
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

/** The body of an answer. Rejects when it is cut off, and with `TooLarge` when it is over `mostBytes`. */
export async function wholeText(
  response: IncomingMessage,
  mostBytes = MOST_ANSWER_BYTES,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the answer, and its connection with it.
    if (bytes > mostBytes) throw new TooLarge(mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** An answer has more bytes than whoever asked would read. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';

  constructor(mostBytes: number) {
    super(
      `the answer of the API server is over ${mostBytes / 2 ** 20} MiB, the most that is read at once`,
    );
  }
}

/** An answer whose body is still to come. Rejects when there is none; what is cut off later fails the body. */
export async function rawResponse(
  config: KubeConfig,
  method: string,
  path: string,
  { body: sent, contentType = 'application/json', silenceMs, signal }: RawOptions,
): Promise<IncomingMessage> {
  const cluster = config.getCurrentCluster();
  const url = new URL(`${cluster?.server ?? ''}${path}`);
  const isPlain = url.protocol === 'http:';
  const text = sent === undefined ? undefined : JSON.stringify(sent);
  const options: RequestOptions = {
    method,
    timeout: silenceMs,
    headers: {
      'Content-Type': contentType,
      'User-Agent': 'surefoot',
      // Node leaves it out where a body is unusual, as with DELETE; the server takes that for the next request then.
      ...(text !== undefined && { 'Content-Length': Buffer.byteLength(text) }),
    },
    ...(signal !== undefined && { signal }),
  };
  await config.applyToHTTPSOptions(options);
  // The client's own agent makes a connection, and a TLS handshake of some milliseconds, for each request. Ours keeps
  // them apart by certificate, so that a rotated one is shown.
  if (cluster?.proxyUrl === undefined) options.agent = isPlain ? KEPT_HTTP : KEPT_HTTPS;
  const send = isPlain ? overHttp : overHttps;
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
    call.end(text);
  });
}

/** The answer to a GET, whose body is still to come; throws when it is a refusal. */
export async function accepted(
  config: KubeConfig,
  path: string,
  options: RawOptions,
): Promise<IncomingMessage> {
  const response = await rawResponse(config, 'GET', path, options);
  if (response.statusCode === 200) return response;
  throw refusal(response.statusCode, await wholeText(response));
}

/** An answer that is no success, as an error. */
export function refusal(status: number | undefined, text: string): ApiError {
  return new ApiError(status ?? 0, messageIn(text));
}

/** The API server says what is wrong in an object of kind Status; what stands before it says it as it likes. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch {
    return text;
  }
}

/** The API server has said nothing for too long. */
export class Silence extends Error {
  override readonly name = 'Silence';

  constructor(origin: string, silenceMs: number) {
    super(`${origin} does not answer within ${silenceMs / 1000} s`);
  }
}
