import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OpenLoopOptions {
  readonly port: number;
  readonly path: string;
  readonly ca: Buffer;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** What the n-th request carries, and the name of its class. */
  readonly bodyOf: (n: number) => { readonly body: Buffer; readonly name: string };
}

/** Milliseconds of each answered request by class, sorted, and how many were not answered with 200. */
export interface OpenLoopResult {
  readonly latenciesMs: ReadonlyMap<string, readonly number[]>;
  readonly failed: number;
}

/** The API server keeps as many idle connections to a webhook. */
const POOLED = 25;

/**
 * Sends at a fixed rate whether or not answers come, and counts each from the moment when it was due:
 * a server that stalls is charged for all that it holds up.
 */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { port, path, ca, requestsPerSecond, seconds, bodyOf } = options;
  const agent = new Agent({ ca, keepAlive: true, maxFreeSockets: POOLED, servername: 'localhost' });
  const latenciesMs = new Map<string, number[]>();
  let failed = 0;
  const begun = performance.now();
  const answers: Promise<void>[] = [];
  for (let n = 0; n < requestsPerSecond * seconds; n += 1) {
    const dueMs = begun + (n * 1000) / requestsPerSecond;
    const wait = dueMs - performance.now();
    if (wait > 1) await sleep(wait);
    const { body, name } = bodyOf(n);
    answers.push(
      post({ port, path, agent }, body).then((status) => {
        if (status !== 200) failed += 1;
        const list = latenciesMs.get(name) ?? [];
        latenciesMs.set(name, list);
        list.push(performance.now() - dueMs);
      }),
    );
  }
  await Promise.all(answers);
  agent.destroy();
  for (const list of latenciesMs.values()) list.sort((a, b) => a - b);
  return { latenciesMs, failed };
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The middle one of values in any order. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function post(
  target: { readonly port: number; readonly path: string; readonly agent: Agent },
  body: Buffer,
): Promise<number> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const call = request({ host: '127.0.0.1', method: 'POST', headers, ...target }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', () => resolve(0));
    call.end(body);
  });
}
