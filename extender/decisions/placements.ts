import { modeIn } from '../../webhook/words/mode.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { Reason, ReasonCode } from '../../webhook/words/reason.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import { countAsked, isOpenTo, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import type { BindingSeen } from '../ingest/ingest.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type Decision, type DecisionRecord, withoutForecasts } from './record.ts';

/** The latest pods that were asked about. */
const MOST_HEARD = 1000;
/** Schedulers that have asked; a cluster has a handful. */
const MOST_SCHEDULERS = 32;
/** Placements without a question count for the alarm for this long. */
const ALARM_SECONDS = 600;
/** One or two are no alarm: the other nodes may be full of something that we do not see. */
const FEWEST_FOR_ALARM = 3;

/** A pod that a scheduler has asked about. */
export interface AskedPod {
  readonly uid: string;
  readonly namespace: string;
}

export interface PlacementsDeps {
  readonly decisions: DecisionRecord;
  readonly snapshot: () => Snapshot;
  /** A pod of ours was placed: after a question, or without one, and why; with the decision, where there is one. */
  readonly onPlaced: (how: 'Asked' | ReasonCode, decision?: Decision) => void;
}

/**
 * Joins each placement of a pod that has opted in with its decision, or with the reason why there is none. The scheduler
 * hides that it cannot reach us, so this is where it shows.
 */
export class Placements {
  readonly #deps: PlacementsDeps;
  /** Uids of pods that were asked about. */
  readonly #heard = new Map<string, true>();
  readonly #schedulers = new Map<string, true>();
  #lastQuestion: { readonly atSeconds: number; readonly scheduler: string } | undefined;
  /** When a pod of each namespace was asked about last. */
  readonly #askedAtSeconds = new Map<string, number>();
  /** When a pod that had a choice was placed without a question, whose, and by whom. */
  #unasked: {
    readonly atSeconds: number;
    readonly scheduler: string;
    readonly namespace: string;
  }[] = [];

  constructor(deps: PlacementsDeps) {
    this.#deps = deps;
  }

  /** When a scheduler asked last, and which one; `undefined` while none has. */
  get lastQuestion(): { readonly atSeconds: number; readonly scheduler: string } | undefined {
    return this.#lastQuestion;
  }

  /** A scheduler has asked about a pod, whatever it was told. */
  asked({ uid, namespace }: AskedPod, scheduler: string, atSeconds: number): void {
    this.#lastQuestion = { atSeconds, scheduler };
    this.#heard.delete(uid);
    this.#heard.set(uid, true);
    dropOldest(this.#heard, MOST_HEARD);
    this.#askedAtSeconds.delete(namespace);
    this.#askedAtSeconds.set(namespace, atSeconds);
    dropOldest(this.#askedAtSeconds, MOST_HEARD);
    if (this.#schedulers.has(scheduler)) return;
    this.#schedulers.set(scheduler, true);
    dropOldest(this.#schedulers, MOST_SCHEDULERS);
  }

  /** A pod waits for its own node, or has waited, and is let go for this reason, to the node of this decision. */
  waits(pod: Decision['pod'], decision: Decision | undefined, why: Reason): void {
    const { decisions, snapshot } = this.#deps;
    const made = decision ?? withoutForecasts(pod, 'act', snapshot().nowSeconds);
    decisions.add({ ...made, unasked: why });
  }

  /** The watch shows that a pod was bound. A pod found by a list may have been bound before we started. */
  bound(pod: PodFacts, atSeconds: number, seen: BindingSeen): void {
    const { decisions, snapshot, onPlaced } = this.#deps;
    const { uid, node = '', schedulingConstraints } = pod;
    const now = snapshot();
    const decision = decisions.bound(uid, node, atSeconds);
    if (decision !== undefined) {
      onPlaced('Asked', decision);
      return;
    }
    if (seen === 'listed' || schedulingConstraints === undefined) return;
    const namespace = now.cluster.namespaceOptIn(pod.namespace);
    if (!isOptedIn(pod.optIn, namespace)) return;
    const reason = seen === 'named' ? namesItsNode(node) : this.#whyUnasked(pod, node, now);
    const mode = modeIn(pod.namespace, now.config, namespace === 'observe');
    decisions.unasked(pod, mode, node, atSeconds, reason);
    onPlaced(reason.code, decisions.of(uid));
    if (reason.code === 'NotAsked') {
      const { namespace: of } = pod;
      this.#unasked.push({
        atSeconds,
        scheduler: schedulingConstraints.schedulerName,
        namespace: of,
      });
      this.#unasked = this.#unasked.slice(-MOST_HEARD);
    }
  }

  /** A sentence when pods that had a choice are placed without a question; else `undefined`. */
  alarm(nowSeconds: number): string | undefined {
    this.#unasked = this.#unasked.filter(({ atSeconds }) => nowSeconds - atSeconds < ALARM_SECONDS);
    const { length: count } = this.#unasked;
    const scheduler = this.#unasked.at(-1)?.scheduler;
    if (count < FEWEST_FOR_ALARM || this.#isOneTenants(nowSeconds)) return undefined;
    const namespaces = new Set(this.#unasked.map(({ namespace }) => namespace));
    const [only = ''] = namespaces;
    const whose =
      namespaces.size > 1 ? '' : `. All are of namespace ${only}: look at these pods first`;
    return `${count} device pods had two nodes or more to go to in the last 10 minutes, and ${scheduler} placed them without asking; is the extender in its configuration, and can it be reached? A replica whose scheduler does not lead says this too${whose}`;
  }

  /**
   * Whether only pods of one namespace were placed without a question while others were asked about, or its own since:
   * then the scheduler reaches us, and those pods are what it is about. Whoever writes them can see to it that one node
   * suits them.
   */
  #isOneTenants(nowSeconds: number): boolean {
    const [first, ...others] = new Set(this.#unasked.map(({ namespace }) => namespace));
    if (others.length > 0) return false;
    const sinceSeconds = this.#unasked[0]?.atSeconds ?? nowSeconds;
    return this.#askedAtSeconds
      .entries()
      .some(([namespace, at]) =>
        namespace === first ? at > sinceSeconds : nowSeconds - at < ALARM_SECONDS,
      );
  }

  #whyUnasked(pod: PodFacts, node: string, snapshot: Snapshot): Reason {
    const { choice, schedulerName, nominatedNode } = pod.schedulingConstraints ?? {};
    const waited = this.#deps.decisions.of(pod.uid);
    // Where it was let go to, if that was said; binding takes the nomination off the pod.
    const wentWhereTold = (waited?.forecasts[0]?.candidate.node ?? node) === node;
    if (waited?.unasked !== undefined && wentWhereTold) return waited.unasked;
    if (this.#heard.has(pod.uid)) {
      return reason('NoOpinion', 'the scheduler asked, and Surefoot had no opinion');
    }
    if (choice?.kind === 'one') {
      return reason('Pinned', `pinned to ${choice.node} by ${choice.by}: there was no choice`);
    }
    if (nominatedNode === node) {
      const words = `its scheduler made room for it on ${node} by preemption, and then does not ask`;
      return reason('Nominated', words);
    }
    const isAnotherAsking = this.#schedulers.size > 0;
    if ((isAnotherAsking || !snapshot.config.asked) && !this.#schedulers.has(schedulerName ?? '')) {
      return reason('OtherScheduler', `placed by ${schedulerName}, which does not ask Surefoot`);
    }
    const other = otherWithRoom(pod, node, snapshot);
    if (other === undefined) {
      const words = `no other node had room for it: with one candidate, ${node}, a scheduler does not ask`;
      return reason('OnlyCandidate', words);
    }
    if (choice?.kind !== 'any') {
      const words =
        'its own selectors narrow the choice; with one candidate a scheduler does not ask';
      return reason('ChoiceUnknown', words);
    }
    const words = `${schedulerName} did not ask, though ${other} had devices for it, too`;
    return reason('NotAsked', words);
  }
}

/** Another node that would have had devices for the pod, as far as we see. */
function otherWithRoom(pod: PodFacts, node: string, { cluster }: Snapshot): string | undefined {
  const { tolerations = [] } = pod.schedulingConstraints ?? {};
  const hasRoom = (facts: NodeFacts) =>
    facts.name !== node &&
    isOpenTo(facts, tolerations) &&
    pod.devices.resources.every(
      ({ resource }) => cluster.freeDevices(facts, resource) >= countAsked(pod, resource),
    );
  return cluster.nodes().find(hasRoom)?.name;
}

/** A pod that names its node is placed by no scheduler. */
function namesItsNode(node: string): Reason {
  return reason('Pinned', `pinned to ${node} by its own nodeName: no scheduler placed it`);
}

function reason(code: ReasonCode, words: string): Reason {
  return { code, words };
}
