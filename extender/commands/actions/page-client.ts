import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
// By its path: the client's own PortForward loads the models of all kinds for what else it can do.
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';

/** The page listens on loopback of its pod only; the API server brings callers there whom it lets. */
const PAGE_PORT = 9092;
/** Channels of a forwarded port; messages of any other are a breach of the protocol. */
const DATA = 0;
const ERRORS = 1;

/** The API server does not bring us to the page of a pod. */
export class NotForwarded extends Error {
  override name = 'NotForwarded';
}

/**
 * The page of a pod at an address of this machine, for as long as `use` takes; as kubectl port-forward does. `port`: on
 * this machine; 0 takes any that is free. Throws NotForwarded where `use` failed and the API server had refused.
 */
export async function withPageOf<T>(
  config: KubeConfig,
  namespace: string,
  pod: string,
  use: (page: string) => Promise<T>,
  port = 0,
): Promise<T> {
  const sockets = new Set<Socket>();
  let refused: Error | undefined;
  const server: Server = createServer(async (socket) => {
    sockets.add(socket);
    try {
      const forwarded = await forward(config, namespace, pod, socket);
      socket.once('close', () => forwarded.close());
    } catch (error) {
      refused = error instanceof Error ? error : new Error(String(error));
      socket.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new WrongCall(`--port: ${port} is taken by another program; choose another one`)
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  try {
    return await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } catch (error) {
    throw refused === undefined
      ? error
      : new NotForwarded(
          `the API server does not forward to ${namespace}/${pod} (${refused.message}); you need the right to create pods/portforward there, or use --page`,
        );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Joins a socket with the page's port of a pod. */
async function forward(config: KubeConfig, namespace: string, pod: string, socket: Socket) {
  const named = new Set<number>();
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${PAGE_PORT}`;
  const forwarded = await new WebSocketHandler(config).connect(path, null, (channel, bytes) => {
    // The first two bytes of each channel are the port.
    const data = named.has(channel) ? bytes : bytes.subarray(2);
    named.add(channel);
    if (channel === DATA) socket.write(data);
    // The kubelet found nobody at that port.
    if (channel === ERRORS && data.length > 0) socket.destroy();
    return channel <= ERRORS;
  });
  // Who waits for an answer of a pod that has ended would wait for ever.
  forwarded.addEventListener('close', () => socket.destroy());
  WebSocketHandler.handleStandardInput(forwarded, socket, DATA);
  return forwarded;
}
