import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that may be called once it says that it is ready. */
export interface Endpoint {
  readonly port: number;
  readonly adminPort: number;
}

/** How often readiness is looked at, as a kubelet does, and how long the news takes to every node. */
const LOOK_MS = 500;
const NEWS_MS = 1000;

/**
 * Stands in for a Service and its kube-proxy: each new connection goes to one of the endpoints that were ready a
 * moment ago, drawn by lot; connections that are open stay where they are.
 */
export class ServiceStandIn {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stopped = new AbortController();
  endpoints: readonly Endpoint[] = [];
  #ready: readonly Endpoint[] = [];
  readonly #looking: Promise<void>;

  constructor(port: number) {
    this.#server = createServer((socket) => this.#forward(socket)).listen(port, '127.0.0.1');
    this.#looking = this.#look();
  }

  get ready(): readonly Endpoint[] {
    return this.#ready;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const ready = await Promise.all(
        this.endpoints.map(async (endpoint) => ((await isReady(endpoint)) ? [endpoint] : [])),
      );
      await sleep(NEWS_MS, undefined, { signal }).catch(() => {});
      this.#ready = ready.flat();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  #forward(socket: Socket): void {
    const endpoint = this.#ready[Math.floor(Math.random() * this.#ready.length)];
    if (endpoint === undefined) {
      socket.destroy();
      return;
    }
    const server = connect(endpoint.port, '127.0.0.1');
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.once('error', () => other.destroy());
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

async function isReady({ adminPort }: Endpoint): Promise<boolean> {
  return fetch(`http://127.0.0.1:${adminPort}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
