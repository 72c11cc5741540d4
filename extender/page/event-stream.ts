import { constants, createGzip, type Gzip } from 'node:zlib';
import type { Request, Response } from 'express';

/** Half of the usual effort costs a third of the time, and an eighth more bytes. */
const EFFORT = 3;

/** A value as a server-sent event. */
export function messageOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** Server-sent events to one watcher, compressed where it takes that. */
export class EventStream {
  readonly #response: Response;
  readonly #gzip: Gzip | undefined;

  constructor(request: Pick<Request, 'headers'>, response: Response) {
    this.#response = response;
    const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      ...(takesGzip && { 'Content-Encoding': 'gzip' }),
    });
    if (!takesGzip) return;
    this.#gzip = createGzip({ level: EFFORT });
    this.#gzip.pipe(response);
  }

  /** Whether nobody is there any more. */
  get isClosed(): boolean {
    return this.#response.closed || this.#response.destroyed;
  }

  /** Bytes that the watcher has not taken yet. */
  get waitingBytes(): number {
    return this.#response.writableLength + (this.#gzip?.writableLength ?? 0);
  }

  /** Sends a message as `messageOf` makes it: once, however many watch. */
  send(message: string): void {
    if (this.#gzip === undefined) {
      this.#response.write(message);
      return;
    }
    this.#gzip.write(message);
    // What has been written so far reaches the watcher now.
    this.#gzip.flush(constants.Z_SYNC_FLUSH);
  }

  end(): void {
    if (this.#gzip === undefined) this.#response.end();
    else this.#gzip.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
