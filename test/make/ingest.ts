import { pino } from 'pino';
import type { NodeFacts } from '../../extender/facts/facts.ts';
import type { IngestListener } from '../../extender/ingest/ingest.ts';
import type { NodeMarks } from '../../extender/signals/finding.ts';
import { nodeFindings } from '../../extender/signals/finding.ts';
import { MemoryStore } from '../../extender/storage/memory.ts';
import { Engine, type EngineOptions } from '../../extender/wiring/engine.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import { CATALOGUE } from './catalogue.ts';
import { ACTING } from './configuration.ts';
import { makeNode } from './facts.ts';
import { makeProfile } from './profile.ts';

export interface IngestParts
  extends Partial<Pick<EngineOptions, 'store' | 'onSignal' | 'onUnmapped' | 'catalogue' | 'log'>> {
  readonly onBound?: NonNullable<IngestListener['bound']>;
  readonly profiles?: readonly DeviceProfile[];
}

/** An engine that leads and keeps its history in memory, and what it told. */
export function makeIngest({ onBound, profiles = [makeProfile()], ...options }: IngestParts = {}) {
  const outcomes: string[] = [];
  const bound: string[] = [];
  const engine = new Engine({
    store: new MemoryStore(),
    catalogue: () => CATALOGUE,
    config: () => ACTING,
    profiles: () => profiles,
    onSignal: (row, outcome) => outcomes.push(`${row} ${outcome}`),
    log: pino({ level: 'silent' }),
    ...options,
  });
  const { ingest, cluster, store, devices } = engine;
  ingest.subscribe({
    bound(pod, ...when) {
      bound.push(`${pod.name} on ${pod.node}`);
      onBound?.(pod, ...when);
    },
  });
  ingest.becomeLeader(0);
  const historyOf = (node: string) => store.get(cluster.node(node)?.host ?? `uuid:${node}`);
  return { engine, ingest, cluster, store, devices, outcomes, bound, historyOf };
}

/** A node on which these things stand, as the catalogue reads them. */
export function makeMarkedNode(
  marks: Partial<NodeMarks>,
  overrides: Partial<NodeFacts> = {},
): NodeFacts {
  const whole: NodeMarks = {
    conditions: [],
    labels: {},
    annotations: {},
    taints: [],
    isCordoned: false,
    ...marks,
  };
  return makeNode({
    isCordoned: whole.isCordoned,
    ...nodeFindings(whole, CATALOGUE),
    ...overrides,
  });
}

/** A condition with a status, as agents write them. */
export function makeCondition(type: string, status: string, message = '', reason = type) {
  return { type, status, reason, message };
}
