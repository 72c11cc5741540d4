import type {
  Server as HttpServer,
  RequestListener,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { type Address, hostPort } from './address.ts';
import { Callers, Connections } from './connections.ts';
import type { LastGood } from './last-good.ts';
import { WrongCall } from './lifecycle.ts';
import type { PairFiles, ServingPair } from './serving-pair.ts';

/**
 * The API server and the scheduler keep idle connections for 90 s and do not repeat a POST that
 * dies on one (Go's net/http), so ours must outlive theirs; Node's default is 5 s.
 */
const KEEP_ALIVE_MS = 120_000;
/** Of those that have not shown themselves to be whom the server is for. */
const STRANGERS_KEEP_ALIVE_MS = 5000;
/** A client that dribbles its request is cut; the webhook's own time-out is 2 s. */
const REQUEST_TIMEOUT_MS = 4000;
const HEADERS_TIMEOUT_MS = 3000;
/** How often Node looks for such clients; its default of 30 s would be the real time-out. */
const CONNECTION_CHECK_MS = 1000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Whoever does not take an answer for so long is cut: until it is taken, the request counts as under way. */
const ANSWER_TIMEOUT_MS = 5000;

/**
 * The API server keeps its connections for good, and a Service balances connections, not requests: each is told
 * to close after so many, or what one replica got first it keeps. A handshake in a thousand costs nothing.
 */
export const MOST_REQUESTS_A_CONNECTION = 1000;

const LIMITS: ServerOptions = {
  keepAliveTimeout: STRANGERS_KEEP_ALIVE_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTION_CHECK_MS,
};

/** Who is let in, of those with a certificate of the right CA, and what to do with others. */
export interface Certified {
  /** Common name; absent: any. */
  readonly name?: string;
  readonly onStranger: (name: string) => void;
}

/** A server of ours: listening, and stoppable without losing a request. */
export class RunningServer {
  readonly #server: HttpServer;
  readonly #callers: Callers;
  readonly #connections: Connections;
  #draining = false;

  private constructor(server: HttpServer, callers: Callers) {
    this.#server = server;
    this.#callers = callers;
    this.#connections = new Connections(server, callers);
  }

  /** Listens in the clear; for loopback and for probes. */
  static async http(
    address: Address,
    listener: RequestListener,
    callers = new Callers(),
  ): Promise<RunningServer> {
    const running = new RunningServer(createHttpServer(LIMITS), callers);
    return running.#listen(address, listener);
  }

  /** Listens with TLS 1.3 and the pair that is in force at each handshake; for these callers only, where given. */
  static async https(
    address: Address,
    pair: LastGood<PairFiles, ServingPair>,
    listener: RequestListener,
    certified?: Certified,
    callers = new Callers(),
  ): Promise<RunningServer> {
    const server = createHttpsServer({
      ...LIMITS,
      ...secureContext(pair.value),
      ...(certified !== undefined && { requestCert: true, rejectUnauthorized: true }),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    if (certified !== undefined) {
      server.on('secureConnection', (socket) => onlyFor(certified, socket));
    }
    server.maxRequestsPerSocket = MOST_REQUESTS_A_CONNECTION;
    server.on('request', ({ socket }, response) => cutUntaken(socket, response));
    return new RunningServer(server, callers).#listen(address, listener);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New handshakes use this pair; open connections keep theirs. */
  usePair(pair: ServingPair): void {
    if ('setSecureContext' in this.#server) {
      (this.#server as ReturnType<typeof createHttpsServer>).setSecureContext(secureContext(pair));
    }
  }

  /**
   * Serves on for `drainSeconds` while telling each client to close its connection, then closes.
   * Closing at once loses what is in flight: readiness takes seconds to reach the callers, and
   * pooled connections outlive it (kubernetes#127335).
   */
  async stop(drainSeconds: number): Promise<void> {
    this.#draining = true;
    if (drainSeconds > 0) await sleep(drainSeconds * 1000);
    await this.#connections.accepted();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.#connections.drain();
    const cut = setTimeout(() => this.#server.closeAllConnections(), REQUEST_TIMEOUT_MS);
    await closed;
    clearTimeout(cut);
  }

  /** Whoever sends what the server is for is a caller, and its connections are kept as it keeps them. */
  #keep({ req, statusCode }: ServerResponse, socket: Socket): void {
    if (req.method !== 'POST' || statusCode !== 200) return;
    this.#callers.shown(socket.remoteAddress ?? '');
    if (!socket.destroyed) socket.setTimeout(KEEP_ALIVE_MS);
  }

  #listen(address: Address, listener: RequestListener): Promise<RunningServer> {
    const server = this.#server;
    server.on('request', (request, response) => {
      if (this.#draining) response.setHeader('Connection', 'close');
      const { socket } = request;
      response.once('close', this.#connections.begun(socket));
      response.once('finish', () => this.#keep(response, socket));
      listener(request, response);
    });
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(
          error.code === 'EADDRINUSE'
            ? new WrongCall(`${hostPort(address)} is taken by another program; choose another port`)
            : new Error(`cannot listen on ${hostPort(address)}: ${error.message}`),
        );
      });
      server.listen(
        { port: address.port, ...(address.host !== '' && { host: address.host }) },
        () => resolve(this),
      );
    });
  }
}

function cutUntaken(socket: Socket, response: ServerResponse): void {
  response.once('prefinish', () => {
    const cut = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS).unref();
    response.once('close', () => clearTimeout(cut));
  });
}

/** The version stands here because setSecureContext forgets whatever it is not told again. */
function secureContext({ certificate, key, clientAuthority }: ServingPair) {
  const ca = clientAuthority === undefined ? {} : { ca: clientAuthority };
  return { cert: certificate, key, ...ca, minVersion: 'TLSv1.3' as const };
}

/** Lets in only whoever shows a certificate with this common name. */
function onlyFor({ name, onStranger }: Certified, socket: TLSSocket): void {
  const { subject } = socket.getPeerCertificate();
  if (name === undefined || subject?.CN === name) return;
  onStranger(String(subject?.CN));
  socket.destroy();
}
