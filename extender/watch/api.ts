import { readFileSync } from 'node:fs';
import { CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import type { Node } from './nodes.ts';
import type { Page, Source } from './reflector.ts';

/** Objects a page; the API server's own clients page by 500. */
const PAGE_SIZE = 500;
/** The server ends each watch after this long, so that a dead connection is noticed. */
const WATCH_SECONDS = 300;

export interface ApiOptions {
  /** Absent: `$KUBECONFIG`, `~/.kube/config` or the pod's own account, in that order. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** How to reach the API server. Throws WrongCall when nothing usable is configured. */
export function loadKubeConfig({ kubeconfig, context }: ApiOptions): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
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
  return config;
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

export function nodeSource(config: KubeConfig): Source<Node> {
  const api = config.makeApiClient(CoreV1Api);
  return {
    list: async (token) => pageOf(await api.listNode(pageOptions(token))),
    watch: watchOf<Node>(config, '/api/v1/nodes'),
  };
}

export function podSource(config: KubeConfig): Source<Pod> {
  const api = config.makeApiClient(CoreV1Api);
  return {
    list: async (token) => {
      const { items, ...rest } = await api.listPodForAllNamespaces(pageOptions(token));
      return pageOf({ ...rest, items: items as Pod[] });
    },
    watch: watchOf<Pod>(config, '/api/v1/pods'),
  };
}

interface List<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly _continue?: string };
}

function pageOptions(token: string) {
  return { limit: PAGE_SIZE, ...(token !== '' && { _continue: token }) };
}

function pageOf<T>(list: List<T>): Page<T> {
  return {
    items: list.items,
    resourceVersion: list.metadata?.resourceVersion ?? '',
    next: list.metadata?._continue ?? '',
  };
}

function watchOf<T>(config: KubeConfig, path: string): Source<T>['watch'] {
  const watch = new Watch(config);
  return async function watchOnce(resourceVersion, onEvent, signal) {
    const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS };
    const { promise: ended, resolve: end } = Promise.withResolvers<Error | undefined>();
    const controller = await watch.watch(
      path,
      query,
      (type, object) => onEvent(type, object as T),
      (error) => end(isIdle(error) ? undefined : (error ?? undefined)),
    );
    const abort = () => controller.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    return ended.finally(() => signal.removeEventListener('abort', abort));
  };
}

/** The client gives up on a watch that is silent for 30 s; that is a quiet cluster, not an error. */
function isIdle(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
