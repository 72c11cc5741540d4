/** One kind of thing that stands in the API and that no row of the catalogue knows. */
export interface UnmappedKind {
  /** `condition FooBroken=True`, `taint example.com/bad:NoSchedule`, `event my-agent/GpuSick`. */
  readonly what: string;
  readonly nodes: number;
}

/** More kinds than a person would read; the rest is counted as one. */
const MOST_KINDS = 200;
/** Events are moments: nodes that had one are remembered, up to this many. */
const MOST_NODES = 1000;

/** What nobody has told Surefoot the meaning of, so that somebody can. */
export class Unmapped {
  readonly #nodes = new Map<string, Set<string>>();
  readonly #ofNode = new Map<string, readonly string[]>();

  /** Conditions and taints that stand on a node now. */
  onNode(node: string, kinds: readonly string[]): void {
    const before = this.#ofNode.get(node) ?? [];
    if (before.length === kinds.length && before.every((kind, index) => kind === kinds[index])) {
      return;
    }
    for (const kind of before) {
      this.#nodes.get(kind)?.delete(node);
      if (this.#nodes.get(kind)?.size === 0) this.#nodes.delete(kind);
    }
    for (const kind of kinds) this.#add(kind, node);
    if (kinds.length === 0) this.#ofNode.delete(node);
    else this.#ofNode.set(node, kinds);
  }

  /** A kind of Event that was seen. */
  onEvent(node: string, kind: string): void {
    this.#add(kind, node);
  }

  /** Each kind with the nodes that have or had it, widest first. */
  list(): readonly UnmappedKind[] {
    return [...this.#nodes]
      .map(([what, nodes]) => ({ what, nodes: nodes.size }))
      .sort((a, b) => b.nodes - a.nodes || a.what.localeCompare(b.what));
  }

  #add(kind: string, node: string): void {
    const known = this.#nodes.get(kind);
    if (known === undefined) {
      if (this.#nodes.size < MOST_KINDS) this.#nodes.set(kind, new Set([node]));
      return;
    }
    if (known.size < MOST_NODES) known.add(node);
  }
}
