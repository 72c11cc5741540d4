import type { Request, RequestHandler } from 'express';
import { Callers } from './connections.ts';

export interface BoundOptions {
  /** How many requests may be under way at once. */
  readonly requests: number;
  /** How many bytes of body they may announce together; one alone is always let in. */
  readonly bytes: number;
  /** Called for each request that is turned away or cut off. */
  readonly onShed: () => void;
  /** Who has shown itself to be a caller; default: nobody. */
  readonly callers?: Callers;
}

interface UnderWay {
  readonly request: Request;
  readonly address: string;
  readonly bytes: number;
}

/**
 * Keeps what waits within bounds: beyond them whoever is slow to send its body gives way, and if nobody is, the
 * request is turned away at once, before its body is read. The answer is a 503 without Retry-After: the API server
 * then goes on without us after one call, where `Retry-After: 0` brings eleven calls back to back, and a whole second
 * costs half of its time-out (seen on 1.37.2). `Connection: close` lets its next call find another replica.
 */
export class Bound {
  readonly #options: BoundOptions;
  readonly #callers: Callers;
  /** The oldest first. */
  readonly #underWay = new Set<UnderWay>();
  #bytes = 0;

  constructor(options: BoundOptions) {
    this.#options = options;
    this.#callers = options.callers ?? new Callers();
  }

  /** Requests that are under way. */
  get inFlight(): number {
    return this.#underWay.size;
  }

  readonly handler: RequestHandler = (request, response, next) => {
    const bytes = Number(request.headers['content-length'] ?? 0) || 0;
    const { onShed } = this.#options;
    while (!this.#hasRoom(bytes)) {
      onShed();
      const slow = this.#slowest();
      if (slow === undefined) {
        response
          .status(503)
          .set('Connection', 'close')
          .json({
            error: `${this.#underWay.size} requests are under way; this one would only wait`,
          });
        return;
      }
      this.#end(slow);
      slow.request.socket.destroy();
    }
    const one = { request, bytes, address: request.socket.remoteAddress ?? '' };
    this.#underWay.add(one);
    this.#bytes += bytes;
    response.once('close', () => this.#end(one));
    next();
  };

  #hasRoom(bytes: number): boolean {
    const { requests, bytes: mostBytes } = this.#options;
    if (this.#underWay.size === 0) return true;
    return this.#underWay.size < requests && this.#bytes + bytes <= mostBytes;
  }

  #end(one: UnderWay): void {
    if (this.#underWay.delete(one)) this.#bytes -= one.bytes;
  }

  /**
   * Of the requests whose bodies are still to come the oldest of the address that has most of them. A caller sends its
   * body with its headers.
   */
  #slowest(): UnderWay | undefined {
    const slow = [...this.#underWay].filter(({ request }) => !request.complete);
    const byAddress = Map.groupBy(slow, ({ address }) => address);
    const counts = byAddress.entries().map(([address, own]) => [address, own.length] as const);
    return byAddress.get(this.#callers.heaviest(counts) ?? '')?.[0];
  }
}
