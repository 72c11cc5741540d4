import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Node,
  type V1Pod,
} from '@kubernetes/client-node';
import { WebSocketServer } from 'ws';
import { FORWARDING_PROTOCOL, forwardPort } from '../fake/forwarded-port.ts';
import type { Bed } from './bed.ts';
import { eventually } from './eventually.ts';

const NAMESPACE = 'surefoot-system';
const POD = 'surefoot-extender-0';
const AS_STRATEGIC_PATCH = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);

/**
 * The extender as a pod of the cluster, and of the kubelet of its node the part that forwards ports: whoever the real
 * API server lets in reaches the page of the extender that runs beside it.
 */
export class ForwardingKubelet {
  readonly #api: CoreV1Api;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => FORWARDING_PROTOCOL,
  });

  private constructor(api: CoreV1Api, server: Server, pagePort: number) {
    this.#api = api;
    this.#server = server;
    server.on('upgrade', (request, socket, head) => {
      if (!request.url?.startsWith(`/portForward/${NAMESPACE}/${POD}?`)) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) => forwardPort(client, pagePort));
    });
  }

  /** Resolves when the pod runs on `node`. */
  static async start(bed: Bed, node: string): Promise<ForwardingKubelet> {
    const [cert, key] = await Promise.all(
      ['tls.crt', 'tls.key'].map((name) => readFile(join(bed.directory, name))),
    );
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api = bed.admin.makeApiClient(CoreV1Api);
    const kubelet = new ForwardingKubelet(api, server, Number(new URL(bed.surefoot.pageUrl).port));
    const body = reachedAt((server.address() as AddressInfo).port);
    await api.patchNodeStatus({ name: node, body }, AS_STRATEGIC_PATCH);
    await api.createNamespacedPod({ namespace: NAMESPACE, body: extenderPod(node) });
    await eventually('the pod of the extender to run', async () => {
      const { status } = await api.readNamespacedPod({ namespace: NAMESPACE, name: POD });
      return status?.phase === 'Running';
    });
    return kubelet;
  }

  async stop(): Promise<void> {
    const at = { namespace: NAMESPACE, name: POD, gracePeriodSeconds: 0 };
    await this.#api.deleteNamespacedPod(at);
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Where the API server finds the kubelet of a node. */
function reachedAt(port: number): Pick<V1Node, 'status'> {
  return {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  };
}

function extenderPod(nodeName: string): V1Pod {
  const labels = {
    'app.kubernetes.io/name': 'surefoot',
    'app.kubernetes.io/component': 'extender',
  };
  return {
    metadata: { name: POD, labels },
    spec: {
      nodeName,
      automountServiceAccountToken: false,
      // As the namespace asks for.
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'extender',
          image: 'surefoot',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      tolerations: [{ operator: 'Exists' }],
    },
  };
}
