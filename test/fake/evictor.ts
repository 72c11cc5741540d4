import type { Eviction, Evictor } from '../../extender/release/evictor.ts';
import type { JobFacts } from '../../extender/release/guards.ts';
import type { ReleaseStore } from '../../extender/release/release-store.ts';
import type { Release } from '../../extender/release/releases.ts';
import type { ObjectMeta, Pod } from '../../webhook/words/pod.ts';

/** An API server as far as a release sees it. */
export class FakeEvictor implements Evictor {
  readonly pods = new Map<string, Pod>();
  readonly nodes = new Map<string, ObjectMeta>();
  /** What it answers in the place of granting; also to dry runs. */
  answer: Eviction | undefined;
  /** Who else holds the maintenance Lease of every node. */
  holder: string | undefined;
  /** The Job that it refuses to show. */
  failsOn: string | undefined;
  readonly jobsAsked: string[] = [];
  /** `dry run NAME`, `evict NAME`, `lease NODE`, `give back NODE`, in order. */
  readonly done: string[] = [];

  async pod(namespace: string, name: string): Promise<Pod | undefined> {
    return this.pods.get(`${namespace}/${name}`);
  }

  async node(name: string): Promise<ObjectMeta> {
    return this.nodes.get(name) ?? { name, labels: {} };
  }

  async nodesWith(labels: Readonly<Record<string, string>>): Promise<ReadonlySet<string>> {
    const wanted = Object.entries(labels);
    const found = [...this.nodes].filter(([, { labels: own = {} }]) =>
      wanted.every(([key, value]) => own[key] === value),
    );
    return new Set(found.map(([name]) => name));
  }

  async namespace(name: string): Promise<ObjectMeta> {
    return { name };
  }

  async job(_namespace: string, name: string): Promise<JobFacts> {
    this.jobsAsked.push(name);
    if (this.failsOn === name) throw new Error('403');
    return {};
  }

  async evict({ metadata }: Pod, { dryRun }: { readonly dryRun: boolean }): Promise<Eviction> {
    this.done.push(`${dryRun ? 'dry run' : 'evict'} ${metadata.name}`);
    return this.answer ?? { kind: 'done' };
  }

  async maintain(_leases: string, node: string): Promise<string | undefined> {
    this.done.push(`lease ${node}`);
    return this.holder;
  }

  async leave(_leases: string, node: string): Promise<void> {
    this.done.push(`give back ${node}`);
  }
}

/** Keeps verdicts as the cluster does; one store for all replicas. */
export class FakeReleaseStore implements ReleaseStore {
  releases: readonly Release[] = [];
  /** What a save or a load fails with. */
  failsWith: Error | undefined;

  async load(): Promise<readonly Release[]> {
    if (this.failsWith !== undefined) throw this.failsWith;
    return this.releases;
  }

  async save(releases: readonly Release[]): Promise<void> {
    if (this.failsWith !== undefined) throw this.failsWith;
    this.releases = releases;
  }
}
