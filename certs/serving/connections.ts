import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * The API server pools 25 connections, and in a burst opens one for each request under way, up to 600 at its
 * defaults; this stops a flood, not a burst.
 */
const MOST_CONNECTIONS = 2000;
/** Of one address: any pod may have as many sockets as it likes, and has one address. */
const MOST_OF_AN_ADDRESS = 1000;
/** Addresses that are remembered as callers; a control plane has a handful. */
const MOST_CALLERS = 256;
/** A connection that has asked nothing for so long after it was opened is idle, not about to ask. */
const FIRST_REQUEST_MS = 1000;
/** How long a handshake or a first request that is under way may take once the listener is closed. */
const LAST_REQUEST_MS = 2000;

/** Addresses that have shown themselves to be whom a server is for: they have sent what it could answer. */
export class Callers {
  /** The one that was shown longest ago first. */
  readonly #addresses = new Set<string>();

  shown(address: string): void {
    this.#addresses.delete(address);
    this.#addresses.add(address);
    const [oldest = ''] = this.#addresses;
    if (this.#addresses.size > MOST_CALLERS) this.#addresses.delete(oldest);
  }

  /**
   * The address that takes most, by how much each takes. Whoever has shown itself is counted for a quarter, and not for
   * nothing: a stranger that has learned to speak must not outweigh a caller that has only just begun.
   */
  heaviest(taken: Iterable<readonly [address: string, count: number]>): string | undefined {
    let heaviest: string | undefined;
    let most = 0;
    for (const [address, count] of taken) {
      const weight = this.#addresses.has(address) ? count / 4 : count;
      if (weight <= most) continue;
      heaviest = address;
      most = weight;
    }
    return heaviest;
  }
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly openedAtMs: number;
  /** Requests that are under way on it. */
  requests: number;
  /** Whether there was any. */
  isUsed: boolean;
}

/**
 * The connections of a server. Where there are too many, an idle one is closed, of the address that has most of those;
 * only where none is idle, one that is in use or about to be. So neither a few strangers nor many, each with few, shut
 * the door to a caller with many requests under way: a client whose idle connection is closed opens another.
 */
export class Connections {
  readonly #callers: Callers;
  /** By address and port, the oldest first. */
  readonly #all = new Map<string, Connection>();
  readonly #of = new Map<string, number>();
  /** How many there ever were. */
  #count = 0;

  constructor(server: Server, callers: Callers) {
    this.#callers = callers;
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  /** A request has begun on this socket; call what it gives when it has ended. */
  begun(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): () => void {
    const connection = this.#all.get(keyOf(socket));
    if (connection === undefined) return () => {};
    connection.isUsed = true;
    connection.requests += 1;
    return () => {
      connection.requests -= 1;
    };
  }

  /**
   * Resolves once nobody waits to be accepted, or after two seconds: closing the listener resets whoever is connected
   * and not accepted yet, and a turn of the loop accepts one or a few (libuv).
   */
  async accepted(): Promise<void> {
    const untilMs = performance.now() + LAST_REQUEST_MS;
    let before: number;
    do {
      before = this.#count;
      await turn();
      await turn();
    } while (this.#count > before && performance.now() < untilMs);
  }

  /** Closes those that are idle, and lets those finish that were just opened: what they ask is still to come. */
  async drain(): Promise<void> {
    for (const { socket, requests, isUsed } of this.#all.values()) {
      if (requests === 0 && isUsed) socket.destroy();
    }
    const untilMs = performance.now() + LAST_REQUEST_MS;
    while (performance.now() < untilMs && this.#all.values().some(({ isUsed }) => !isUsed)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { socket, requests } of this.#all.values()) {
      if (requests === 0) socket.destroy();
    }
  }

  #opened(socket: Socket): void {
    const address = socket.remoteAddress;
    // It is gone already.
    if (address === undefined) return;
    this.#count += 1;
    const key = keyOf(socket);
    this.#all.set(key, {
      socket,
      address,
      openedAtMs: performance.now(),
      requests: 0,
      isUsed: false,
    });
    this.#of.set(address, this.#countOf(address) + 1);
    socket.once('close', () => this.#closed(key, address));
    if (this.#countOf(address) > MOST_OF_AN_ADDRESS) this.#giveUpOneOf(address);
    else if (this.#all.size > MOST_CONNECTIONS) {
      const idle = this.#idleByAddress();
      this.#giveUpOneOf(this.#callers.heaviest(idle.size > 0 ? idle : this.#of));
    }
  }

  #idleByAddress(): ReadonlyMap<string, number> {
    const idle = new Map<string, number>();
    for (const one of this.#all.values()) {
      if (isIdle(one)) idle.set(one.address, (idle.get(one.address) ?? 0) + 1);
    }
    return idle;
  }

  #closed(key: string, address: string): void {
    this.#all.delete(key);
    const left = this.#countOf(address) - 1;
    if (left > 0) this.#of.set(address, left);
    else this.#of.delete(address);
  }

  #countOf(address: string): number {
    return this.#of.get(address) ?? 0;
  }

  /** Its oldest idle connection, or else its oldest. */
  #giveUpOneOf(address: string | undefined): void {
    const own = [...this.#all.values()].filter((one) => one.address === address);
    (own.find(isIdle) ?? own[0])?.socket.destroy();
  }
}

function isIdle({ requests, isUsed, openedAtMs }: Connection): boolean {
  return requests === 0 && (isUsed || performance.now() - openedAtMs > FIRST_REQUEST_MS);
}

function keyOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress}:${remotePort}`;
}
