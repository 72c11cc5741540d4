import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { Pod } from '../../webhook/words/pod.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import { type ApiKind, nameOf } from '../facts/api-kind.ts';
import { type CustomObject, customFacts, customKinds } from '../facts/custom-objects.ts';
import {
  claimAsKept,
  type DeviceTaintRule,
  type ResourceClaim,
  type ResourceSlice,
  ruleAsKept,
  sliceAsKept,
} from '../facts/dra.ts';
import { eventFacts, type NodeEvent } from '../facts/events.ts';
import { namespaceFacts } from '../facts/namespaces.ts';
import { nodeFacts } from '../facts/nodes.ts';
import { OWNER_KINDS, type OwnerKind, type OwnerObject, ownerFacts } from '../facts/owners.ts';
import { devicePodFacts } from '../facts/pods.ts';
import type { TopologyLevel } from '../facts/topology.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import type { Cluster } from '../state/cluster.ts';
import type { DynamicResources } from '../state/dynamic-resources.ts';
import {
  isServed,
  namespaceSource,
  nodeEventSource,
  nodeSource,
  optionalSource,
  podSource,
} from '../watch/api.ts';
import {
  type Changes,
  type Listed,
  Reflector,
  type ReflectorMetrics,
  type Source,
} from '../watch/reflector.ts';
import type { Ingest } from './ingest.ts';
import type { Unmapped } from './unmapped.ts';

export interface WatchesDeps {
  readonly kubeConfig: KubeConfig;
  readonly ingest: Ingest;
  readonly cluster: Cluster;
  readonly devices: DynamicResources;
  readonly unmapped: Unmapped;
  readonly catalogue: () => Catalogue;
  readonly profiles: () => readonly DeviceProfile[];
  /** Levels of `topology` in extender.yaml. */
  readonly topology: () => readonly TopologyLevel[];
  /** Sees every pod, also those that ask for no device, and hears of those that are gone. */
  readonly everyPod: {
    seen(pod: Pod, nowSeconds: number): void;
    removed(uid: string): void;
  };
  readonly nowSeconds: () => number;
  readonly metrics: (kind: string) => ReflectorMetrics;
  /** A watch had to list again after this many seconds of silence. */
  readonly onGap: (kind: string, seconds: number) => void;
  readonly log: Logger;
}

/**
 * Every watch of the API, and what is done with its objects. Answers need namespaces, nodes and pods; the other kinds
 * only say more about devices, and a cluster need not serve them.
 */
export class Watches {
  readonly #deps: WatchesDeps;
  readonly #namespaces;
  readonly #nodes;
  readonly #pods;
  readonly #signs: readonly { run(): Promise<void>; stop(): void; listed(): Promise<void> }[];
  readonly #owners: readonly { run(): Promise<void>; stop(): void }[];
  readonly #custom = new Map<string, { run(): Promise<void>; stop(): void; refresh(): void }>();
  readonly #running: Promise<void>[] = [];
  /** Kinds that we lack the right to list. */
  readonly #refused = new Set<string>();

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
    const { kubeConfig, ingest, cluster, unmapped, catalogue, profiles, topology, nowSeconds } =
      deps;
    this.#namespaces = this.#reflector('namespaces', namespaceSource(kubeConfig), {
      read: namespaceFacts,
      changed: (namespace) => cluster.setNamespace(namespace),
      removed: (uid) => cluster.removeNamespace(uid),
    });
    this.#nodes = this.#reflector('nodes', nodeSource(kubeConfig), {
      read: (node) => nodeFacts(node, catalogue(), profiles(), topology()),
      changed: (node) => {
        unmapped.onNode(node.name, node.unmapped);
        ingest.nodeChanged(node, nowSeconds());
      },
      removed: (uid, last) => {
        if (last !== undefined) unmapped.onNode(last.name, []);
        ingest.nodeRemoved(uid, nowSeconds());
      },
    });
    this.#pods = this.#reflector('pods', podSource(kubeConfig), {
      read(pod) {
        deps.everyPod.seen(pod, nowSeconds());
        return devicePodFacts(pod, profiles());
      },
      changed: (pod, isListed) => ingest.podChanged(pod, isListed, nowSeconds()),
      removed(uid, last) {
        deps.everyPod.removed(uid);
        if (last !== undefined) ingest.podChanged(last, false, nowSeconds());
        ingest.podRemoved(uid, nowSeconds());
      },
    });
    this.#signs = [this.#events(), ...this.#dynamicResources()];
    this.#owners = OWNER_KINDS.map((kind) => this.#ownersOf(kind));
  }

  /** What has not been listed yet, by kind. */
  get checks(): readonly { name: string; missing: () => string | undefined }[] {
    return [
      { name: 'namespaces-listed', missing: () => this.#namespaces.missing() },
      { name: 'nodes-listed', missing: () => this.#nodes.missing() },
      { name: 'pods-listed', missing: () => this.#pods.missing() },
    ];
  }

  /** Why what is known of pods may be old. */
  podsStale(): string | undefined {
    return this.#pods.stale();
  }

  /** Kinds that we lack the right to list, so that nothing of them is seen. */
  refused(): readonly string[] {
    return [...this.#refused].sort();
  }

  /** Begins to watch; resolves once everything was listed, or at `stop`. */
  async start(): Promise<void> {
    this.#watchCustomKinds();
    await this.#list([this.#namespaces, this.#nodes]);
    // After the nodes, because what is said about an unknown Node is dropped.
    await this.#list(this.#signs);
    // Last, because judging a pod needs all the others.
    await this.#list([this.#pods]);
    // Not waited for: until owners are known, a home ends with its time.
    this.#running.push(...this.#owners.map((reflector) => reflector.run()));
  }

  async #list(
    reflectors: readonly { run(): Promise<void>; listed(): Promise<void> }[],
  ): Promise<void> {
    this.#running.push(...reflectors.map((reflector) => reflector.run()));
    await Promise.all(reflectors.map((reflector) => reflector.listed()));
  }

  /** The configuration has changed, and with it what a device or a signal is: reads everything again. */
  refresh(): void {
    // Rows of the catalogue, and the namespaces that it trusts, may have changed.
    for (const reflector of this.#custom.values()) reflector.refresh();
    this.#watchCustomKinds();
    this.#nodes.refresh();
    this.#pods.refresh();
  }

  async stop(): Promise<void> {
    for (const reflector of [this.#namespaces, this.#nodes, this.#pods, ...this.#signs]) {
      reflector.stop();
    }
    for (const reflector of this.#owners) reflector.stop();
    for (const reflector of this.#custom.values()) reflector.stop();
    await Promise.all(this.#running);
  }

  #events() {
    const { kubeConfig, ingest, cluster, unmapped, catalogue, nowSeconds } = this.#deps;
    return this.#reflector('events', nodeEventSource(kubeConfig, this.#onRefused('events')), {
      areMoments: true,
      // Any tenant may write an Event about whatever Node it names.
      read: (event: NodeEvent) =>
        cluster.node(event.involvedObject?.name ?? '') && eventFacts(event, catalogue()),
      changed: (event, isListed) => {
        unmapped.onEvent(event, nowSeconds());
        ingest.eventSeen(event, isListed, nowSeconds());
      },
      removed: () => {},
    });
  }

  #dynamicResources() {
    const { devices } = this.#deps;
    return [
      this.#dynamic<ResourceSlice>(
        'resourceslices',
        sliceAsKept,
        (slice) => devices.setSlice(slice),
        (uid) => devices.removeSlice(uid),
      ),
      this.#dynamic<DeviceTaintRule>(
        'devicetaintrules',
        ruleAsKept,
        (rule) => devices.setRule(rule),
        (uid) => devices.removeRule(uid),
      ),
      this.#dynamic<ResourceClaim>(
        'resourceclaims',
        claimAsKept,
        (claim) => devices.setClaim(claim),
        (uid) => devices.removeClaim(uid),
      ),
    ];
  }

  /** One kind of dynamic resource allocation; `set` and `remove` give the nodes to look at again. */
  #dynamic<T extends Listed>(
    plural: string,
    read: (object: T) => T | undefined,
    set: (object: T) => ReadonlySet<string>,
    remove: (uid: string) => ReadonlySet<string>,
  ): Reflector<T, T> {
    const { kubeConfig, ingest, nowSeconds } = this.#deps;
    const lookAt = (nodes: ReadonlySet<string>) => {
      for (const node of nodes) ingest.devicesChanged(node, nowSeconds());
    };
    return this.#reflector(
      plural,
      optionalSource<T>(
        kubeConfig,
        { group: 'resource.k8s.io', version: 'v1', plural },
        this.#onRefused(`${plural}.resource.k8s.io`),
      ),
      {
        read,
        changed: (object) => lookAt(set(object)),
        removed: (uid) => lookAt(remove(uid)),
      },
    );
  }

  /** Kinds of custom objects that the catalogue names now. */
  #watchCustomKinds(): void {
    const wanted = new Map(customKinds(this.#deps.catalogue()).map((kind) => [nameOf(kind), kind]));
    for (const [name, reflector] of this.#custom) {
      if (wanted.has(name)) continue;
      reflector.stop();
      this.#custom.delete(name);
      this.#refused.delete(name);
    }
    for (const [name, kind] of wanted) {
      if (this.#custom.has(name)) continue;
      const reflector = this.#customObjects(name, kind);
      this.#custom.set(name, reflector);
      this.#running.push(reflector.run());
    }
  }

  #ownersOf(kind: OwnerKind) {
    const { kubeConfig, ingest, nowSeconds } = this.#deps;
    const { list, watch } = optionalSource<OwnerObject>(
      kubeConfig,
      kind,
      this.#onRefused(nameOf(kind)),
    );
    const source: Source<OwnerObject> = {
      watch,
      list: async (take, signal) => {
        const version = await list(take, signal);
        // After its objects were handed on. A kind may come to be served at any time.
        if (isServed(version)) setImmediate(() => ingest.ownersKnown(kind.kind, nowSeconds()));
        return version;
      },
    };
    return this.#reflector(kind.plural, source, {
      read: (object) => ownerFacts(object, kind),
      changed: (owner) => ingest.ownerChanged(owner, nowSeconds()),
      removed: (uid) => ingest.ownerRemoved(uid, nowSeconds()),
    });
  }

  #customObjects(name: string, kind: ApiKind) {
    const { kubeConfig, ingest, cluster, unmapped, catalogue, nowSeconds } = this.#deps;
    const nodeOf = new Map<string, string>();
    return this.#reflector(
      name,
      optionalSource<CustomObject>(kubeConfig, kind, this.#onRefused(name)),
      {
        read: (object) => ({
          uid: object.metadata?.uid ?? '',
          ...customFacts(object, kind, catalogue()),
        }),
        changed: ({ uid, node, findings, heard }, isListed) => {
          const isNew = !nodeOf.has(uid);
          nodeOf.set(uid, node);
          ingest.customChanged(uid, node, findings, nowSeconds());
          if (cluster.node(node) !== undefined) unmapped.onEvent(heard, nowSeconds());
          if (isNew) ingest.eventSeen(heard, isListed, nowSeconds());
        },
        removed: (uid) => {
          ingest.customChanged(uid, nodeOf.get(uid) ?? '', [], nowSeconds());
          nodeOf.delete(uid);
        },
      },
    );
  }

  /** Remembers and logs once that a kind is refused. */
  #onRefused(name: string): (isRefused: boolean) => void {
    return (isRefused) => {
      if (!isRefused) this.#refused.delete(name);
      else if (!this.#refused.has(name)) {
        this.#refused.add(name);
        this.#deps.log.warn(
          { kind: name },
          'we may not list this kind (403), so nothing that it says is seen; add get, list and watch for it to a ClusterRole of the extender',
        );
      }
    };
  }

  #reflector<T extends Listed, Facts>(
    name: string,
    source: Source<T>,
    changes: Changes<T, Facts>,
  ): Reflector<T, Facts> {
    const { metrics, log, onGap } = this.#deps;
    return new Reflector(name, source, changes, {
      metrics: metrics(name),
      log,
      onGap: (seconds) => onGap(name, seconds),
    });
  }
}
