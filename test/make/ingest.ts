import { pino } from 'pino';
import type { NodeFacts } from '../../extender/facts/facts.ts';
import { Ingest, type IngestDeps } from '../../extender/ingest/ingest.ts';
import type { NodeMarks } from '../../extender/signals/finding.ts';
import { nodeFindings } from '../../extender/signals/finding.ts';
import { Cluster } from '../../extender/state/cluster.ts';
import { DynamicResources } from '../../extender/state/dra.ts';
import { MemoryStore } from '../../extender/storage/memory.ts';
import type { HistoryChanged } from '../../extender/storage/store.ts';
import { CATALOGUE } from './catalogue.ts';
import { makeNode } from './facts.ts';

/** A ingest that keeps its history in memory, and what it told. */
export function makeIngest(overrides: Partial<IngestDeps> & { onChange?: HistoryChanged } = {}) {
  const { onChange, ...deps } = overrides;
  const cluster = new Cluster();
  const store = deps.store ?? new MemoryStore(onChange);
  const devices = new DynamicResources();
  const outcomes: string[] = [];
  const bound: string[] = [];
  const ingest = new Ingest({
    cluster,
    devices,
    store,
    catalogue: () => CATALOGUE,
    onSignal: (row, outcome) => outcomes.push(`${row} ${outcome}`),
    onBound: ({ name, node }) => bound.push(`${name} on ${node}`),
    log: pino({ level: 'silent' }),
    ...deps,
  });
  ingest.keep(0);
  const historyOf = (node: string) => store.get(cluster.node(node)?.host ?? `uuid:${node}`);
  return { ingest, cluster, store, devices, outcomes, bound, historyOf };
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
