import type { Signal } from '../signals/signal.ts';
import { type HostHistory, withIgnored } from './host-history.ts';
import { differ, withEvidence, withSignal } from './incident.ts';

/**
 * Signals that a tenant can write (Events, exit codes, termination messages) never open an incident
 * alone: any user with `edit` can write a Node Event that says "Xid 79" (tried on 1.37.2). They are
 * evidence for what the platform says, or for one another when two namespaces say it.
 */

/** What two namespaces agree on is worth at most this: they may be of one tenant. A judgement. */
const MOST_PROBABILITY = 0.3;
/** Forgeable signals of one namespace may open incidents on this many hosts a day. A judgement. */
const MOST_HOSTS_A_DAY = 3;
const DAY_SECONDS = 86_400;
const MOST_UNPROVEN = 16;
/** So many namespaces are not worth a look at what may be forgotten of them. */
const FEW_NAMESPACES = 1000;

/** On how many hosts each namespace has helped to open an incident of late. */
export class NamespaceBudget {
  readonly #uses = new Map<string, Map<string, number>>();

  /** True when the namespace may speak against one more host; it then has. */
  allows(namespace: string, host: string, nowSeconds: number): boolean {
    const uses = this.#uses.get(namespace) ?? new Map<string, number>();
    for (const [used, at] of uses) if (nowSeconds - at > DAY_SECONDS) uses.delete(used);
    if (this.#uses.size > FEW_NAMESPACES) this.#forget(nowSeconds);
    if (!uses.has(host) && uses.size >= MOST_HOSTS_A_DAY) return false;
    this.#uses.set(namespace, uses.set(host, nowSeconds));
    return true;
  }

  /** Namespaces without a believed signal for a day. */
  #forget(nowSeconds: number): void {
    for (const [namespace, uses] of this.#uses) {
      if (uses.values().every((at) => nowSeconds - at > DAY_SECONDS)) this.#uses.delete(namespace);
    }
  }
}

export interface Heard {
  readonly history: HostHistory;
  /** What nothing else has said so far. */
  readonly unproven: readonly Signal[];
  readonly outcome: 'corroborates' | 'counted' | 'untrusted';
}

/** The history after a signal that a tenant may have written. */
export function withForgeable(
  history: HostHistory,
  unproven: readonly Signal[],
  signal: Signal,
  budget: NamespaceBudget,
): Heard {
  const recent = unproven.filter((one) => isNear(one, signal));
  if (!isFault(signal)) return { history, unproven: recent, outcome: 'untrusted' };
  const corroborated = withEvidence(history.incidents, signal);
  if (corroborated !== undefined) {
    return {
      history: { ...history, incidents: corroborated },
      unproven: recent,
      outcome: 'corroborates',
    };
  }
  const other = recent.find(
    (one) => differ(one.namespace, signal.namespace) && !differ(one.device, signal.device),
  );
  if (
    other !== undefined &&
    !hasAgreed(history, signal.atSeconds) &&
    bothMay(other, signal, history.host, budget)
  ) {
    return {
      history: { ...history, incidents: withBoth(history.incidents, other, signal) },
      unproven: recent.filter((one) => one !== other),
      outcome: 'counted',
    };
  }
  const { atSeconds, row, words } = signal;
  return {
    history: withIgnored(history, { atSeconds, why: 'untrusted', row, words }),
    unproven: [...recent, signal].slice(-MOST_UNPROVEN),
    outcome: 'untrusted',
  };
}

/** The history in which unproven signals are evidence for incidents that exist now. */
export function withProven(
  history: HostHistory,
  unproven: readonly Signal[],
): { readonly history: HostHistory; readonly unproven: readonly Signal[] } {
  let { incidents } = history;
  const rest: Signal[] = [];
  for (const signal of unproven) {
    const corroborated = withEvidence(incidents, signal);
    if (corroborated === undefined) rest.push(signal);
    else incidents = corroborated;
  }
  return incidents === history.incidents
    ? { history, unproven }
    : { history: { ...history, incidents }, unproven: rest };
}

function withBoth(incidents: HostHistory['incidents'], first: Signal, second: Signal) {
  const probability = Math.min(MOST_PROBABILITY, Math.max(first.probability, second.probability));
  const agreed = { ...second, class: 'degraded' as const, probability };
  const opened = withSignal(incidents, agreed);
  return withEvidence(opened, first) ?? opened;
}

/** One such incident a day and host: two apps that crash again and again are not a fault each time. */
function hasAgreed({ incidents }: HostHistory, atSeconds: number): boolean {
  return incidents.some(
    ({ byTenants, openedAtSeconds }) =>
      byTenants === true && atSeconds - openedAtSeconds < DAY_SECONDS,
  );
}

function bothMay(first: Signal, second: Signal, host: string, budget: NamespaceBudget): boolean {
  return [first, second].every(({ namespace = '', atSeconds }) =>
    budget.allows(namespace, host, atSeconds),
  );
}

function isFault({ class: signalClass }: Signal): boolean {
  return signalClass === 'fatal' || signalClass === 'degraded' || signalClass === 'infrastructure';
}

function isNear(one: Signal, other: Signal): boolean {
  const window = Math.max(one.mergeSeconds, other.mergeSeconds);
  return Math.abs(one.atSeconds - other.atSeconds) <= window;
}
