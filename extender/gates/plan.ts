import { gangOf } from '../../webhook/words/gang.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import { isOptedIn } from '../../webhook/words/opt-in.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import { isTolerated } from '../../webhook/words/toleration.ts';
import type { Decision } from '../decisions/record.ts';
import { isOpenTo, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import { type Departure, hasLeft } from '../homes/departure.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Endings } from './endings.ts';
import { type Waiting, waitedSeconds } from './gated-pods.ts';
import type { Ledger } from './ledger.ts';
import { type Left, whyUnfit } from './own-node.ts';
import { type Member, whoGoesElsewhere } from './patience.ts';

/** What is to be done about a pod that waits. */
export interface Step {
  readonly waiting: Waiting;
  /** The node to nominate for it, or `null` to take a nomination back; absent: as it is. */
  readonly nominate?: string | null;
  /** Set when its gate is to be lifted: why now. */
  readonly lift?: Reason;
  /** What it waits for, where it does. */
  readonly waits?: Reason;
  /** What it was forecast on the node that it is nominated to. */
  readonly decision?: Decision;
}

export interface PlanInput {
  /** In the order in which they were created. */
  readonly waiting: readonly Waiting[];
  readonly snapshot: Snapshot;
  readonly endings: Endings;
  /** Holds every nomination of a pod that is not bound. */
  readonly ledger: Ledger;
  /** Forecasts a pod on nodes, best first. */
  readonly decide: (pod: PodFacts, nodes: readonly string[]) => Decision | undefined;
}

/** A predecessor that nobody has asked to end yet: its owner makes the next pod first, and deletes it within seconds. */
const NOT_ENDING_YET_SECONDS = 10;
/** Pods that are sent elsewhere in one plan: each looks at all nodes. The others have their turn in the next one. */
const MOST_SPARES = 16;
/** More than any job seen has. */
const MOST_MEMBERS = 20_000;
/** Until a node is free of which only that is known (judgement). */
const NOT_KNOWN_SECONDS = 5;
/** The watch shows a pod's gate before its other facts only while a list is read. */
const FACTS_LATE_SECONDS = 5;

/** A pod whose own node is worth waiting for, or free already. */
interface AtHome {
  readonly waiting: Waiting;
  readonly pod: PodFacts;
  readonly node: NodeFacts;
  readonly decision: Decision;
  /** Until its own node has room for it. */
  readonly remainingSeconds: number;
  /** What another node would cost more, in seconds; infinite where none is free. */
  readonly dearerElsewhereSeconds: number;
}

/**
 * What to do now about all pods that wait at our gate. It is made anew each time from what is there, so that a step that
 * was lost is taken again. Whatever is not sure, lifts.
 */
export function planGates(input: PlanInput): readonly Step[] {
  return new Planner(input).plan();
}

class Planner {
  readonly #input: PlanInput;
  readonly #steps: Step[] = [];
  #sparesLookedFor = 0;
  /** By kind of pod: free nodes that are nobody's home. */
  readonly #spares = new Map<string, readonly NodeFacts[]>();
  readonly #bestSpare = new Map<string, number | undefined>();
  /** By gang: its pods that hold devices, by slot. */
  readonly #members = new Map<string, ReadonlyMap<string, PodFacts>>();

  constructor(input: PlanInput) {
    this.#input = input;
  }

  plan(): readonly Step[] {
    const atHome: AtHome[] = [];
    for (const waiting of this.#input.waiting) {
      const home = waiting.isLastGate ? this.#homeOf(waiting) : undefined;
      if (home !== undefined) atHome.push(home);
    }
    const groups = Map.groupBy(this.#unblocked(atHome), ({ pod }) => groupOf(pod));
    for (const group of groups.values()) this.#settle(group);
    return this.#steps;
  }

  /** Where the pod is at home and should go, or may wait for; everything else is decided at once. */
  #homeOf(waiting: Waiting): AtHome | undefined {
    const { snapshot } = this.#input;
    const pod = snapshot.cluster.pod(waiting.uid);
    const waited = waitedSeconds(waiting, snapshot.nowSeconds);
    if (pod === undefined) {
      if (waited > FACTS_LATE_SECONDS) this.#lift(waiting, 'it asks for no device that is known');
      return undefined;
    }
    const no = this.#mayNotWait(pod);
    if (no !== undefined) return this.#lift(waiting, no);
    const home = this.#vacated(pod, waited);
    if (home === undefined) return this.#lift(waiting, 'there is none', 'NoHome');
    const node = snapshot.cluster.node(home.node);
    if (node === undefined) return this.#toSpare(waiting, pod, 'its own node is gone');
    const unfit = whyUnfit(pod, home, node);
    return unfit === undefined
      ? this.#worthIt(waiting, pod, home, node)
      : this.#toSpare(waiting, pod, unfit);
  }

  #mayNotWait({ expectations, namespace, optIn }: PodFacts): string | undefined {
    const { cluster, config } = this.#input.snapshot;
    if ((expectations?.waitForHomeSeconds ?? 0) === 0) return 'its profile does not let it wait';
    const opted = cluster.namespaceOptIn(namespace);
    if (!isOptedIn(optIn, opted)) return 'neither it nor its namespace has opted in any more';
    return modeIn(namespace, config, opted === 'observe') === 'act'
      ? undefined
      : 'Surefoot only observes there';
  }

  /** The node that the pod's slot has left, or is about to leave. */
  #vacated(pod: PodFacts, waited: number): Vacated | undefined {
    const { homes, nowSeconds } = this.#input.snapshot;
    const [left] = homes.of(pod.slot, nowSeconds);
    if (left !== undefined) {
      const { node, wishes, cause } = left;
      const isBroken = cause === 'device fault';
      return { node, wishes, isBroken, remaining: this.#remaining(left), isHome: true };
    }
    const kept = nominatedFor(pod);
    if (kept !== undefined) return this.#keptHome(pod, kept);
    const still = waited < NOT_ENDING_YET_SECONDS ? this.#holderOf(pod) : undefined;
    if (still?.node === undefined) return undefined;
    const { node, wishes } = still;
    const remaining = NOT_ENDING_YET_SECONDS - waited;
    return { node, remaining, wishes, isBroken: false, isHome: false };
  }

  /** A home whose time is over while the pod before it takes its time to end: what it was nominated to stays its own. */
  #keptHome(pod: PodFacts, name: string): Vacated {
    const { snapshot, ledger } = this.#input;
    const node = snapshot.cluster.node(name);
    const remaining = node !== undefined && ledger.fitsNow(pod, node) ? 0 : NOT_KNOWN_SECONDS;
    return { node: name, remaining, wishes: pod.wishes, isBroken: false, isHome: true };
  }

  /** Until the pod that left has let go of its devices, in expected seconds. */
  #remaining({ podUid }: Departure): number {
    const { snapshot, endings } = this.#input;
    const { cluster, nowSeconds } = snapshot;
    return endings.remainingSeconds(cluster.pod(podUid), podUid, nowSeconds) ?? 0;
  }

  /** The pod that still fills the slot: a group controller may make the next one before it deletes it. */
  #holderOf({ slot, uid }: PodFacts): PodFacts | undefined {
    const { cluster } = this.#input.snapshot;
    const gang = gangOf(slot);
    if (gang === undefined) return undefined;
    const known = this.#members.get(gang);
    if (known !== undefined) return known.get(slot.key);
    const members = new Map<string, PodFacts>();
    for (const node of cluster.gangs.nodesOf(gang).keys()) {
      for (const holder of cluster.holding(node)) {
        if (gangOf(holder.slot) === gang && holder.uid !== uid) {
          members.set(holder.slot.key, holder);
        }
      }
    }
    this.#members.set(gang, members);
    return members.get(slot.key);
  }

  /** Weighs its own node against the best that is free now. */
  #worthIt(
    waiting: Waiting,
    pod: PodFacts,
    { remaining, isHome }: Vacated,
    node: NodeFacts,
  ): AtHome | undefined {
    const { ledger, decide, snapshot } = this.#input;
    const isLeaving = (holder: PodFacts) => hasLeft(holder) || holder.slot.key === pod.slot.key;
    if (!ledger.fitsLater(pod, node, isLeaving)) {
      return this.#toSpare(waiting, pod, `others have taken its own node ${node.name}`);
    }
    const decision = decide(pod, [node.name]);
    const atHome = decision?.forecasts[0];
    if (decision === undefined || atHome === undefined) {
      return this.#lift(waiting, 'there is no forecast for it');
    }
    // It displaces nobody there: the ledger has room for all who come back.
    const lossSeconds = atHome.lossSeconds - atHome.seconds.displaced;
    const spare = this.#bestSpareLoss(pod);
    if (spare !== undefined && spare < lossSeconds) {
      const less = Math.round(lossSeconds - spare);
      return this.#toSpare(waiting, pod, `another node costs ${less} s less than its own`);
    }
    const isFree = remaining <= 0 && ledger.fitsNow(pod, node);
    if (!isFree && waiting.neverPreempts) {
      // A nomination that fails is cleared for others only.
      if (this.#isPatient(waiting, pod)) return undefined;
      return this.#lift(waiting, 'its own node was not free in time');
    }
    ledger.hold(pod, node.name);
    return {
      waiting,
      pod,
      node,
      decision: { ...decision, atSeconds: snapshot.nowSeconds },
      remainingSeconds: isFree ? 0 : Math.max(remaining, 1),
      // Before its slot has left the node is not known as its home, so the others are not weighed yet.
      dearerElsewhereSeconds:
        spare === undefined || !isHome
          ? Number.POSITIVE_INFINITY
          : Math.max(0, spare - lossSeconds),
    };
  }

  /**
   * To a scheduler a nomination takes devices beside the pod that still holds them. So a pod whose own place is free
   * waits for the others of its job on that node; others' nominations there are taken back for the moment.
   */
  #unblocked(atHome: readonly AtHome[]): readonly AtHome[] {
    const { ledger } = this.#input;
    const onNode = Map.groupBy(atHome, ({ node }) => node.name);
    const stuckOn = (name: string) =>
      (onNode.get(name) ?? []).filter(
        ({ remainingSeconds, pod, node }) =>
          remainingSeconds === 0 && !ledger.isPlaceable(pod, node),
      );
    const kept = atHome.filter(({ waiting, pod, node, remainingSeconds }) => {
      const isInTheWay =
        remainingSeconds > 0 &&
        stuckOn(node.name).some((stuck) => groupOf(stuck.pod) !== groupOf(pod));
      if (!isInTheWay) return true;
      ledger.release(pod.uid, node.name);
      if (nominatedFor(pod) !== undefined) this.#steps.push({ waiting, nominate: null });
      return false;
    });
    return kept.map((home) => {
      const { pod, node, remainingSeconds } = home;
      if (remainingSeconds > 0 || ledger.isPlaceable(pod, node)) return home;
      const others = (onNode.get(node.name) ?? []).map((other) => other.remainingSeconds);
      return { ...home, remainingSeconds: Math.max(1, ...others) };
    });
  }

  /** Pods of one job wait for its slowest member anyway; a pod of its own waits as long as another node is dearer. */
  #settle(group: readonly AtHome[]): void {
    const [first] = group;
    if (first === undefined) return;
    const members = [...group, ...this.#toCome(group, first)];
    const elsewhere = whoGoesElsewhere(members, this.#sparesFor(first.pod).length);
    group.forEach((home, at) => {
      const { waiting, pod, node, decision } = home;
      const isPatient = this.#isPatient(waiting, pod);
      if (home.remainingSeconds === 0) this.#home(home);
      else if (elsewhere.has(at) || !isPatient) {
        this.#input.ledger.release(pod.uid, node.name);
        const why = isPatient
          ? `${node.name} would be free only in ${Math.round(home.remainingSeconds)} s`
          : `${node.name} was not free in time`;
        this.#toSpare(waiting, pod, why);
      } else if (nominatedFor(pod) !== node.name && !this.#wouldBlock(node)) {
        this.#steps.push({ waiting, nominate: node.name, decision, waits: waitsFor(home) });
      }
    });
  }

  /** Members of the job that have left and are not created anew yet: the job begins with the last of them, too. */
  #toCome(group: readonly AtHome[], { pod, dearerElsewhereSeconds }: AtHome): readonly Member[] {
    const gang = gangOf(pod.slot);
    if (gang === undefined) return [];
    const { homes, nowSeconds } = this.#input.snapshot;
    const here = new Set(group.map((home) => home.pod.slot.key));
    return homes
      .ofWorkload(pod.slot.workload, nowSeconds, MOST_MEMBERS)
      .filter(({ slot }) => !here.has(slot.key) && gangOf(slot) === gang)
      .map((left) => ({ remainingSeconds: this.#remaining(left), dearerElsewhereSeconds }));
  }

  #home({ waiting, pod, node, decision, dearerElsewhereSeconds }: AtHome): void {
    const waited = Math.round(waitedSeconds(waiting, this.#input.snapshot.nowSeconds));
    const saved = Number.isFinite(dearerElsewhereSeconds)
      ? `which saved ${Math.round(dearerElsewhereSeconds)} s`
      : 'and no other was free';
    this.#steps.push({
      waiting,
      ...(nominatedFor(pod) !== node.name && { nominate: node.name }),
      lift: { code: 'WaitedForHome', words: `waited ${waited} s for its own node, ${saved}` },
      decision,
    });
  }

  #isPatient(waiting: Waiting, { expectations }: PodFacts): boolean {
    const waited = waitedSeconds(waiting, this.#input.snapshot.nowSeconds);
    return waited < (expectations?.waitForHomeSeconds ?? 0);
  }

  /** Without its own node a member goes where the forecast says, and is held there, too. */
  #toSpare(waiting: Waiting, pod: PodFacts, why: string): undefined {
    if (this.#sparesLookedFor === MOST_SPARES) return undefined;
    this.#sparesLookedFor += 1;
    const { ledger } = this.#input;
    const held = nominatedFor(pod);
    if (held !== undefined) ledger.release(pod.uid, held);
    const spares = pod.wishes === undefined ? this.#sparesFor(pod) : [];
    const decision = this.#decideOn(
      pod,
      spares.filter((node) => ledger.isPlaceable(pod, node)),
    );
    const node = decision?.forecasts[0]?.candidate.node;
    if (node !== undefined) ledger.hold(pod, node);
    return this.#lift(waiting, why, 'NotWaited', { node, decision });
  }

  /** Lets it go, to this node where there is one; a nomination to another is taken back. */
  #lift(
    waiting: Waiting,
    why: string,
    code: 'NotWaited' | 'NoHome' = 'NotWaited',
    { node, decision }: { node?: string | undefined; decision?: Decision | undefined } = {},
  ): undefined {
    const pod = this.#input.snapshot.cluster.pod(waiting.uid);
    const held = pod && nominatedFor(pod);
    this.#steps.push({
      waiting,
      ...(node !== held && { nominate: node ?? null }),
      lift: { code, words: `did not wait for its own node: ${why}` },
      ...(decision !== undefined && { decision }),
    });
    return undefined;
  }

  /** Whether one more nomination keeps a pod out that was let go to the node and is not bound yet. */
  #wouldBlock(node: NodeFacts): boolean {
    const { ledger, waiting } = this.#input;
    return [...ledger.heldOn(node.name)].some(
      (held) => !waiting.some(({ uid }) => uid === held.uid) && !ledger.isPlaceable(held, node),
    );
  }

  #bestSpareLoss(pod: PodFacts): number | undefined {
    const kind = kindOf(pod);
    if (this.#bestSpare.has(kind)) return this.#bestSpare.get(kind);
    const decision = this.#decideOn(pod, this.#sparesFor(pod));
    const lossSeconds = decision?.forecasts[0]?.lossSeconds;
    this.#bestSpare.set(kind, lossSeconds);
    return lossSeconds;
  }

  #decideOn(pod: PodFacts, nodes: readonly NodeFacts[]): Decision | undefined {
    if (nodes.length === 0) return undefined;
    return this.#input.decide(
      pod,
      nodes.map(({ name }) => name),
    );
  }

  /** Nodes that are free now and nobody's home, as far as we see. */
  #sparesFor(pod: PodFacts): readonly NodeFacts[] {
    const kind = kindOf(pod);
    const known = this.#spares.get(kind);
    if (known !== undefined) return known;
    const { ledger, snapshot } = this.#input;
    const { cluster, homes, nowSeconds } = snapshot;
    const { choice, tolerations = [] } = pod.schedulingConstraints ?? {};
    const spares =
      choice?.kind !== 'any'
        ? []
        : [...cluster.nodes()].filter(
            (node) =>
              isOpenTo(node, tolerations) &&
              (node.softTaints ?? []).every((taint) => isTolerated(taint, tolerations)) &&
              homes.expectedOn(node.name, nowSeconds).length === 0 &&
              ledger.isPlaceable(pod, node),
          );
    this.#spares.set(kind, spares);
    return spares;
  }
}

interface Vacated extends Left {
  readonly node: string;
  /** Whether it is known as the slot's home, which it is once the slot has left it. */
  readonly isHome: boolean;
  /** Until the pod before it has gone; 0 once it has. */
  readonly remaining: number;
}

/** Pods of one kind have the same spare nodes. */
function kindOf({ slot, devices, schedulingConstraints }: PodFacts): string {
  const { tolerations, choice } = schedulingConstraints ?? {};
  return JSON.stringify([slot.workload, devices, tolerations, choice]);
}

function waitsFor({ node, remainingSeconds, dearerElsewhereSeconds }: AtHome): Reason {
  const elsewhere = Number.isFinite(dearerElsewhereSeconds)
    ? `another would cost ${Math.round(dearerElsewhereSeconds)} s more`
    : 'no other is weighed';
  const words = `waits for its own node ${node.name}, free in about ${Math.round(remainingSeconds)} s; ${elsewhere}`;
  return { code: 'WaitsForHome', words };
}

/** The job that the pod starts together with, or itself. */
function groupOf({ slot, uid }: PodFacts): string {
  return gangOf(slot) ?? uid;
}

function nominatedFor({ schedulingConstraints }: PodFacts): string | undefined {
  return schedulingConstraints?.nominatedNode;
}
