import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { readGauge } from '../certs/serving/read-gauge.ts';
import type { EventResult } from './decisions/event-writer.ts';
import type { HazardClass } from './hazard/pod-hazard.ts';
import type { SignalOutcome } from './ingest/host-recorder.ts';
import type { ReflectorMetrics } from './watch/reflector.ts';

/** How one prioritize request ended. */
export type PrioritizeResult =
  | 'answered'
  | 'observed'
  | 'no-opinion'
  | 'not-ready'
  | 'malformed'
  | 'failed'
  | 'shed';

const RESULTS: readonly PrioritizeResult[] = [
  'answered',
  'observed',
  'no-opinion',
  'not-ready',
  'malformed',
  'failed',
  'shed',
];

/** Everything that the extender counts. */
export interface ExtenderMetrics {
  /** Starts the clock; call what it returns once, with how it ended and what was answered. */
  begin(): (result: PrioritizeResult, candidates?: number, answered?: number) => void;
  /** A question was turned away unread. */
  shed(): void;
  /** A pod that has opted in was placed: asked about, or why not. */
  placed(how: string): void;
  event(result: EventResult): void;
  /** A node was marked for schedulers that do not ask us; `normal`: its mark was taken away. */
  marked(hazard: HazardClass): void;
  /** Nodes got so many labels of homes, or lost them. */
  markedHome(change: 'added' | 'removed', labels: number): void;
  /** Nodes that are bad and unmarked, read when the metrics are. */
  countUnmarked(unmarked: () => number): void;
  /** Pods that came in unprepared and wait, read when the metrics are. */
  countUnprepared(unprepared: () => number): void;
  countPastGrace(pastGrace: () => number): void;
  /** A question to Prometheus. */
  askedPrometheus(result: 'answered' | 'failed'): void;
  /** Samples about no node of the cluster, or without a device. */
  unheard(samples: number): void;
  signal(row: string, outcome: SignalOutcome): void;
  watch(name: string): ReflectorMetrics;
  /** One attempt to write a history, and how long it took. */
  historyWritten(result: 'written' | 'conflict' | 'failed', seconds: number): void;
  /** Seconds in which what came and went was not seen. */
  uncovered(seconds: number): void;
  /** What is read when the metrics are: who keeps the history, and what of it is not written. */
  countHistory(history: {
    isLeader: () => boolean;
    unwritten: () => number;
    unmapped: () => number;
  }): void;
}

export function extenderMetrics(registry: Registry): ExtenderMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'surefoot_prioritize_requests_total',
    help: 'Prioritize requests answered, by result.',
    labelNames: ['result'],
    registers,
  });
  for (const result of RESULTS) requests.inc({ result }, 0);
  const duration = new Histogram({
    name: 'surefoot_prioritize_duration_seconds',
    help: 'Time from a whole body to its answer.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25],
    registers,
  });
  const candidates = new Histogram({
    name: 'surefoot_prioritize_candidates',
    help: 'Nodes asked about for a pod that had a decision.',
    buckets: [1, 10, 100, 1000, 10_000],
    registers,
  });
  const answeredNodes = new Histogram({
    name: 'surefoot_prioritize_answered_nodes',
    help: 'Nodes in the answer for a pod that had a decision.',
    buckets: [1, 10, 100, 1000, 10_000],
    registers,
  });
  const placements = new Counter({
    name: 'surefoot_placements_total',
    help: 'Pods of ours that were placed, by whether the scheduler asked and why not.',
    labelNames: ['how'],
    registers,
  });
  for (const how of ['Asked', 'NotAsked']) placements.inc({ how }, 0);
  const events = new Counter({
    name: 'surefoot_events_total',
    help: 'Events about placements, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const marks = new Counter({
    name: 'surefoot_node_marks_total',
    help: 'Changes of the hazard label of nodes, by what it became.',
    labelNames: ['hazard'],
    registers,
  });
  const homeMarks = new Counter({
    name: 'surefoot_home_marks_total',
    help: 'Labels of homes that nodes got or lost.',
    labelNames: ['change'],
    registers,
  });
  const signals = new Counter({
    name: 'surefoot_signals_total',
    help: 'Signals of device faults, by catalogue row and what became of them.',
    labelNames: ['row', 'outcome'],
    registers,
  });
  const restarts = new Counter({
    name: 'surefoot_watch_restarts_total',
    help: 'Watches begun again, by kind of object and why.',
    labelNames: ['kind', 'why'],
    registers,
  });
  const handlerFailures = new Counter({
    name: 'surefoot_watch_handler_failures_total',
    help: 'Changes that could not be taken in.',
    labelNames: ['kind'],
    registers,
  });
  const heard = new Gauge({
    name: 'surefoot_watch_last_heard_timestamp_seconds',
    help: 'When the API server last said anything on this watch, in seconds since 1970.',
    labelNames: ['kind'],
    registers,
  });
  const messages = new Counter({
    name: 'surefoot_watch_messages_total',
    help: 'Changes and whole lists that the API server has sent, by kind of object.',
    labelNames: ['kind'],
    registers,
  });
  const uncovered = new Counter({
    name: 'surefoot_history_uncovered_seconds_total',
    help: 'Time in which what came and went was not seen by anybody.',
    registers,
  });
  const prometheusQueries = new Counter({
    name: 'surefoot_prometheus_queries_total',
    help: 'Rows of the catalogue about which Prometheus was asked, by whether it answered.',
    labelNames: ['result'],
    registers,
  });
  const unheardSamples = new Counter({
    name: 'surefoot_prometheus_unheard_samples_total',
    help: 'Samples of trusted targets about no node of the cluster, or without a device.',
    registers,
  });
  const writes = new Histogram({
    name: 'surefoot_history_write_duration_seconds',
    help: 'Time to write the history of one host, by result.',
    labelNames: ['result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2, 10],
    registers,
  });
  return {
    askedPrometheus: (result) => prometheusQueries.inc({ result }),
    unheard: (samples) => unheardSamples.inc(samples),
    shed: () => requests.inc({ result: 'shed' }),
    placed: (how) => placements.inc({ how }),
    event: (result) => events.inc({ result }),
    marked: (hazard) => marks.inc({ hazard }),
    markedHome: (change, labels) => homeMarks.inc({ change }, labels),
    countUnprepared(unprepared) {
      readGauge(
        registry,
        'surefoot_unprepared_pods',
        'Device pods that have opted in, came in unprepared, and wait; told by the replica that leads.',
        unprepared,
      );
    },
    countPastGrace(pastGrace) {
      readGauge(
        registry,
        'surefoot_pods_past_grace',
        'Pods that hold devices a minute after their grace is over; told by the replica that leads.',
        pastGrace,
      );
    },
    countUnmarked(unmarked) {
      readGauge(
        registry,
        'surefoot_nodes_unmarked',
        'Nodes of elevated or high hazard without a label, because enough others have one.',
        unmarked,
      );
    },
    uncovered: (seconds) => uncovered.inc(seconds),
    historyWritten: (result, seconds) => writes.observe({ result }, seconds),
    countHistory({ isLeader, unwritten, unmapped }) {
      new Gauge({
        name: 'surefoot_history_leader',
        help: '1 while this replica keeps the history.',
        registers,
        collect() {
          this.set(isLeader() ? 1 : 0);
        },
      });
      new Gauge({
        name: 'surefoot_history_unwritten_hosts',
        help: 'Hosts whose history has changes that are not written yet.',
        registers,
        collect() {
          this.set(unwritten());
        },
      });
      new Gauge({
        name: 'surefoot_unmapped_kinds',
        help: 'Kinds of conditions, taints and Events on nodes that no row of the catalogue knows.',
        registers,
        collect() {
          this.set(unmapped());
        },
      });
    },
    begin() {
      const end = duration.startTimer();
      return (result, asked, answered) => {
        end();
        requests.inc({ result });
        if (asked !== undefined) candidates.observe(asked);
        if (answered !== undefined) answeredNodes.observe(answered);
      };
    },
    signal: (row, outcome) => signals.inc({ row, outcome }),
    watch(kind) {
      // Found once: they are written thousands of times a second.
      const [lastHeard, heardOf] = [heard.labels({ kind }), messages.labels({ kind })];
      return {
        restarted: (why) => restarts.inc({ kind, why }),
        handlerFailed: () => handlerFailures.inc({ kind }),
        heard() {
          lastHeard.set(Date.now() / 1000);
          heardOf.inc();
        },
      };
    },
  };
}
