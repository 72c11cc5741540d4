import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { FORWARDING_PROTOCOL, forwardPort } from './forwarded-port.ts';

/**
 * An API server that lists these pods of surefoot-system and forwards to a port of each. Gives its address.
 */
export async function forwardingServer(pods: Readonly<Record<string, number>>): Promise<string> {
  const server = createServer((request, response) => {
    const isList = request.url?.startsWith('/api/v1/namespaces/surefoot-system/pods?');
    response.writeHead(isList ? 200 : 404, { 'Content-Type': 'application/json' });
    const items = Object.keys(pods).map((name) => ({
      metadata: { name },
      status: { phase: 'Running' },
    }));
    response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }));
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => FORWARDING_PROTOCOL,
  });
  server.on('upgrade', (request, socket, head) => {
    const [, pod = ''] = /\/pods\/([^/]+)\/portforward\?ports=9092$/.exec(request.url ?? '') ?? [];
    const port = pods[pod];
    if (port === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => forwardPort(client, port));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
