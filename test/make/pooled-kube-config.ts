import { createHash } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';

/** What the client sends requests with; it holds connections open. */
type Dispatcher = unknown;
type CreateDispatcher = (...args: Parameters<KubeConfig['createDispatcherOptions']>) => Dispatcher;

/** Of earlier certificates, while they are rotated. */
const MOST_DISPATCHERS = 4;

/**
 * A kubeconfig whose requests share their connections. The client makes a dispatcher for each request (2.0.1),
 * and so a TLS handshake, of a few milliseconds each: 512 histories at once kept the scheduler waiting. It is
 * the second half of kubernetes-client/javascript#2893; a test counts the connections.
 */
export function pooledKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  const dispatchers = new Map<string, Dispatcher>();
  const create: CreateDispatcher = Reflect.get(config, 'createDispatcher').bind(config);
  const createOnce: CreateDispatcher = (cluster, options) => {
    const tls = JSON.stringify(config.createDispatcherOptions(cluster, options));
    const key = createHash('sha256').update(tls).digest('base64');
    const known = dispatchers.get(key);
    if (known !== undefined) return known;
    const dispatcher = create(cluster, options);
    dispatchers.set(key, dispatcher);
    const [oldest] = dispatchers.keys();
    if (dispatchers.size > MOST_DISPATCHERS && oldest !== undefined) dispatchers.delete(oldest);
    return dispatcher;
  };
  Reflect.set(config, 'createDispatcher', createOnce);
  return config;
}
