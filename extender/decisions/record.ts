import type { Mode } from '../../webhook/words/mode.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { NodeScore } from '../forecast/level.ts';
import type { Forecast } from '../forecast/loss.ts';
import { tellingForecasts } from './telling-forecasts.ts';

/** All forecasts for one pod at one moment, joined with where the pod was bound. */
export interface Decision {
  readonly atSeconds: number;
  readonly pod: {
    readonly uid: string;
    readonly namespace: string;
    readonly name: string;
    /** Of the slot that it has; absent where that is not known. */
    readonly workload?: string;
  };
  /** In `observe` the scheduler was told nothing. */
  readonly mode: Mode;
  /** How many nodes the scheduler asked about. */
  readonly asked: number;
  /** How many of them the watches have not shown yet. */
  readonly unknownNodes: number;
  /** The best and the worst of them, best first; see `bestAndWorst`. */
  readonly forecasts: readonly Forecast[];
  /** What was on offer; absent where nothing was forecast. */
  readonly offer?: Offer;
  /** What the scheduler was told of them, or would have been. */
  readonly scores: readonly NodeScore[];
  readonly remarks: readonly Reason[];
  /** Looks up any other node while the pod is not bound. Refers to no list of the fleet. */
  readonly forecastOn?: ForecastOn;
  /** Why the scheduler placed the pod without asking, or what the pod waits for. */
  readonly unasked?: Reason;
  readonly bound?: { readonly node: string; readonly atSeconds: number };
}

/** What the scheduler offered a pod, all nodes together. */
export interface Offer {
  /** How many devices the pod asks for. */
  readonly devices: number;
  /** What it loses on the average of the nodes. */
  readonly averageLossSeconds: number;
  /** Whether the node that its slot left is among them. */
  readonly hasHome: boolean;
}

/** The forecast of a node and its score, if it got one; `undefined` where the node is not known. */
export type ForecastOn = (
  node: string,
) => { readonly forecast: Forecast; readonly score: number | undefined } | undefined;

/** Two restarts of a group of 512: people ask about the first pod of the first one. */
export const MOST_DECISIONS = 1024;
/** Decisions with all their forecasts, about 12 kB each; older ones keep those that tell most, about 4 kB. */
const MOST_WHOLE = 256;
/** Decisions that can look up any node until the pod is bound, which takes milliseconds. */
const MOST_UNBOUND = 64;

/** The latest decisions, in bounded memory. */
export class DecisionRecord {
  /** By pod, the oldest first; each is older than all in `#whole`. */
  readonly #older = new Map<string, Decision>();
  readonly #whole = new Map<string, Decision>();
  /** By pod. */
  readonly #forecastOn = new Map<string, ForecastOn>();
  readonly #listeners = new Set<(podUid: string) => void>();

  /** Keeps a decision; a later one for the same pod replaces the earlier. */
  add({ forecastOn, ...decision }: Decision): void {
    this.#older.delete(decision.pod.uid);
    this.#whole.delete(decision.pod.uid);
    this.#whole.set(decision.pod.uid, decision);
    for (const old of dropOldest(this.#whole, MOST_WHOLE))
      this.#older.set(old.pod.uid, shortened(old));
    dropOldest(this.#older, MOST_DECISIONS - MOST_WHOLE);
    this.#forecastOn.delete(decision.pod.uid);
    const known = decision.asked - decision.unknownNodes;
    if (forecastOn !== undefined && decision.forecasts.length < known) {
      this.#forecastOn.set(decision.pod.uid, forecastOn);
      dropOldest(this.#forecastOn, MOST_UNBOUND);
    }
    this.#tell(decision.pod.uid);
  }

  /** Joins a decision with the binding that the watch has shown; returns it, if it is remembered. */
  bound(uid: string, node: string, atSeconds: number): Decision | undefined {
    const decision = this.of(uid);
    if (decision === undefined || decision.unasked !== undefined) return undefined;
    const joined = {
      ...withNode(node, decision, this.#forecastOn.get(uid)),
      bound: { node, atSeconds },
    };
    this.#forecastOn.delete(uid);
    (this.#whole.has(uid) ? this.#whole : this.#older).set(uid, joined);
    this.#tell(uid);
    return joined;
  }

  /** Records that a pod was placed without a question, and why; what its wait was decided by stays. */
  unasked(pod: Decision['pod'], mode: Mode, node: string, atSeconds: number, why: Reason): void {
    const waited = this.of(pod.uid);
    if (waited?.unasked !== undefined && waited.bound === undefined) {
      this.add({ ...waited, unasked: why, bound: { node, atSeconds } });
      return;
    }
    const bound = { node, atSeconds };
    this.add({ ...withoutForecasts(pod, mode, atSeconds), unasked: why, bound });
  }

  /** One thing more that is to be said of a pod's decision. */
  remark(podUid: string, remark: Reason): void {
    const decision = this.of(podUid);
    if (decision === undefined) return;
    const remarked = { ...decision, remarks: [...decision.remarks, remark] };
    (this.#whole.has(podUid) ? this.#whole : this.#older).set(podUid, remarked);
    this.#tell(podUid);
  }

  /** The decision for a pod, while it is remembered. */
  of(podUid: string): Decision | undefined {
    return this.#whole.get(podUid) ?? this.#older.get(podUid);
  }

  /** Calls with the pod's uid whenever its decision is new or has been joined with a binding. */
  subscribe(listener: (podUid: string) => void): void {
    this.#listeners.add(listener);
  }

  /** The latest `count`, newest first. */
  latest(count: number): readonly Decision[] {
    return [...this.#older.values(), ...this.#whole.values()].slice(-count).reverse();
  }

  #tell(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}

/** A decision for a pod for which nothing was forecast. */
export function withoutForecasts(
  { uid, namespace, name, workload }: Decision['pod'],
  mode: Mode,
  atSeconds: number,
): Decision {
  const nothing = { asked: 0, unknownNodes: 0, forecasts: [], scores: [], remarks: [] };
  const ofSlot = workload === undefined ? {} : { workload };
  return { atSeconds, pod: { uid, namespace, name, ...ofSlot }, mode, ...nothing };
}

/** The decision with the forecasts that tell most, and their scores. */
function shortened(decision: Decision): Decision {
  const forecasts = tellingForecasts(decision);
  const nodes = new Set(forecasts.map(({ candidate }) => candidate.node));
  return { ...decision, forecasts, scores: decision.scores.filter(({ node }) => nodes.has(node)) };
}

/** The decision with what the node was forecast, which may be neither among the best nor the worst. */
function withNode(node: string, decision: Decision, forecastOn: ForecastOn | undefined): Decision {
  const { forecasts, scores } = decision;
  if (forecasts.some(({ candidate }) => candidate.node === node)) return decision;
  const found = forecastOn?.(node);
  if (found === undefined) return decision;
  const { forecast, score } = found;
  return {
    ...decision,
    forecasts: byLoss([...forecasts, forecast]),
    scores: score === undefined ? scores : [...scores, { node, score }],
  };
}

function byLoss(forecasts: readonly Forecast[]): readonly Forecast[] {
  return [...forecasts].sort((a, b) => a.lossSeconds - b.lossSeconds);
}
