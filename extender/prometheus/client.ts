import { readFile } from 'node:fs/promises';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { z } from 'zod';
import { TooLarge, wholeText } from '../../certs/cluster/raw-request.ts';
import { parseJsonText } from '../../certs/serving/json.ts';
import { printable } from '../../certs/serving/printable.ts';
import type { Sample } from './samples.ts';
import type { PrometheusSettings } from './settings.ts';

const TIME_LIMIT_MS = 10_000;
/** Prometheus gives up before we do, and says so. */
const QUERY_LIMIT_SECONDS = 8;
const MOST_ANSWER_BYTES = 4 * 2 ** 20;
/** More bad devices than any fleet has. */
const MOST_SERIES = 10_000;
const LONGEST_COMPLAINT = 200;

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      }),
    ),
  }),
});
const complaintSchema = z.object({ status: z.literal('error'), error: z.string() });

/** Prometheus gave no answer that can be used; the message is a sentence. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** Whether there is nobody to ask anything else. */
  readonly isAway: boolean;

  constructor(message: string, isAway: boolean) {
    super(message);
    this.isAway = isAway;
  }
}

/** Asks a Prometheus for an instant vector, until `ending`. Rejects with NoAnswer. */
export async function askPrometheus(
  settings: PrometheusSettings,
  query: string,
  ending: AbortSignal,
): Promise<readonly Sample[]> {
  const { status, text } = await post(settings, query, ending);
  const answer = parseJsonText(text);
  const complaint = complaintSchema.safeParse(answer);
  if (complaint.success) {
    const why = printable(complaint.data.error.slice(0, LONGEST_COMPLAINT));
    throw new NoAnswer(`Prometheus does not answer its query (${why})`, false);
  }
  const vector = answerSchema.safeParse(answer);
  if (status === 401 || status === 403) {
    const how =
      settings.tokenFile === undefined ? 'name a prometheus.tokenFile' : 'check its rights';
    throw new NoAnswer(`Prometheus at ${settings.url} refuses us (${status}); ${how}`, true);
  }
  if (status >= 500) {
    throw new NoAnswer(`Prometheus at ${settings.url} cannot answer now (${status})`, true);
  }
  if (!vector.success) {
    throw new NoAnswer(
      `what answers at ${settings.url} (status ${status}) is not the API of a Prometheus; check prometheus.url`,
      true,
    );
  }
  const { result } = vector.data.data;
  if (result.length > MOST_SERIES) {
    throw new NoAnswer(
      `its query has more than ${MOST_SERIES} series; none of them is believed`,
      false,
    );
  }
  return result.map(({ metric, value }) => ({ labels: metric, value: value[1] }));
}

async function post(
  { url, caFile, tokenFile }: PrometheusSettings,
  query: string,
  ending: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const body = new URLSearchParams({
    query,
    timeout: `${QUERY_LIMIT_SECONDS}s`,
    limit: String(MOST_SERIES + 1),
  }).toString();
  const token = tokenFile === undefined ? undefined : await textOf('tokenFile', tokenFile);
  const ca = caFile === undefined ? undefined : await textOf('caFile', caFile);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const ask = url.startsWith('https:') ? overHttps : overHttp;
    ask(`${url}/api/v1/query`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': Buffer.byteLength(body),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      minVersion: 'TLSv1.3',
      ...(ca !== undefined && { ca }),
      signal: AbortSignal.any([ending, AbortSignal.timeout(TIME_LIMIT_MS)]),
    })
      .once('response', (response) => {
        wholeText(response, MOST_ANSWER_BYTES).then(
          (text) => resolve({ status: response.statusCode ?? 0, text }),
          reject,
        );
      })
      .on('error', reject)
      // Nobody asked for another protocol.
      .once('upgrade', (response, socket) => {
        socket.destroy();
        reject(new Error(`status ${response.statusCode}`));
      })
      .end(body);
    return await promise;
  } catch (error) {
    if (error instanceof TooLarge) {
      const most = `${MOST_ANSWER_BYTES / 2 ** 20} MiB`;
      throw new NoAnswer(`the answer to its query is over ${most}; none of it is read`, false);
    }
    const { code, name, message } = error as NodeJS.ErrnoException;
    const why =
      name === 'AbortError' || name === 'TimeoutError' ? 'silent for 10 s' : (code ?? message);
    throw new NoAnswer(`Prometheus at ${url} does not answer (${why}); check prometheus.url`, true);
  }
}

async function textOf(field: string, path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new NoAnswer(`prometheus.${field} names ${path}, which cannot be read (${code})`, true);
  }
}
