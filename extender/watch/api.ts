import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { ApiError, httpStatusOf } from '../../certs/cluster/api-error.ts';
import { ApiObjects, type Collection, type Selector } from '../../certs/cluster/api-objects.ts';
import { NAMESPACES, NODES, PODS } from '../../certs/cluster/collections.ts';
import { rawLines } from '../../certs/cluster/raw-lines.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import type { ApiKind } from '../facts/api-kind.ts';
import type { NodeEvent } from '../facts/events.ts';
import type { Namespace } from '../facts/namespaces.ts';
import type { Node } from '../facts/nodes.ts';
import { type Listed, ServedNow, type Source } from './reflector.ts';

/** The server ends each watch after this long, so that a dead connection is noticed. */
const WATCH_SECONDS = 300;
/** A watch that is silent for so long is resumed on a new connection: the old one may be dead. */
const SILENCE_MS = 30_000;

export function nodeSource(config: KubeConfig): Source<Node> {
  return source<Node>(config, 'nodes', NODES);
}

export function namespaceSource(config: KubeConfig): Source<Namespace> {
  return source<Namespace>(config, 'namespaces', NAMESPACES);
}

export function podSource(config: KubeConfig): Source<Pod> {
  return source<Pod>(config, 'pods', PODS);
}

const ABOUT_NODES = { fieldSelector: 'involvedObject.kind=Node' };

/** Events about nodes; of the others nothing is fetched. */
export function nodeEventSource(config: KubeConfig, onRefused: OnRefused): Source<NodeEvent> {
  const events = { api: 'api/v1', plural: 'events' };
  return optional('events', source<NodeEvent>(config, 'events', events, ABOUT_NODES), onRefused);
}

/** Objects of a kind of ours: where it is not served, that is an error. */
export function servedSource<T extends Listed>(config: KubeConfig, kind: ApiKind): Source<T> {
  const { plural, group, version } = kind;
  return source<T>(config, `${plural}.${group}`, { api: `apis/${group}/${version}`, plural });
}

function source<T extends object>(
  config: KubeConfig,
  kind: string,
  collection: Collection,
  selector: Selector = {},
): Source<T> {
  const objects = new ApiObjects<T>(config, collection);
  return explained<T>(config, kind, {
    list: (take, signal) => objects.each(selector, take, signal),
    watch: watchOf<T>(config, objects.path, selector),
  });
}

/** How often a kind that is not served is asked for again. */
const ABSENT_MS = 60_000;
/** Resource version of a list of what is not served. */
const ABSENT = 'absent';

/** Objects of a kind that a cluster may or may not serve. */
export function optionalSource<T extends Listed>(
  config: KubeConfig,
  kind: ApiKind,
  onRefused: OnRefused = () => {},
): Source<T> {
  return optional(kind.plural, servedSource<T>(config, kind), onRefused);
}

/** Called at each list with whether we lack the right to it. */
export type OnRefused = (isRefused: boolean) => void;

/** The same source; where the kind is not served, or hidden from us, there are none, until it is. */
function optional<T>(plural: string, source: Source<T>, onRefused: OnRefused): Source<T> {
  let wasServed = false;
  const list: Source<T>['list'] = async (take, signal) => {
    try {
      const resourceVersion = await source.list(take, signal);
      wasServed = true;
      onRefused(false);
      return resourceVersion;
    } catch (error) {
      onRefused(httpStatusOf(error) === FORBIDDEN);
      // What was there is not gone because we are refused, or while its definition is replaced.
      if (wasServed || !isAbsent(error)) throw error;
      return ABSENT;
    }
  };
  return {
    list,
    async watch(resourceVersion, onEvent, signal) {
      if (resourceVersion !== ABSENT) return source.watch(resourceVersion, onEvent, signal);
      while (!signal.aborted) {
        await sleep(ABSENT_MS, undefined, { signal }).catch(() => {});
        const version = signal.aborted
          ? undefined
          : await list(() => {}, signal).catch(() => undefined);
        if (version !== undefined && version !== ABSENT) {
          // Nothing was missed: there was none before.
          return new ServedNow(plural);
        }
      }
      return undefined;
    },
  };
}

/** True for the resource version of a list of a kind that is served to us. */
export function isServed(resourceVersion: string): boolean {
  return resourceVersion !== ABSENT;
}

function isAbsent(error: unknown): boolean {
  const status = httpStatusOf(error);
  return status === 404 || status === FORBIDDEN;
}

const FORBIDDEN = 403;

/** The same source, whose errors say in one sentence what to do. */
function explained<T>(config: KubeConfig, kind: string, source: Source<T>): Source<T> {
  const server = config.getCurrentCluster()?.server ?? '';
  return {
    list: (take, signal) =>
      source.list(take, signal).catch((error) => Promise.reject(explain(error, kind, server))),
    async watch(resourceVersion, onEvent, signal) {
      const ended = await source.watch(resourceVersion, onEvent, signal);
      return ended === undefined ? undefined : explain(ended, kind, server);
    },
  };
}

function explain(error: unknown, kind: string, server: string): Error {
  const status = httpStatusOf(error);
  const { cause = error } = error as Error;
  const words = sentenceFor(status, kind, server, cause);
  return status === undefined
    ? new Error(words, { cause: error })
    : new ApiError(status, words, { cause: error });
}

function sentenceFor(
  status: number | undefined,
  kind: string,
  server: string,
  cause: unknown,
): string {
  switch (status) {
    case undefined: {
      if (cause instanceof SyntaxError) {
        return `the API server at ${server} sent a line about ${kind} that is no JSON (${cause.message}); what stands between us may have cut it`;
      }
      const { code, message } = cause as { code?: string; message?: string };
      return `the API server at ${server} does not answer (${code ?? message}); check --kubeconfig and the network`;
    }
    case 401:
      return `the API server at ${server} does not know us (401); check the credentials of --kubeconfig`;
    case 403:
      return `we may not list and watch ${kind} (403); apply manifests/base/extender.yaml`;
    case 404:
      return `the API server at ${server} does not serve ${kind} (404); apply the manifest that defines them, such as manifests/base/devicehistory.yaml`;
    case 410:
      return `the watch of ${kind} has expired (410)`;
    default:
      return `the API server at ${server} answered ${status} when asked for ${kind}`;
  }
}

function watchOf<T>(config: KubeConfig, path: string, selector: Selector): Source<T>['watch'] {
  return async function watchOnce(resourceVersion, onEvent, signal) {
    const query = new URLSearchParams({
      ...selector,
      watch: 'true',
      resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_SECONDS),
    });
    try {
      for await (const line of rawLines(config, `${path}?${query}`, {
        signal,
        silenceMs: SILENCE_MS,
        onTooLong: () => onEvent('TOO_LONG', {} as T),
      })) {
        const { type, object } = JSON.parse(line) as { type: string; object: T };
        onEvent(type, object);
      }
      return undefined;
    } catch (error) {
      return error as Error;
    }
  };
}
