import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { Bed } from './bed.ts';

export interface RawAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API server answers; tests pick from it
  readonly body: any;
  /** The Warning headers, which the client drops. */
  readonly warnings: string;
}

/** Requests to the API server as they stand, in the admin's name, over connections that are kept. */
export class RawClient {
  readonly #server: string;
  readonly #agent: Agent;

  private constructor(server: string, ca: Buffer, maxSockets: number) {
    this.#server = server;
    this.#agent = new Agent({ ca, keepAlive: true, maxSockets });
  }

  static async for(
    bed: Pick<Bed, 'admin' | 'directory'>,
    { connections = 16 } = {},
  ): Promise<RawClient> {
    const { server = '' } = bed.admin.getCurrentCluster() ?? {};
    return new RawClient(server, await readFile(join(bed.directory, 'ca.crt')), connections);
  }

  /** Creates an object of a namespace: `pods` or `jobs`. `dryRun` goes through all of admission. */
  create(
    resource: 'pods' | 'jobs',
    namespace: string,
    object: object,
    { dryRun = false } = {},
  ): Promise<RawAnswer> {
    const isPod = resource === 'pods';
    const group = isPod ? 'api/v1' : 'apis/batch/v1';
    const kind = isPod ? 'Pod' : 'Job';
    const apiVersion = isPod ? 'v1' : 'batch/v1';
    const query = dryRun ? '?dryRun=All' : '';
    return this.send('POST', `/${group}/namespaces/${namespace}/${resource}${query}`, {
      apiVersion,
      kind,
      ...object,
    });
  }

  /** What the API server counts, in Prometheus' text format. */
  async metrics(): Promise<string> {
    return (await this.sendText('GET', '/metrics')).text;
  }

  /** `user`: in whose name; default: the admin's. */
  async send(
    method: string,
    path: string,
    body?: object,
    contentType?: string,
    user?: string,
  ): Promise<RawAnswer> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const { text, ...rest } = await this.sendText(method, path, sent, contentType, user);
    return { ...rest, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** A list as `kubectl get` asks for it: column names, and the cells of each row. */
  async table(path: string): Promise<{ columns: readonly string[]; rows: readonly unknown[][] }> {
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const { text } = await this.sendText('GET', path, undefined, undefined, undefined, accept);
    const { columnDefinitions, rows } = JSON.parse(text);
    return {
      columns: columnDefinitions.map(({ name }: { name: string }) => name),
      rows: rows.map(({ cells }: { cells: unknown[] }) => cells),
    };
  }

  /** As `send`, with bodies as they stand on the wire. */
  sendText(
    method: string,
    path: string,
    body?: string,
    contentType = 'application/json',
    user?: string,
    accept = 'application/json',
  ): Promise<{ status: number; text: string; warnings: string }> {
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#server}${path}`,
        {
          method,
          agent: this.#agent,
          headers: {
            Authorization: 'Bearer admin-token',
            'Content-Type': contentType,
            Accept: accept,
            ...(user !== undefined && { 'Impersonate-User': user }),
          },
        },
        async (response) => {
          const text = Buffer.concat(await Array.fromAsync(response)).toString();
          resolve({
            status: response.statusCode ?? 0,
            text,
            warnings: String(response.headers.warning ?? ''),
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }
}
