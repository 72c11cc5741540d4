import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { JOBS, NAMESPACES, NODES, PODS } from '../../certs/cluster/collections.ts';
import { leaseApi } from '../../certs/cluster/lease-api.ts';
import { rawRequest, refusal } from '../../certs/cluster/raw-request.ts';
import type { ObjectMeta, Pod } from '../../webhook/words/pod.ts';
import type { JobFacts } from './guards.ts';

/** What the API server says to an eviction. */
export type Eviction =
  | { readonly kind: 'done' }
  /** A PodDisruptionBudget does not allow it now. */
  | { readonly kind: 'held'; readonly words: string }
  /** The pod is gone, or is another one by now. */
  | { readonly kind: 'moot' }
  | { readonly kind: 'refused'; readonly words: string };

/** What a release reads and does, one object at a time. Rejects where the API server does not answer. */
export interface Evictor {
  pod(namespace: string, name: string): Promise<Pod | undefined>;
  node(name: string): Promise<ObjectMeta | undefined>;
  /** Names of the nodes that have these labels. */
  nodesWith(labels: Readonly<Record<string, string>>): Promise<ReadonlySet<string>>;
  namespace(name: string): Promise<ObjectMeta | undefined>;
  job(namespace: string, name: string): Promise<JobFacts | undefined>;
  /** Asks for the eviction of this very version of a pod; `dryRun`: only whether it would be granted. */
  evict(pod: Pod, options: { readonly dryRun: boolean }): Promise<Eviction>;
  /** Who else holds the maintenance Lease of a node; `undefined` once it is ours. */
  maintain(leases: string, node: string): Promise<string | undefined>;
  /** Gives the maintenance Lease of a node back. */
  leave(leases: string, node: string): Promise<void>;
}

/** Our name on maintenance Leases. */
const HOLDER = 'surefoot-release';
/** Longer than an eviction takes; it is given back before. */
const HELD_SECONDS = 120;

/** By the API server. */
export function evictor(config: KubeConfig): Evictor {
  type Named = { readonly metadata: ObjectMeta };
  const nodes = new ApiObjects<Named>(config, NODES);
  const namespaces = new ApiObjects<Named>(config, NAMESPACES);
  const at = encodeURIComponent;
  return {
    pod: (namespace, name) => new ApiObjects<Pod>(config, { ...PODS, namespace }).find(name),
    node: async (name) => (await nodes.find(name))?.metadata,
    async nodesWith(labels) {
      const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const names = new Set<string>();
      // A selector may fit the whole fleet: only the names are kept.
      await nodes.each({ labelSelector: wanted.join(',') }, ({ metadata }) => {
        names.add(metadata.name ?? '');
      });
      return names;
    },
    namespace: async (name) => (await namespaces.find(name))?.metadata,
    job: (namespace, name) => new ApiObjects<JobFacts>(config, { ...JOBS, namespace }).find(name),
    async evict({ metadata }, { dryRun }) {
      const { namespace = '', name = '', uid, resourceVersion } = metadata;
      // In the body it counts; in the address those see it who read the audit log.
      const dry = dryRun ? '?dryRun=All' : '';
      const path = `/api/v1/namespaces/${at(namespace)}/pods/${at(name)}/eviction${dry}`;
      const { status, text } = await rawRequest(config, 'POST', path, {
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { namespace, name },
          deleteOptions: {
            preconditions: { uid, resourceVersion },
            ...(dryRun && { dryRun: ['All'] }),
          },
        },
      });
      return evictionOf(status, text);
    },
    async maintain(namespace, node) {
      const api = leaseApi(config, namespace, leaseOf(node));
      const lease = await api.get();
      if (lease === undefined) {
        await api.create(HOLDER, HELD_SECONDS);
        return undefined;
      }
      const { holder, renewedAt, durationSeconds } = lease;
      const endsMs = Date.parse(renewedAt) + durationSeconds * 1000;
      const isHeld = holder !== '' && holder !== HOLDER && !(endsMs < Date.now());
      if (isHeld) return holder;
      // Whoever was quicker holds it.
      await api.replace(lease, HOLDER, HELD_SECONDS);
      return undefined;
    },
    async leave(namespace, node) {
      const api = leaseApi(config, namespace, leaseOf(node));
      const lease = await api.get();
      if (lease?.holder === HOLDER) await api.replace(lease, '', 1);
    },
  };
}

/** As medik8s' lease manager names it. */
function leaseOf(node: string): string {
  return `node-${node}`;
}

/** 429: a budget; 404 and 409: the pod is gone or has changed. */
function evictionOf(status: number, text: string): Eviction {
  if (status >= 200 && status <= 299) return { kind: 'done' };
  const { message: words } = refusal(status, text);
  if (status === 429) return { kind: 'held', words };
  return status === 404 || status === 409 ? { kind: 'moot' } : { kind: 'refused', words };
}
