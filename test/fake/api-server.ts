import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';

interface FakeObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
}

/**
 * Lists and watches one kind of object over real HTTP, in Kubernetes' shapes, and misbehaves when
 * told to. It keeps no history: a watch sends what `send` is given while it is open.
 */
export class FakeApiServer {
  readonly #server: Server;
  #items: readonly FakeObject[] = [];
  #watches: ServerResponse[] = [];
  /** Status codes for the next requests, in order; 200 when none is left. */
  readonly failures: number[] = [];
  /** Every request as `list` or `watch FROM`. */
  readonly requests: string[] = [];
  /** Answers nothing at all, and keeps the connections open. */
  silent = false;
  /** Objects a page, at the most. */
  pageSize = 500;
  /** Ends streamed lists before their last word. */
  endsEarly = false;
  /** Streams lists, as Kubernetes does with its gate WatchList on; else it refuses to. */
  streams = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://fake');
      const isWatch = url.searchParams.get('watch') === 'true';
      if (url.searchParams.get('sendInitialEvents') === 'true' && !this.silent) {
        if (this.streams) this.#stream(response);
        else refuse(response, 422);
        return;
      }
      this.requests.push(isWatch ? `watch ${url.searchParams.get('resourceVersion')}` : 'list');
      if (this.silent) return;
      const status = this.failures.shift() ?? 200;
      if (status !== 200) {
        refuse(response, status);
      } else if (isWatch) {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.flushHeaders();
        this.#watches.push(response);
      } else {
        this.#list(url, response);
      }
    });
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => fake.stop());
    return fake;
  }

  kubeConfig(): KubeConfig {
    const config = new KubeConfig();
    const { port } = this.#server.address() as AddressInfo;
    config.loadFromClusterAndUser(
      { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'fake' },
    );
    return config;
  }

  /** What the next list shows. */
  holds(...items: readonly FakeObject[]): void {
    this.#items = items;
  }

  /** How many watches are open. */
  get open(): number {
    return this.#watches.length;
  }

  send(type: string, object: object): void {
    this.sendRaw(`${JSON.stringify({ type, object })}\n`);
  }

  sendRaw(text: string): void {
    for (const watch of this.#watches) watch.write(text);
  }

  /** Ends every watch, well or by cutting the connection. */
  endWatches({ cut = false } = {}): void {
    for (const watch of this.#watches) {
      if (cut) watch.destroy();
      else watch.end();
    }
    this.#watches = [];
  }

  #stream(response: ServerResponse): void {
    this.requests.push('stream');
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const send = (type: string, object: object) =>
      response.write(`${JSON.stringify({ type, object })}\n`);
    for (const object of this.#items) send('ADDED', object);
    if (this.endsEarly) {
      response.end();
      return;
    }
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    send('BOOKMARK', { metadata: { resourceVersion: '100', annotations } });
  }

  #list(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('continue') ?? 0);
    const size = Math.min(this.pageSize, Number(url.searchParams.get('limit')) || this.pageSize);
    const items = this.#items.slice(from, from + size);
    const next = from + size < this.#items.length ? String(from + size) : undefined;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify({
        kind: 'NodeList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '100', ...(next !== undefined && { continue: next }) },
        items,
      }),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function refuse(response: ServerResponse, code: number): void {
  response.writeHead(code, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', code, message: `told to answer ${code}` }));
}
