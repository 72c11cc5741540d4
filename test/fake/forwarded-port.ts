import { connect } from 'node:net';
import type { WebSocket } from 'ws';

/** How a kubelet and those who forward a port speak with one another. */
export const FORWARDING_PROTOCOL = 'v4.channel.k8s.io';
/** The port that the page has in its pod. */
const PAGE_PORT = 9092;
const DATA = 0;
const ERRORS = 1;

/**
 * Joins a caller who wants the page's port of a pod with `port` of this machine, in Kubernetes' own form: each message
 * begins with its channel, and the first one of a channel names the port.
 */
export function forwardPort(client: WebSocket, port: number): void {
  const named = Buffer.alloc(2);
  named.writeUInt16LE(PAGE_PORT);
  for (const channel of [DATA, ERRORS]) client.send(Buffer.concat([Buffer.from([channel]), named]));
  const target = connect(port, '127.0.0.1');
  target.on('error', ({ message }) => {
    client.send(Buffer.concat([Buffer.from([ERRORS]), Buffer.from(message)]));
  });
  target.on('data', (bytes) => client.send(Buffer.concat([Buffer.from([DATA]), bytes])));
  target.once('close', () => client.close());
  client.on('message', (message: Buffer) => {
    if (message[0] === DATA) target.write(message.subarray(1));
  });
  client.once('close', () => target.destroy());
}
