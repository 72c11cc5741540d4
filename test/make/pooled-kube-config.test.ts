import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../certs/make-once.ts';
import { pooledKubeConfig } from './pooled-kube-config.ts';

/** An API server over TLS that lists no namespaces, and counts who connects. */
async function counting() {
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-pool-'));
  await makeCertificates({ tlsDir: directory, hosts: ['127.0.0.1'], now: new Date() });
  const [cert, key, ca] = await Promise.all(
    ['tls.crt', 'tls.key', 'ca.crt'].map((name) => readFile(join(directory, name))),
  );
  let connections = 0;
  const server = createServer({ cert, key }, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ kind: 'NamespaceList', metadata: {}, items: [] }));
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const connectionsOf = async (config: KubeConfig, requests: number) => {
    config.loadFromClusterAndUser(
      {
        name: 'c',
        server: `https://127.0.0.1:${port}`,
        caData: ca?.toString('base64') ?? '',
        skipTLSVerify: false,
      },
      { name: 'u' },
    );
    const api = config.makeApiClient(CoreV1Api);
    const before = connections;
    for (let request = 0; request < requests; request += 1) await api.listNamespace();
    return connections - before;
  };
  return { connectionsOf };
}

test('requests one after the other share a connection', async () => {
  const { connectionsOf } = await counting();
  // The first one may be closed before the second request is sent (nodejs/undici#5034).
  expect(await connectionsOf(pooledKubeConfig(), 10)).toBeLessThanOrEqual(2);
});

test('the client itself makes one for each request: once it does not, ours can go', async () => {
  const { connectionsOf } = await counting();
  expect(await connectionsOf(new KubeConfig(), 10)).toBe(10);
});
