import jsonpatch from 'jsonpatch';
import { pino } from 'pino';
import { decide } from '../../webhook/admission/decide.ts';
import { patchFor } from '../../webhook/admission/patch.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import type { Decision } from '../decisions/record.ts';
import type { NodeFacts } from '../facts/facts.ts';
import { nodeFacts } from '../facts/nodes.ts';
import { podFacts } from '../facts/pods.ts';
import type { Doors, FleetApi } from '../fleet/fleet.ts';
import type { FleetNode } from '../fleet/racks.ts';
import type { LossTerm } from '../forecast/loss-terms.ts';
import { namedScores } from '../prioritize/prioritize.ts';
import { named } from '../prioritize/wire.ts';
import type { ExtenderConfig } from '../settings.ts';
import { builtInCatalogue } from '../signals/built-in-catalogue.ts';
import { catalogueOf } from '../signals/catalogue.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { MemoryStore } from '../storage/memory.ts';
import { Engine } from '../wiring/engine.ts';
import type { PlacementPolicy } from './rivals/policy.ts';

/** How often homes that have ended are dropped; in seconds of the fleet. */
const PRUNE_INTERVAL_SECONDS = 600;
/** How often states that wait are looked at again; in seconds of the fleet. */
const TICK_INTERVAL_SECONDS = 10;

interface Seen {
  readonly version: number;
  readonly atSeconds: number;
  readonly take: (nowSeconds: number) => void;
}

/**
 * Both halves of Surefoot beside a fleet, without sockets: the rules of the webhook and the answers
 * of the extender, called as functions, and the watches as a queue in the order of versions.
 */
export class SurefootInProcess implements PlacementPolicy {
  readonly #profiles: readonly DeviceProfile[];
  readonly #catalogue = catalogueOf(builtInCatalogue());
  readonly engine: Engine;
  readonly #topology: ExtenderConfig['topology'];
  #onDecision: (decision: Decision) => void = () => {};
  #queue: Seen[] = [];
  #prunedAtSeconds = 0;
  #tickedAtSeconds = 0;

  constructor(
    profiles: readonly DeviceProfile[],
    config: ExtenderConfig,
    terms?: readonly LossTerm[],
  ) {
    this.#profiles = profiles;
    this.#topology = config.topology;
    this.engine = new Engine({
      store: new MemoryStore(),
      catalogue: () => this.#catalogue,
      config: () => config,
      profiles: () => profiles,
      ...(terms !== undefined && { terms }),
      log: pino({ level: 'silent' }),
    });
  }

  /** What the fleet calls; `nowSeconds` is the fleet's. */
  doors(nowSeconds: () => number): Doors {
    return {
      admit: async (pod) => this.#admit(pod),
      prioritize: async ({ Pod: pod, NodeNames: nodes }) => {
        this.#catchUp(nowSeconds());
        const { cluster } = this.engine;
        const question = { pod, ...named(nodes, cluster.index), sentWholeNodes: false };
        const verdict = this.engine.prioritize(question, nowSeconds());
        if (verdict.kind !== 'decision') return [];
        this.#onDecision(verdict.decision);
        return namedScores(verdict.answer, cluster).map(({ node, score }) => ({
          Host: node,
          Score: score,
        }));
      },
    };
  }

  /** Calls with each decision that a question has led to. */
  onDecision(listener: (decision: Decision) => void): void {
    this.#onDecision = listener;
  }

  /** What Surefoot knows by then. */
  snapshot(nowSeconds: number): Snapshot {
    this.#catchUp(nowSeconds);
    return this.engine.snapshot(nowSeconds);
  }

  /** Watches the fleet from now on. */
  watch({ nodes, pods }: FleetApi, nowSeconds: () => number): void {
    const { ingest } = this.engine;
    ingest.becomeLeader(nowSeconds());
    for (const node of nodes.all()) ingest.nodeChanged(this.#nodeFacts(node), nowSeconds());
    nodes.subscribe(({ object, resourceVersion }) => {
      this.#saw(resourceVersion, nowSeconds(), (at) => {
        ingest.nodeChanged(this.#nodeFacts(object), at);
      });
    });
    pods.subscribe(({ type, object, resourceVersion }) => {
      this.#saw(resourceVersion, nowSeconds(), (at) => {
        const facts = podFacts(object, this.#profiles);
        ingest.podChanged(facts, false, at);
        if (type === 'DELETED') ingest.podRemoved(facts.uid, at);
      });
    });
  }

  #nodeFacts(node: FleetNode): NodeFacts {
    return nodeFacts(node, this.#catalogue, this.#profiles, this.#topology);
  }

  /** Whoever changes an object while it hears of a change is heard first, so versions are sorted. */
  #saw(version: number, atSeconds: number, take: Seen['take']): void {
    this.#queue.push({ version, atSeconds, take });
  }

  #catchUp(nowSeconds: number): void {
    const seen = this.#queue.sort((a, b) => a.version - b.version);
    this.#queue = [];
    for (const { atSeconds, take } of seen) {
      this.#tick(atSeconds);
      take(atSeconds);
    }
    this.#tick(nowSeconds);
    if (nowSeconds - this.#prunedAtSeconds < PRUNE_INTERVAL_SECONDS) return;
    this.#prunedAtSeconds = nowSeconds;
    this.engine.ingest.prune(nowSeconds);
    this.engine.rates.reckon(nowSeconds);
  }

  #tick(nowSeconds: number): void {
    if (nowSeconds - this.#tickedAtSeconds < TICK_INTERVAL_SECONDS) return;
    this.#tickedAtSeconds = nowSeconds;
    this.engine.ingest.tick(nowSeconds);
  }

  #admit(pod: Pod): Pod {
    const operations = patchFor(pod, decide(pod, this.#profiles, 'act'));
    return 'code' in operations || operations.length === 0
      ? pod
      : jsonpatch.apply_patch(structuredClone(pod), [...operations]);
  }
}
