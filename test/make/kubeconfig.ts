import { KubeConfig } from '@kubernetes/client-node';

/** A kubeconfig, as text, that reaches this address with nobody's credentials; its context may name a namespace. */
export function makeKubeconfig(server: string, namespace?: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    // The client takes an address without TLS only so.
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace } }],
    users: [{ name: 'u', user: {} }],
  });
}

/** The same, as the client takes it. */
export function loadedKubeConfig(server: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(makeKubeconfig(server));
  return config;
}
