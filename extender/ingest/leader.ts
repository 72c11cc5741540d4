import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { LeaderElector } from '../../certs/cluster/lease.ts';
import { leaseApi } from '../../certs/cluster/lease-api.ts';
import { serverTime } from '../../certs/cluster/server-time.ts';
import { deviceHistoryApi } from '../storage/api.ts';
import { ClusterStore } from '../storage/cluster-store.ts';
import {
  DEVICE_HISTORIES,
  type DeviceHistory,
  historyOf,
  PLURAL,
} from '../storage/device-history.ts';
import { forgivenessIn, withoutForgiveness } from '../storage/forgive.ts';
import { MemoryStore } from '../storage/memory.ts';
import type { HistoryChanged, HistoryStore } from '../storage/store.ts';
import { servedSource } from '../watch/api.ts';
import { Reflector, type ReflectorMetrics } from '../watch/reflector.ts';
import type { Ingest } from './ingest.ts';
import { MISSED_SECONDS } from './missed-moments.ts';

/** Where history is kept, and by whom: what `--history` chooses. */
export interface Leader {
  readonly store: HistoryStore;
  /** Loads what is stored; resolves once it may be answered from, or at `stop`. */
  load(): Promise<void>;
  /** Begins to keep the history, alone or when it is this replica's turn. */
  start(ingest: Ingest): void;
  /** Why nothing is loaded yet. */
  missing(): string | undefined;
  /** What is wrong, though answers go on. */
  remark(): string | undefined;
  readonly unwritten: number;
  /** Whether it is about this time, as whoever keeps the histories says; false where that is not known. */
  confirms(nowSeconds: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Keeps history in this process. */
export function memoryLeader(nowSeconds: () => number, onChange: HistoryChanged): Leader {
  const store = new MemoryStore(onChange);
  return {
    store,
    load: async () => {},
    start: (ingest) => ingest.keep(nowSeconds()),
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
  readonly onChange: HistoryChanged;
  readonly onWritten: (result: 'written' | 'conflict' | 'failed', seconds: number) => void;
  readonly watchMetrics: ReflectorMetrics;
  /** Nobody kept the history from when to when. */
  readonly onGap: (fromSeconds: number, toSeconds: number) => void;
  readonly log: Logger;
}

/** Name of the lease of the replica that keeps the history. */
const LEASE = 'surefoot-extender';
/** How long a stop waits for what is not written. */
const LAST_WRITES_MS = 3000;
const LEAD_AGAIN_MS = 1000;
/** Clocks of a cluster are some milliseconds apart; one that is minutes wrong would end homes and histories. */
const MOST_APART_SECONDS = 60;

/** Keeps history in DeviceHistory objects; of several replicas, the one that holds the lease. */
export function clusterLeader(deps: ClusterLeaderDeps): Leader {
  const { kubeConfig, identity, namespace, nowSeconds, watchMetrics, log } = deps;
  const api = deviceHistoryApi(kubeConfig);
  const store = new ClusterStore({ ...deps, api });
  const source = servedSource<DeviceHistory>(kubeConfig, DEVICE_HISTORIES);
  const stopping = new AbortController();
  let ingest: Ingest | undefined;
  let watchingSinceSeconds = 0;

  /** When each mark was first seen: what breaks afterwards is not forgiven by it. */
  const askedAtSeconds = new Map<string, number>();

  /** Somebody with the right to change the object asks to forgive what is in it. */
  async function forgive(object: DeviceHistory): Promise<void> {
    const asked = forgivenessIn(object);
    const read = historyOf(object);
    if (asked === undefined || !read.ok || ingest?.isLeader !== true) return;
    const { host, node } = read.history;
    const mark = `${object.metadata.uid} ${JSON.stringify(asked)}`;
    const openedBySeconds = askedAtSeconds.get(mark) ?? nowSeconds();
    if (!askedAtSeconds.has(mark)) {
      askedAtSeconds.set(mark, openedBySeconds);
      const forgiven = ingest.forgive(host, { ...asked, openedBySeconds }, nowSeconds());
      log.info({ node, forgiven, ...asked }, 'forgiven');
    }
    // Only once it is written: a crash before that forgives again.
    await store.settled(host);
    await withoutForgiveness(kubeConfig, object.metadata.name ?? '');
    askedAtSeconds.delete(mark);
  }

  const names = new Map<string, string>();
  const asking = new Map<string, DeviceHistory>();
  const reflector = new Reflector(
    PLURAL,
    source,
    {
      read: (object) => object,
      changed(object) {
        const { uid = '', name = '' } = object.metadata;
        names.set(uid, name);
        store.changed(object);
        if (forgivenessIn(object) === undefined) {
          asking.delete(name);
          return;
        }
        asking.set(name, object);
        forgive(object).catch((error) => log.error({ err: error }, 'could not forgive'));
      },
      removed(uid) {
        const name = names.get(uid) ?? '';
        store.removed(name);
        asking.delete(name);
        names.delete(uid);
      },
    },
    { metrics: watchMetrics, log },
  );

  async function lead(lastRenewedAt: string | undefined): Promise<void> {
    // What the last leader wrote may not have come by the watch yet.
    await source.list((object) => store.changed(object), stopping.signal);
    if (!leader.isLeading) return;
    if (lastRenewedAt !== undefined && lastRenewedAt !== '') {
      const heardSeconds = Math.max(watchingSinceSeconds, nowSeconds() - MISSED_SECONDS);
      deps.onGap(Date.parse(lastRenewedAt) / 1000, heardSeconds);
    }
    store.beginWriting();
    ingest?.keep(nowSeconds());
    for (const object of asking.values()) await forgive(object);
  }

  /** Until it has succeeded, or it is another replica's turn: a leader that keeps nothing helps nobody. */
  async function leadAtLast(lastRenewedAt: string | undefined): Promise<void> {
    const isDone = () => !leader.isLeading || ingest?.isLeader === true;
    while (!isDone()) {
      await lead(lastRenewedAt).catch((error) =>
        log.error({ err: error }, 'could not begin to keep the history; trying again'),
      );
      if (!isDone()) await sleep(LEAD_AGAIN_MS);
    }
  }

  const leader = new LeaderElector({
    api: leaseApi(kubeConfig, namespace, LEASE),
    identity,
    duty: 'keeping the history',
    log,
    onLead: (lastRenewedAt) => {
      void leadAtLast(lastRenewedAt);
    },
    onLost: () => {
      store.stopWriting();
      ingest?.stopKeeping();
    },
  });
  const running: Promise<void>[] = [];

  return {
    store,
    async load() {
      running.push(reflector.run());
      await reflector.listed();
    },
    start(told) {
      ingest = told;
      watchingSinceSeconds = nowSeconds();
      running.push(leader.run());
    },
    missing: () => reflector.missing(),
    async confirms(nowSeconds) {
      const at = await serverTime(kubeConfig).catch(() => undefined);
      if (at === undefined) return false;
      const apartSeconds = Math.abs(at.getTime() / 1000 - nowSeconds);
      if (apartSeconds <= MOST_APART_SECONDS) return true;
      log.warn(
        { apartSeconds: Math.round(apartSeconds) },
        "this machine's clock is not the API server's, so nothing is forgotten by it; set it right",
      );
      return false;
    },
    remark: () =>
      leader.isLeading && ingest?.isLeader !== true
        ? 'this replica is to keep the history, and has not been able to begin'
        : store.remark(),
    get unwritten() {
      return store.unwritten;
    },
    async stop() {
      await Promise.race([
        store.settled(),
        new Promise((resolve) => setTimeout(resolve, LAST_WRITES_MS)),
      ]);
      store.stop();
      stopping.abort();
      reflector.stop();
      leader.stop();
      await Promise.all(running);
    },
  };
}
