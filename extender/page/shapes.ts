import type { Mode } from '../../webhook/words/mode.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import type { DrainAdvice, DrainTerms } from '../drains/drain-advice.ts';
import type { ForecastReason } from '../forecast/explain.ts';
import type { LossTerm } from '../forecast/loss-terms.ts';
import type { HazardClass } from '../hazard/pod-hazard.ts';
import type { IgnoredBecause } from '../history/host-history.ts';
import type { IncidentClass } from '../history/incident.ts';
import type { UnmappedKind } from '../ingest/unmapped.ts';
import type { FleetReport } from '../report/fleet-report.ts';
import type { PlacementDay } from '../savings/placement-sums.ts';
import type { SignalClass } from '../signals/catalogue.ts';

/** What goes over the wire between this port and whoever looks: the page, the command line, curl. */

export type DeviceState = 'busy' | 'free' | 'withdrawn' | 'unhealthy';

export interface ShownDevice {
  readonly resource: string;
  /** Absent while no pod and no signal has named it. */
  readonly id?: string;
  readonly state: DeviceState;
  readonly hazard: HazardClass;
  /** How many times the fleet's rate of faults. */
  readonly times: number;
  /** Why it is more than normal; absent where it is not. */
  readonly words?: string;
  /** `namespace/name` of the pod that has it, where the kubelet tells. */
  readonly pod?: string;
}

export interface ShownPod {
  readonly uid: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly phase: string;
  readonly devices: number;
}

export interface ShownIncident {
  readonly words: string;
  readonly class: IncidentClass;
  /** What it counts for now, 0 to 1, and what it would without discounts. */
  readonly weight: number;
  readonly probability: number;
  readonly evidence: readonly string[];
  /** What lowers its weight, in words. */
  readonly discounts: readonly string[];
  /** Absent where nothing told. */
  readonly resource?: string;
  readonly device?: string;
  readonly openedAt: string;
  /** Absent while it is open. */
  readonly closedAt?: string;
}

/** An incident in a list of those of all hosts. */
export interface ShownHostIncident extends ShownIncident {
  readonly node: string;
  readonly host: string;
}

export type NodeState = 'ready' | 'cordoned' | 'not ready';

/** What a list of a whole fleet shows of a node. */
export interface ShownNodeSummary {
  readonly node: string;
  readonly host: string;
  readonly state: NodeState;
  readonly rack?: string;
  readonly model?: string;
  readonly driver?: string;
  readonly devices: number;
  /** Devices that pods have. */
  readonly busy: number;
  /** Devices that are withdrawn or unhealthy; of a node that is not ready nobody can tell. */
  readonly bad: number;
  /** Of a pod that takes all its devices for a day. */
  readonly hazard: HazardClass;
  /** How many times the fleet's rate of faults. */
  readonly times: number;
  /** What raises it; absent where it is normal. */
  readonly words?: string;
  /** Incidents that count for anything, and of them those that something still reports. */
  readonly faults: number;
  readonly open: number;
  readonly lastFaultAt?: string;
  /** Slots that have left it and may come back. */
  readonly away: number;
  /** Namespaces of the pods that have its devices. */
  readonly namespaces: readonly string[];
}

/** What `/api/fleet` answers: the worst first. */
export interface ShownFleet {
  /** The extender's time. */
  readonly at: string;
  readonly nodes: readonly ShownNodeSummary[];
}

/** What `/api/incidents` answers: the latest first. */
export interface ShownIncidents {
  readonly at: string;
  readonly incidents: readonly ShownHostIncident[];
}

/** What `/api/nodes` answers. */
export interface ShownNodes {
  readonly at: string;
  readonly nodes: readonly ShownNode[];
  /** Of the one node that was asked for by name. */
  readonly summaries?: readonly ShownNodeSummary[];
  /** How its hazard has gone; the oldest first. */
  readonly hazard?: readonly ShownHazardPoint[];
}

/** What multiple of the fleet's rate a node had, and where 95 % of those with such a record lie. */
export interface ShownHazardPoint {
  readonly at: string;
  readonly times: number;
  readonly low: number;
  readonly high: number;
}

/** What `/api/drain-order` answers: the node that is cheapest to take first. */
export interface ShownDrains extends DrainTerms {
  readonly at: string;
  readonly nodes: readonly DrainAdvice[];
}

/** What `/api/placements` answers: what placements came to, the oldest day first. */
export interface ShownPlacements {
  readonly at: string;
  readonly days: readonly PlacementDay[];
}

/** What `/api/histories` answers: all that is remembered, in the form of DeviceHistory objects. */
export interface ShownHistories {
  readonly at: string;
  readonly cluster?: string;
  /** What placements came to, the oldest day first. */
  readonly placements?: readonly PlacementDay[];
  readonly histories: readonly StoredForm[];
}

/** What a DeviceHistory object holds. */
export interface StoredForm {
  readonly name: string;
  readonly status: object;
}

/** What `/api/about` answers: what the extender says of itself and of the fleet. */
export interface ShownAbout extends ShownHealth {
  readonly fleet: {
    readonly nodes: number;
    readonly devices: number;
    readonly bad: number;
    readonly elevated: number;
    readonly high: number;
  };
}

/** What `/api/health` answers: what the extender says of itself. */
export interface ShownHealth {
  /** The extender's time. */
  readonly at: string;
  readonly version: string;
  readonly cluster?: string;
  readonly mode: Mode;
  /** Unique among replicas. */
  readonly identity: string;
  /** Whether this replica leads: it keeps the history. */
  readonly leads: boolean;
  /** What is not loaded yet, or what is wrong; empty where all is well. */
  readonly problems: readonly string[];
  readonly watches: readonly { readonly kind: string; readonly heardAt: string }[];
  /** The last question of a scheduler; absent where there was none. */
  readonly question?: { readonly at: string; readonly scheduler: string };
  readonly questions: number;
  /** Until when the webhook's certificate serves; absent where nobody says that. */
  readonly certificateEndsAt?: string;
  /** What placement came to in the last seven days; absent of an earlier version. */
  readonly placement?: FleetReport['placement'];
  readonly pods: {
    readonly devicePods: number;
    readonly pending: number;
    readonly gated: number;
    readonly unprepared: number;
  };
}

export interface ShownNode {
  readonly node: string;
  readonly host: string;
  readonly rack?: string;
  /** Its domain at each level of `topology` in extender.yaml; absent where there are none. */
  readonly domains?: readonly string[];
  readonly state: NodeState;
  readonly devices: readonly ShownDevice[];
  readonly pods: readonly ShownPod[];
  readonly images: readonly { readonly name: string; readonly bytes: number }[];
  readonly incidents: readonly ShownIncident[];
  /** What looked like a fault and is not held against the node. */
  readonly ignored: readonly {
    readonly at: string;
    readonly why: IgnoredBecause;
    readonly words: string;
    readonly times: number;
  }[];
  /** When its hazard was called elevated or high, the oldest first. */
  readonly raised: readonly { readonly from: string; readonly until?: string }[];
  readonly homeOf: readonly { readonly slot: string; readonly cause: string }[];
}

/** One term of the loss, as tables and bars show it. */
export type ShownTerm = Pick<LossTerm, 'name' | 'column' | 'title' | 'color'>;

/** What `/api/decisions` answers. */
export interface ShownDecisions {
  /** The extender's time. */
  readonly at: string;
  readonly terms: readonly ShownTerm[];
  readonly decisions: readonly ShownDecision[];
}

export interface ShownForecast {
  readonly node: string;
  /** By the names of the terms. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The terms as earlier versions showed them; the last one held fragmentation as well. */
  readonly pullSeconds: number;
  readonly coldSeconds: number;
  readonly riskSeconds: number;
  readonly displacedSeconds: number;
  readonly lossSeconds: number;
  /** What the scheduler was told of it; absent where it was told nothing. */
  readonly score?: number;
  readonly words: string;
  readonly reasons: readonly ForecastReason[];
}

export interface ShownDecision {
  readonly pod: { readonly uid: string; readonly namespace: string; readonly name: string };
  readonly at: string;
  /** `NAMESPACE/KIND/NAME` of the workload whose slot the pod has; absent where that was not kept. */
  readonly job?: string;
  /** What decided, in a word for machines and a sentence; absent where all nodes cost the pod about the same. */
  readonly summary?: { readonly code: string; readonly words: string };
  readonly mode: Mode;
  readonly boundTo?: string;
  readonly asked: number;
  readonly unknownNodes: number;
  readonly remarks: readonly Reason[];
  /** Why the scheduler placed the pod without asking; then there are no forecasts. */
  readonly unasked?: Reason;
  readonly answer: readonly { readonly node: string; readonly score: number }[];
  readonly forecasts: readonly ShownForecast[];
}

/** What is looked for, what of it is there, and what nobody knows the meaning of. */
export interface ShownSignals {
  /** True while this replica keeps the history. */
  readonly keepsHistory: boolean;
  readonly rows: readonly {
    readonly name: string;
    readonly source: string;
    readonly trust: string;
    readonly class: SignalClass;
    readonly probability: number;
    readonly words: string;
    readonly cites: string;
    /** Nodes on which it stands now. */
    readonly nodes: number;
    /** How often it was seen, or seen to begin, since this replica started. */
    readonly times: number;
  }[];
  readonly unmapped: readonly UnmappedKind[];
  /** Kinds that the extender lacks the right to list: rows about them never match. */
  readonly refused: readonly string[];
  /** The Prometheus that is asked for signs; absent where none is. Only the replica that leads asks. */
  readonly prometheus?: {
    readonly url: string;
    readonly askedAt?: string;
    /** What was wrong when it was asked last, in sentences. */
    readonly problems: readonly string[];
  };
  /** Times in which nobody saw what came and went, newest first. */
  readonly uncovered: readonly {
    readonly from: string;
    readonly to: string;
    readonly why: string;
  }[];
}

export type EntryKind =
  | 'device fault'
  | 'device well'
  | 'crash'
  | 'completion'
  | 'eviction'
  | 'preemption'
  | 'reclaim'
  | 'deletion'
  | 'group restart'
  | 'cordon'
  | 'planned reboot'
  | 'node down'
  | 'node back';

/** One thing that Surefoot saw happen. */
export interface Entry {
  /** A later entry of the same number takes the place of the earlier. */
  readonly number: number;
  readonly at: string;
  readonly kind: EntryKind;
  readonly node?: string;
  readonly words: string;
}

/** What `/api/pods` answers: device pods that have a node or wait for one, those that wait first. */
export interface ShownPods {
  readonly at: string;
  /** How many there are that fit what was searched for; only so many of them are listed. */
  readonly count: number;
  readonly pods: readonly ShownPodPlace[];
  /** What the webhook wrote on the one pod that was asked for with `prepared=true`; absent where it has not prepared it. */
  readonly prepared?: ShownPrepared;
}

/** What the webhook changed in a pod, in words, and what it left as it was, and why. */
export interface ShownPrepared {
  readonly profile: string;
  readonly injected: readonly string[];
  readonly declined: readonly { readonly code: string; readonly words: string }[];
}

export interface ShownPodPlace extends ShownPod {
  /** Absent while it waits. */
  readonly node?: string;
  /** `NAMESPACE/KIND/NAME` of the workload whose slot it has. */
  readonly job: string;
}

/** What `/api/jobs` answers of one workload. */
export interface ShownJob {
  readonly at: string;
  readonly job: string;
  /** How many pods it has; only so many of them are listed. */
  readonly count: number;
  readonly pods: readonly ShownPodPlace[];
  /** Its slots that have left a node and may come back there. */
  readonly away: readonly ShownAway[];
  /** What a restart would cost now, in words; absent while none of its pods runs. */
  readonly restart?: string;
}

export interface ShownAway {
  readonly slot: string;
  readonly node: string;
  readonly leftAt: string;
  readonly cause: string;
  readonly homeUntil: string;
}

/** What a person may do from the page; a cluster offers nothing. */
export type ControlName = 'break-device' | 'crash-pod' | 'reboot-rack';

/** One message of `/api/live`: the first one holds everything, the others what has changed. */
export interface LiveChange {
  /** The extender's time. */
  readonly at: string;
  /** What is wrong with how it is asked, while anything is. */
  readonly alarm?: string;
  /** Only in the first one. */
  readonly about?: {
    /** What it is called, where surefoot.yaml says it. */
    readonly cluster?: string;
    readonly mode: Mode;
    readonly controls: readonly ControlName[];
    readonly terms: readonly ShownTerm[];
    /** Only of a fleet that is simulated: how many of its seconds go by in one of ours. */
    readonly simulatedSpeed?: number;
    /** How many nodes follow, in messages of their own. */
    readonly nodes: number;
  };
  /** What is being shown, where somebody leads through a simulated fleet. */
  readonly caption?: string;
  readonly nodes?: readonly ShownNodeSummary[];
  readonly goneNodes?: readonly string[];
  /** All pods that wait for a node, the oldest of them up to a limit. */
  readonly pending?: { readonly count: number; readonly pods: readonly ShownPod[] };
  readonly decisions?: readonly ShownDecision[];
  readonly entries?: readonly Entry[];
}
