import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { httpStatusOf } from '../../certs/cluster/api-error.ts';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { microTime } from '../../certs/cluster/micro-time.ts';
import { Seldom } from '../../certs/serving/seldom.ts';
import { beginningInBytes } from '../bounds/cut-text.ts';

/** What is told: a pod's owner about the pod, administrators about a node. */
export interface WrittenEvent {
  readonly reason:
    | 'PreferredPreviousNode'
    | 'AvoidedFlakyNode'
    | 'PreferredWarmNode'
    | 'PlacedElsewhere'
    | 'OnlyFlakyNodesLeft'
    | 'NotPrepared'
    | 'HazardHigh'
    | 'IncidentsForgiven'
    | 'ReleaseAdvised'
    | 'Released';
  readonly type: 'Normal' | 'Warning';
  /** See `noteOf`. */
  readonly note: string;
}

/** The API's limit, in bytes (kubernetes pkg/apis/core/validation/events.go, NoteLengthLimit). */
const MOST_NOTE_BYTES = 1024;

/** The words of an Event, as many as the API takes: it refuses one that is longer. */
export function noteOf(words: string): string {
  return beginningInBytes(words, MOST_NOTE_BYTES);
}

/** What became of an Event. */
export type EventResult = 'written' | 'failed' | 'dropped';

/** An object that an Event is about. */
export interface Regarding {
  /** Default: a pod. */
  readonly kind?: 'Node';
  /** Empty of a node. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventSink {
  create(regarding: Regarding, event: WrittenEvent, at: Date): Promise<void>;
}

export interface EventWriterDeps {
  readonly sink: EventSink;
  readonly onResult: (result: EventResult) => void;
  readonly log: Logger;
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
}

/** A restart of a large group gets Events for some of its pods; the others are counted. */
const EVENTS_AT_ONCE = 50;
const EVENTS_A_SECOND = 5;
/** So that a slow API server does not pile them up. */
const MOST_UNDER_WAY = 16;

/** Writes Events about pods and nodes, a few a second. They help people, and nothing waits for them. */
export class EventWriter {
  readonly #deps: EventWriterDeps;
  #tokens = EVENTS_AT_ONCE;
  #filledAtMs: number;
  #underWay = 0;
  readonly #complaint: Seldom;

  constructor(deps: EventWriterDeps) {
    this.#deps = deps;
    this.#filledAtMs = deps.nowMs();
    this.#complaint = new Seldom(deps.nowMs);
  }

  write(regarding: Regarding, event: WrittenEvent, atSeconds: number): void {
    const { sink, onResult } = this.#deps;
    if (!this.#mayWrite()) {
      onResult('dropped');
      return;
    }
    this.#underWay += 1;
    sink
      .create(regarding, event, new Date(atSeconds * 1000))
      .then(
        () => onResult('written'),
        (error) => this.#failed(error),
      )
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  #mayWrite(): boolean {
    const nowMs = this.#deps.nowMs();
    const grown = this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * EVENTS_A_SECOND;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(EVENTS_AT_ONCE, grown);
    if (this.#tokens < 1 || this.#underWay >= MOST_UNDER_WAY) return false;
    this.#tokens -= 1;
    return true;
  }

  #failed(error: unknown): void {
    const { onResult, log } = this.#deps;
    onResult('failed');
    // The pod, or its namespace, is gone: nobody is left to read it.
    if (httpStatusOf(error) === 404) return;
    if (!this.#complaint.isDue()) return;
    log.warn(
      { err: error },
      'an Event was not written; needs create on events.events.k8s.io, or events: false in extender.yaml',
    );
  }
}

/** Who writes Events, and about which of its actions. */
export interface EventSource {
  readonly controller: string;
  readonly action: string;
}

const EXTENDER: EventSource = { controller: 'surefoot.dev/extender', action: 'Scheduling' };

/** Events of events.k8s.io/v1, as this replica. */
export function eventSink(
  kubeConfig: KubeConfig,
  identity: string,
  { controller, action }: EventSource = EXTENDER,
): EventSink {
  return {
    async create({ kind = 'Pod', namespace: own, name, uid }, { reason, type, note }, at) {
      // Where kubectl describe looks for those of nodes.
      const namespace = kind === 'Node' ? 'default' : own;
      await new ApiObjects(kubeConfig, {
        api: 'apis/events.k8s.io/v1',
        plural: 'events',
        namespace,
      }).create({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: {
          generateName: `${/^.*[a-z0-9]/.exec(name.slice(0, 200))?.[0] ?? 'pod'}-`,
          namespace,
        },
        eventTime: microTime(at),
        reportingController: controller,
        reportingInstance: identity.slice(0, 128),
        action,
        regarding: { apiVersion: 'v1', kind, ...(own !== '' && { namespace: own }), name, uid },
        reason,
        type,
        note,
      });
    },
  };
}
