import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { CoreV1Api, type KubeConfig, PortForward } from '@kubernetes/client-node';

/** The page listens on loopback of its pod only; the API server brings callers there whom it lets. */
const PAGE_PORT = 9092;
const LABELS = 'app.kubernetes.io/name=surefoot,app.kubernetes.io/component=extender';

/** Names of the extenders that run in a namespace. */
export async function extenderPods(
  config: KubeConfig,
  namespace: string,
): Promise<readonly string[]> {
  const { items } = await config
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace, labelSelector: LABELS });
  return items
    .filter(({ status }) => status?.phase === 'Running')
    .map(({ metadata }) => metadata?.name ?? '');
}

/** The page of a pod at an address of this machine, for as long as `use` takes; as kubectl port-forward does. */
export async function withPageOf<T>(
  config: KubeConfig,
  namespace: string,
  pod: string,
  use: (page: string) => Promise<T>,
): Promise<T> {
  const forward = new PortForward(config);
  const sockets = new Set<Socket>();
  let refused: Error | undefined;
  const server: Server = createServer(async (socket) => {
    sockets.add(socket);
    try {
      const ends = await forward.portForward(namespace, pod, [PAGE_PORT], socket, null, socket);
      socket.once('close', () => (typeof ends === 'function' ? ends() : ends)?.close());
    } catch (error) {
      refused = error instanceof Error ? error : new Error(String(error));
      socket.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } catch (error) {
    throw refused === undefined
      ? error
      : new Error(
          `the API server does not forward to ${namespace}/${pod} (${refused.message}); you need the right to create pods/portforward there, or use --page`,
        );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
