import type { NodeFacts } from '../facts/facts.ts';
import type { HostId } from '../signals/identity.ts';
import type { Cluster } from '../state/cluster.ts';
import type { HistoryStore } from '../storage/store.ts';

/**
 * Identities that have stood for two Nodes at once, such as the system UUID of cloned machines. From then on such a one
 * names no machine: each of its Nodes is a host of its own, in whatever order Nodes are seen.
 */
export class SharedHosts {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  readonly #shared = new Set<HostId>();

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** The Node on the host that it may keep, and the Node that loses its host by that, if there is one. */
  take(node: NodeFacts): { readonly node: NodeFacts; readonly other?: NodeFacts } {
    const { host } = node;
    if (this.#isShared(host)) return { node: onItsOwn(node) };
    const other = this.#cluster.onHost(host);
    if (other === undefined || other.name === node.name) return { node };
    this.#shared.add(host);
    return { node: onItsOwn(node), other: onItsOwn(other) };
  }

  #isShared(host: HostId): boolean {
    return this.#shared.has(host) || this.#store.draft(host).sharedAtSeconds !== undefined;
  }
}

function onItsOwn(node: NodeFacts): NodeFacts {
  return { ...node, host: `node:${node.uid}`, sharedHost: node.host };
}
