/** A kind of condition, taint, Event or object that no row of the catalogue knows. */
export interface UnmappedKind {
  /** `condition FooBroken=True`, `taint example.com/bad:NoSchedule`, `event my-agent/GpuSick`. */
  readonly what: string;
  readonly nodes: number;
}

/** A kind of Event that was seen, about which node, and in whose namespace it stands. */
export interface UnmappedEvent {
  readonly node: string;
  readonly namespace: string;
  /** `event my-agent/GpuSick`; absent where the catalogue knows it. */
  readonly unmapped?: string;
}

/** More kinds than a person would read: this many on nodes, and as many of Events. */
const MOST_KINDS = 200;
/** Kinds of Events per namespace: a tenant may write any number in its own. */
const MOST_KINDS_OF_A_NAMESPACE = 20;
/** Events are moments: nodes that had one are remembered, up to this many. */
const MOST_NODES = 1000;
/** The API server keeps Events for an hour; a day shows what comes back each night. */
const REMEMBERED_SECONDS = 86_400;

interface HeardKind {
  readonly nodes: Set<string>;
  readonly namespace: string;
  lastAtSeconds: number;
}

/** Kinds that Surefoot has seen and cannot read, so that an administrator can add rows for them. */
export class Unmapped {
  /** By kind: the nodes on which it stands. Only administrators and agents of nodes write these. */
  readonly #standing = new Map<string, Set<string>>();
  readonly #ofNode = new Map<string, readonly string[]>();
  /** By kind of Event, the one that was seen longest ago first. */
  readonly #heard = new Map<string, HeardKind>();

  /** Conditions and taints that stand on a node now. */
  onNode(node: string, kinds: readonly string[]): void {
    const before = this.#ofNode.get(node) ?? [];
    if (before.length === kinds.length && before.every((kind, index) => kind === kinds[index])) {
      return;
    }
    for (const kind of before) {
      this.#standing.get(kind)?.delete(node);
      if (this.#standing.get(kind)?.size === 0) this.#standing.delete(kind);
    }
    for (const kind of kinds) {
      const nodes = this.#standing.get(kind);
      if (nodes !== undefined) nodes.add(node);
      else if (this.#standing.size < MOST_KINDS) this.#standing.set(kind, new Set([node]));
    }
    if (kinds.length === 0) this.#ofNode.delete(node);
    else this.#ofNode.set(node, kinds);
  }

  /** A kind of Event that was seen. A kind gives way once nobody has written it for a day, or to newer ones. */
  onEvent({ node, namespace, unmapped: kind }: UnmappedEvent, nowSeconds: number): void {
    if (kind === undefined) return;
    const known = this.#heard.get(kind);
    this.#heard.delete(kind);
    const nodes = known?.nodes ?? new Set();
    if (nodes.size < MOST_NODES) nodes.add(node);
    this.#heard.set(kind, {
      nodes,
      namespace: known?.namespace ?? namespace,
      lastAtSeconds: nowSeconds,
    });
    if (known === undefined) this.#makeRoom(namespace);
    this.#forget(nowSeconds);
  }

  /** Each kind with the nodes that have or had it: what stands on nodes before Events, widest first. */
  list(): readonly UnmappedKind[] {
    const standing = [...this.#standing].map(([what, nodes]) => ({ what, nodes: nodes.size }));
    const heard = [...this.#heard].map(([what, { nodes }]) => ({ what, nodes: nodes.size }));
    return [...standing, ...heard]
      .slice(0, MOST_KINDS)
      .sort((a, b) => b.nodes - a.nodes || a.what.localeCompare(b.what));
  }

  #makeRoom(namespace: string): void {
    const own = [...this.#heard].filter(([, heard]) => heard.namespace === namespace);
    const [oldestOwn] = own;
    if (own.length > MOST_KINDS_OF_A_NAMESPACE && oldestOwn !== undefined) {
      this.#heard.delete(oldestOwn[0]);
    }
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > MOST_KINDS && oldest !== undefined) this.#heard.delete(oldest);
  }

  #forget(nowSeconds: number): void {
    for (const [kind, { lastAtSeconds }] of this.#heard) {
      if (nowSeconds - lastAtSeconds <= REMEMBERED_SECONDS) return;
      this.#heard.delete(kind);
    }
  }
}
