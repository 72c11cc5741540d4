import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { LeaderElector } from '../../certs/cluster/lease.ts';
import { leaseApi } from '../../certs/cluster/lease-api.ts';
import { serverTime } from '../../certs/cluster/server-time.ts';
import { deviceHistoryApi } from '../storage/api.ts';
import { ClusterStore } from '../storage/cluster-store.ts';
import { historyOf } from '../storage/decode.ts';
import { forgivenessIn, withoutForgiveness } from '../storage/forgive.ts';
import { MemoryStore } from '../storage/memory.ts';
import { DEVICE_HISTORIES, type DeviceHistory, PLURAL } from '../storage/schema.ts';
import type { HistoryStore } from '../storage/store.ts';
import { servedSource } from '../watch/api.ts';
import { Reflector, type ReflectorMetrics, type Source } from '../watch/reflector.ts';
import type { Ingest } from './ingest.ts';
import { MISSED_SECONDS } from './missed-moments.ts';

/** Where the history is stored, and which replica records it: what `--history` chooses. */
export interface Leader {
  readonly store: HistoryStore;
  /** Loads what is stored; resolves once it may be answered from, or at `stop`. */
  load(): Promise<void>;
  /** Lets `ingest` record the history, at once or when it is this replica's turn. */
  start(ingest: Ingest): void;
  /** Why nothing is loaded yet; `undefined` once it is. */
  missing(): string | undefined;
  /** What is wrong, though answers go on. */
  remark(): string | undefined;
  /** Hosts whose history has changes that are not written yet. */
  readonly unwritten: number;
  /** Whether it is about this time, as the API server says; false where that is not known. */
  confirms(nowSeconds: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Keeps the history in this process, as its only replica. */
export function memoryLeader(nowSeconds: () => number): Leader {
  return {
    store: new MemoryStore(),
    load: async () => {},
    start: (ingest) => ingest.becomeLeader(nowSeconds()),
    missing: () => undefined,
    confirms: async () => true,
    remark: () => 'history is kept in memory only, and ends with this process (--history memory)',
    unwritten: 0,
    stop: async () => {},
  };
}

export interface ClusterLeaderDeps {
  readonly kubeConfig: KubeConfig;
  /** Unique among replicas. */
  readonly identity: string;
  readonly namespace: string;
  readonly nowSeconds: () => number;
  readonly onWritten: (result: 'written' | 'conflict' | 'failed', seconds: number) => void;
  readonly watchMetrics: ReflectorMetrics;
  /** No replica recorded the history from when to when. */
  readonly onGap: (fromSeconds: number, toSeconds: number) => void;
  /** True of a program that goes by the history and never records it. */
  readonly onlyFollows?: boolean;
  readonly log: Logger;
}

/** Name of the Lease that the recording replica holds. */
const LEASE = 'surefoot-extender';
/** How long a stop waits for what is not written. */
const LAST_WRITES_MS = 3000;
const LEAD_AGAIN_MS = 1000;
/** Clocks of a cluster are some milliseconds apart; one that is minutes wrong would end homes and histories. */
const MOST_APART_SECONDS = 60;

/** Stores the history in DeviceHistory objects; of several replicas, the one that holds the Lease records it. */
export class ClusterLeader implements Leader {
  readonly store: ClusterStore;
  readonly #deps: ClusterLeaderDeps;
  readonly #source: Source<DeviceHistory>;
  readonly #reflector: Reflector<DeviceHistory, DeviceHistory>;
  readonly #elector: LeaderElector;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[] = [];
  /** Uid to name of the objects. */
  readonly #names = new Map<string, string>();
  /** Objects with a request to forgive, by name. */
  readonly #forgivable = new Map<string, DeviceHistory>();
  /** When each request was first seen: what breaks afterwards is not forgiven by it. */
  readonly #forgivenAtSeconds = new Map<string, number>();
  #ingest: Ingest | undefined;
  #watchingSinceSeconds = 0;

  constructor(deps: ClusterLeaderDeps) {
    const { kubeConfig, identity, namespace, watchMetrics, log } = deps;
    this.#deps = deps;
    this.store = new ClusterStore({ ...deps, api: deviceHistoryApi(kubeConfig) });
    this.#source = servedSource<DeviceHistory>(kubeConfig, DEVICE_HISTORIES);
    this.#reflector = new Reflector(
      PLURAL,
      this.#source,
      {
        read: (object) => object,
        changed: (object) => this.#objectChanged(object),
        removed: (uid) => this.#objectRemoved(uid),
      },
      { metrics: watchMetrics, log },
    );
    this.#elector = new LeaderElector({
      api: leaseApi(kubeConfig, namespace, LEASE),
      identity,
      duty: 'keeping the history',
      log,
      onLead: (lastRenewedAt) => void this.#leadAtLast(lastRenewedAt),
      onLost: () => {
        this.store.stopWriting();
        this.#ingest?.stopLeading();
      },
    });
  }

  async load(): Promise<void> {
    this.#running.push(this.#reflector.run());
    await this.#reflector.listed();
  }

  start(ingest: Ingest): void {
    this.#ingest = ingest;
    this.#watchingSinceSeconds = this.#deps.nowSeconds();
    if (this.#deps.onlyFollows !== true) this.#running.push(this.#elector.run());
  }

  missing(): string | undefined {
    return this.#reflector.missing();
  }

  remark(): string | undefined {
    return this.#elector.isLeading && this.#ingest?.isLeader !== true
      ? 'this replica is to keep the history, and has not been able to begin'
      : this.store.remark();
  }

  get unwritten(): number {
    return this.store.unwritten;
  }

  async confirms(nowSeconds: number): Promise<boolean> {
    const at = await serverTime(this.#deps.kubeConfig).catch(() => undefined);
    if (at === undefined) return false;
    const apartSeconds = Math.abs(at.getTime() / 1000 - nowSeconds);
    if (apartSeconds <= MOST_APART_SECONDS) return true;
    this.#deps.log.warn(
      { apartSeconds: Math.round(apartSeconds) },
      "this machine's clock is not the API server's, so nothing is forgotten by it; set it right",
    );
    return false;
  }

  async stop(): Promise<void> {
    await Promise.race([
      this.store.settled(),
      new Promise((resolve) => setTimeout(resolve, LAST_WRITES_MS)),
    ]);
    this.store.stop();
    this.#stopping.abort();
    this.#reflector.stop();
    this.#elector.stop();
    await Promise.all(this.#running);
  }

  #objectChanged(object: DeviceHistory): void {
    const { uid = '', name = '' } = object.metadata;
    this.#names.set(uid, name);
    this.store.changed(object);
    if (forgivenessIn(object) === undefined) {
      this.#forgivable.delete(name);
      return;
    }
    this.#forgivable.set(name, object);
    this.#forgive(object).catch((error) =>
      this.#deps.log.error({ err: error }, 'could not forgive'),
    );
  }

  #objectRemoved(uid: string): void {
    const name = this.#names.get(uid) ?? '';
    this.store.removed(name);
    this.#forgivable.delete(name);
    this.#names.delete(uid);
  }

  /** Somebody with the right to change the object asks to forgive what is in it. */
  async #forgive(object: DeviceHistory): Promise<void> {
    const asked = forgivenessIn(object);
    const read = historyOf(object);
    const ingest = this.#ingest;
    if (asked === undefined || !read.ok || ingest?.isLeader !== true) return;
    const { nowSeconds, kubeConfig, log } = this.#deps;
    const { host, node } = read.history;
    const request = `${object.metadata.uid} ${JSON.stringify(asked)}`;
    const openedBySeconds = this.#forgivenAtSeconds.get(request) ?? nowSeconds();
    if (!this.#forgivenAtSeconds.has(request)) {
      this.#forgivenAtSeconds.set(request, openedBySeconds);
      const forgiven = ingest.forgive(host, { ...asked, openedBySeconds }, nowSeconds());
      log.info({ node, forgiven, ...asked }, 'forgiven');
    }
    // Only once it is written: a crash before that forgives again.
    await this.store.settled(host);
    await withoutForgiveness(kubeConfig, object.metadata.name ?? '');
    this.#forgivenAtSeconds.delete(request);
  }

  /** Until it has succeeded, or it is another replica's turn: a leader that records nothing helps nobody. */
  async #leadAtLast(lastRenewedAt: string | undefined): Promise<void> {
    const isDone = () => !this.#elector.isLeading || this.#ingest?.isLeader === true;
    while (!isDone()) {
      await this.#lead(lastRenewedAt).catch((error) =>
        this.#deps.log.error({ err: error }, 'could not begin to keep the history; trying again'),
      );
      if (!isDone()) await sleep(LEAD_AGAIN_MS);
    }
  }

  async #lead(lastRenewedAt: string | undefined): Promise<void> {
    const { nowSeconds, onGap } = this.#deps;
    // What the last leader wrote may not have come by the watch yet.
    await this.#source.list((object) => this.store.changed(object), this.#stopping.signal);
    if (!this.#elector.isLeading) return;
    if (lastRenewedAt !== undefined && lastRenewedAt !== '') {
      const keptSinceSeconds = Math.max(this.#watchingSinceSeconds, nowSeconds() - MISSED_SECONDS);
      onGap(Date.parse(lastRenewedAt) / 1000, keptSinceSeconds);
    }
    this.store.beginWriting();
    this.#ingest?.becomeLeader(nowSeconds());
    for (const object of this.#forgivable.values()) await this.#forgive(object);
  }
}
