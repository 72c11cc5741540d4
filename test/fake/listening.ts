import type { RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import { RunningServer } from '../../certs/serving/http.ts';

/** Serves a handler on a free port of loopback until the test ends; gives its address. */
export async function listening(listener: RequestListener): Promise<string> {
  const server = await RunningServer.http({ host: '127.0.0.1', port: 0 }, listener);
  onTestFinished(() => server.stop(0));
  return `http://127.0.0.1:${server.port}`;
}

/** Posts JSON, or whatever text is given, as the API server and the scheduler do. */
export function postJson(url: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
}
