import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { WrongCall } from '../serving/lifecycle.ts';

export interface ApiOptions {
  /** Absent: `$KUBECONFIG`, `~/.kube/config` or the pod's own account, in that order. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** How to reach the API server. Throws WrongCall when nothing usable is configured. */
export function loadKubeConfig({ kubeconfig, context }: ApiOptions): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) loadDefault(config);
  else loadFile(config, kubeconfig);
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new WrongCall(
        `--context: there is no "${context}"; the kubeconfig has ${names.join(', ') || 'none'}`,
      );
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw new WrongCall(
      `--kubeconfig: ${kubeconfig ?? 'the default one'} names no current cluster; give a kubeconfig with a current-context, or choose one with --context NAME`,
    );
  }
  requireTls(config);
  return config;
}

/** The client library sends nothing without TLS unless it is told to, and does not say where to. */
function requireTls(config: KubeConfig): void {
  const cluster = config.getCurrentCluster();
  if (!cluster?.server.startsWith('http://') || cluster.skipTLSVerify) return;
  throw new WrongCall(
    `--kubeconfig: the cluster ${cluster.name} is at ${cluster.server}, without TLS; give it an https:// address, or set insecure-skip-tls-verify: true there if nobody else is on the way, as with kubectl proxy`,
  );
}

/** Where the client library looks when it has found nothing: nobody's API server. */
const NOBODYS_SERVER = 'http://localhost:8080';

function loadDefault(config: KubeConfig): void {
  const named = process.env.KUBECONFIG ?? '';
  try {
    config.loadFromDefault();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const where = named === '' ? '~/.kube/config' : `KUBECONFIG names ${named}, which`;
    throw new WrongCall(
      code === undefined
        ? `${where} is not a kubeconfig: ${message}`
        : `${where} cannot be read (${code}); name a kubeconfig with --kubeconfig FILE, or set KUBECONFIG`,
    );
  }
  if (named === '' && config.getCurrentCluster()?.server === NOBODYS_SERVER) {
    throw new WrongCall(
      'no cluster is configured: KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod; name a kubeconfig with --kubeconfig FILE',
    );
  }
}

function loadFile(config: KubeConfig, path: string): void {
  try {
    config.loadFromString(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new WrongCall(
      code === undefined
        ? `--kubeconfig: ${path} is not a kubeconfig: ${message}`
        : `--kubeconfig: ${path} cannot be read (${code}); name a kubeconfig file, or leave the flag out inside a cluster`,
    );
  }
}

/** The namespace that the current context names, as kubectl goes by it. */
export function contextNamespace(kubeConfig: KubeConfig): string | undefined {
  return kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
}

/** The namespace of our pod, or of the kubeconfig, or the one that the manifests make. */
export function namespaceOf(kubeConfig: KubeConfig): string {
  return contextNamespace(kubeConfig) ?? 'surefoot-system';
}
