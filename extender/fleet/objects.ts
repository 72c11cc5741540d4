import type { ObjectMeta } from '../../webhook/words/pod.ts';

/** An object of the API, as far as its storage looks at it. */
export interface ApiObject {
  readonly metadata: ObjectMeta;
}

export interface Change<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
  readonly resourceVersion: number;
}

/** Changes a watcher may have missed and still catch up on; the API server keeps 100 to 102,400. */
const MOST_CHANGES = 10_000;

/** One count of versions for all kinds, as etcd's revision is. */
export class Versions {
  #latest = 1;

  get latest(): number {
    return this.#latest;
  }

  next(): number {
    this.#latest += 1;
    return this.#latest;
  }
}

/** All objects of one kind, and the latest changes. Objects are replaced, never changed. */
export class Objects<T extends ApiObject> {
  readonly kind: string;
  readonly #versions: Versions;
  readonly #byKey = new Map<string, T>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #changes: Change<T>[] = [];
  /** Versions up to here can no longer be watched from. */
  #forgottenVersion = 0;

  /** `kind` as the API spells it: `Pod`. */
  constructor(kind: string, versions: Versions) {
    this.kind = kind;
    this.#versions = versions;
  }

  get latestVersion(): number {
    return this.#versions.latest;
  }

  /** By `namespace/name`, or by name. */
  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  all(): IteratorObject<T> {
    return this.#byKey.values();
  }

  /** Stores a new object under a uid of its own; `undefined` when its name is taken. */
  create(object: T, atSeconds: number): T | undefined {
    const key = keyOf(object);
    if (this.#byKey.has(key)) return undefined;
    const resourceVersion = this.#versions.next();
    const created: T = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: uidOf(resourceVersion),
        resourceVersion: String(resourceVersion),
        creationTimestamp: timestamp(atSeconds),
      },
    };
    this.#byKey.set(key, created);
    this.#tell({ type: 'ADDED', object: created, resourceVersion });
    return created;
  }

  /** Replaces an object by what `change` makes of it; `undefined` when there is none. */
  update(key: string, change: (object: T) => T): T | undefined {
    const before = this.#byKey.get(key);
    if (before === undefined) return undefined;
    const after = change(before);
    if (after === before) return before;
    const resourceVersion = this.#versions.next();
    const updated: T = {
      ...after,
      metadata: { ...after.metadata, resourceVersion: String(resourceVersion) },
    };
    this.#byKey.set(key, updated);
    this.#tell({ type: 'MODIFIED', object: updated, resourceVersion });
    return updated;
  }

  delete(key: string): T | undefined {
    const before = this.#byKey.get(key);
    if (before === undefined) return undefined;
    const resourceVersion = this.#versions.next();
    const metadata = { ...before.metadata, resourceVersion: String(resourceVersion) };
    const deleted: T = { ...before, metadata };
    this.#byKey.delete(key);
    this.#tell({ type: 'DELETED', object: deleted, resourceVersion });
    return deleted;
  }

  /** What changed after a version; `expired` when that is not known any more. */
  changesAfter(version: number): readonly Change<T>[] | 'expired' {
    if (version < this.#forgottenVersion) return 'expired';
    return this.#changes.filter(({ resourceVersion }) => resourceVersion > version);
  }

  /** Forgets the changes so far, as the API server does after a compaction. */
  compact(): void {
    this.#forgottenVersion = this.#versions.latest;
    this.#changes = [];
  }

  /** Calls on each change from now on; returns how to end that. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: Change<T>): void {
    this.#changes.push(change);
    if (this.#changes.length >= 2 * MOST_CHANGES) {
      const forgotten = this.#changes.splice(0, MOST_CHANGES);
      this.#forgottenVersion = forgotten.at(-1)?.resourceVersion ?? this.#forgottenVersion;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

/** `namespace/name`, or the name alone of what lives in no namespace. */
export function keyOf({ metadata: { namespace, name = '' } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Whole seconds, as the API writes times. */
export function timestamp(atSeconds: number): string {
  return new Date(Math.floor(atSeconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A valid UUID that is the same in every run. */
export function uidOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}
