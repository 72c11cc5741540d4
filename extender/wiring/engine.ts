import type { Logger } from 'pino';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import type { Decision } from '../decisions/record.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { LossTerm } from '../forecast/loss-terms.ts';
import type { SignalOutcome } from '../ingest/host-recorder.ts';
import { Ingest } from '../ingest/ingest.ts';
import { ForecastCache } from '../prioritize/forecast-cache.ts';
import { decide, prioritize, type Verdict } from '../prioritize/prioritize.ts';
import type { Question } from '../prioritize/wire.ts';
import type { ExtenderConfig } from '../settings.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { Cluster } from '../state/cluster.ts';
import { DynamicResources } from '../state/dynamic-resources.ts';
import { RatesOfFleet } from '../state/fleet-rates.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { HistoryStore } from '../storage/store.ts';

export interface EngineOptions {
  readonly store: HistoryStore;
  readonly catalogue: () => Catalogue;
  readonly config: () => ExtenderConfig;
  readonly profiles: () => readonly DeviceProfile[];
  /** Default: those of Surefoot. */
  readonly terms?: readonly LossTerm[];
  /** A signal was seen, and this became of it; default: nothing listens. */
  readonly onSignal?: (row: string, outcome: SignalOutcome) => void;
  /** The kubelet has refused a pod for a reason that no row of the catalogue knows. */
  readonly onUnmapped?: (node: string, kind: string, nowSeconds: number) => void;
  readonly log: Logger;
}

/**
 * Everything from facts to answers, without a socket or a clock: what the watches show goes in, forecasts come out.
 * One composition for the program, for simulations and for tests.
 */
export class Engine {
  readonly cluster = new Cluster();
  readonly devices = new DynamicResources();
  readonly store: HistoryStore;
  readonly ingest: Ingest;
  readonly rates: RatesOfFleet;
  readonly cache: ForecastCache;
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    const { store, catalogue, terms, onSignal = () => {}, onUnmapped, log } = options;
    const { cluster, devices } = this;
    this.#options = options;
    this.store = store;
    this.ingest = new Ingest({
      cluster,
      devices,
      store,
      catalogue,
      onSignal,
      ...(onUnmapped !== undefined && { onUnmapped }),
      log,
    });
    this.rates = new RatesOfFleet(cluster, store);
    this.cache = new ForecastCache(terms);
  }

  /** The facts from which everything is answered at this moment. */
  snapshot(nowSeconds: number): Snapshot {
    const { homes, pulls, runs, owners } = this.ingest;
    return {
      cluster: this.cluster,
      homes,
      pulls,
      runs,
      owners,
      devices: this.devices,
      store: this.store,
      rates: this.rates.current,
      rackOutages: this.rates.rackOutages,
      config: this.#options.config(),
      profiles: this.#options.profiles(),
      nowSeconds,
    };
  }

  prioritize(question: Question, nowSeconds: number): Verdict {
    return prioritize(question, this.snapshot(nowSeconds), this.cache);
  }

  /** A decision for a pod that waits, on nodes by their index; `undefined` where Surefoot has no opinion. */
  decide(pod: PodFacts, nodeIndexes: Int32Array, nowSeconds: number): Decision | undefined {
    const asked = { nodeIndexes, unknown: NONE };
    const verdict = decide(pod, asked, this.snapshot(nowSeconds), this.cache);
    return verdict.kind === 'decision' ? verdict.decision : undefined;
  }

  /** To be called about every second. */
  tick(nowSeconds: number): void {
    this.ingest.tick(nowSeconds);
    this.rates.tick(nowSeconds);
    this.cache.renew(this.snapshot(nowSeconds));
  }
}

const NONE: ReadonlySet<string> = new Set();
