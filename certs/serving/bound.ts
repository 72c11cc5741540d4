import type { RequestHandler } from 'express';

export interface BoundOptions {
  /** How many requests may be under way at once. */
  readonly requests: number;
  /** How many bytes of body they may announce together; one alone is always let in. */
  readonly bytes: number;
  /** Called for each request that is turned away. */
  readonly onShed: () => void;
}

/**
 * Keeps what waits within bounds: beyond them a request is turned away at once, before its body is
 * read. The answer is a 503 without Retry-After: the API server then goes on without us after one
 * call, where `Retry-After: 0` brings eleven calls back to back, and a whole second costs half of its
 * time-out (seen on 1.37.2). `Connection: close` lets its next call find another replica.
 */
export class Bound {
  readonly #options: BoundOptions;
  #requests = 0;
  #bytes = 0;

  constructor(options: BoundOptions) {
    this.#options = options;
  }

  /** Requests that are under way. */
  get inFlight(): number {
    return this.#requests;
  }

  readonly handler: RequestHandler = (request, response, next) => {
    const bytes = Number(request.headers['content-length'] ?? 0) || 0;
    const { requests: mostRequests, bytes: mostBytes, onShed } = this.#options;
    const isAlone = this.#requests === 0;
    if (!isAlone && (this.#requests >= mostRequests || this.#bytes + bytes > mostBytes)) {
      onShed();
      response
        .status(503)
        .set('Connection', 'close')
        .json({ error: `${this.#requests} requests are under way; this one would only wait` });
      return;
    }
    this.#requests += 1;
    this.#bytes += bytes;
    response.once('close', () => {
      this.#requests -= 1;
      this.#bytes -= bytes;
    });
    next();
  };
}
