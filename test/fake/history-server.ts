import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';

interface StoredLease {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity?: string };
}

/** An API server over HTTP that serves one lease, and a list of no DeviceHistories that may fail. */
export class HistoryServer {
  readonly #server: Server;
  /** How many lists were asked for. */
  lists = 0;
  /** Status codes for the next lists, in order; 200 when none is left. */
  readonly listFailures: number[] = [];
  lease: StoredLease | undefined;
  #version = 1;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '', 'http://fake');
      if (url.pathname.includes('/leases')) {
        this.#answerLease(request.method === 'GET' ? undefined : await json(request), response);
      } else if (url.searchParams.get('sendInitialEvents') === 'true') {
        send(response, 422, failure(422));
      } else if (url.searchParams.get('watch') === 'true') {
        response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
      } else {
        this.lists += 1;
        const status = this.listFailures.shift() ?? 200;
        const list = { kind: 'DeviceHistoryList', metadata: { resourceVersion: '1' }, items: [] };
        send(response, status, status === 200 ? list : failure(status));
      }
    });
  }

  static async start(): Promise<HistoryServer> {
    const fake = new HistoryServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => fake.stop());
    return fake;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  kubeConfig(): KubeConfig {
    const config = new KubeConfig();
    const { port } = this.#server.address() as AddressInfo;
    const cluster = { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'us' });
    return config;
  }

  #answerLease(written: unknown, response: ServerResponse): void {
    if (written !== undefined) {
      this.#version += 1;
      const lease = written as StoredLease;
      const metadata = { ...lease.metadata, resourceVersion: String(this.#version) };
      this.lease = { ...lease, metadata };
    }
    send(response, this.lease === undefined ? 404 : 200, this.lease ?? failure(404));
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function failure(code: number): object {
  return { kind: 'Status', code, message: `told to answer ${code}` };
}
