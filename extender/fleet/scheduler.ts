import type { Pod } from '../../webhook/words/pod.ts';
import { isTolerated } from '../../webhook/words/toleration.ts';
import type { Tell } from './happening.ts';
import { gpusAskedBy } from './kubelet.ts';
import { keyOf, type Objects } from './objects.ts';
import { isOver } from './pod-status.ts';
import { type FleetNode, GPU, isReady } from './racks.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** ExtenderArgs, as the scheduler sends them (k8s.io/kube-scheduler/extender/v1). */
export interface ExtenderArgs {
  readonly Pod: Pod;
  readonly NodeNames: readonly string[];
}

export type HostPriorityList = readonly { readonly Host: string; readonly Score: number }[];

export interface SchedulerDeps {
  readonly timeline: Timeline;
  readonly nodes: Objects<FleetNode>;
  readonly pods: Objects<Pod>;
  readonly random: Random;
  /** What the extender answers; `[]` when it does not. Absent: the scheduler has no extender. */
  readonly prioritize?: (args: ExtenderArgs) => Promise<HostPriorityList>;
  readonly tell: Tell;
}

/** The scheduler hears of changes a moment later, and so takes them together. */
const WAKE_SECONDS = 0.1;
/** The scheduler turns an extender's score into points: `Score x weight x 10`, with weight 1. */
const POINTS_A_SCORE = 10;
/** ImageLocality counts images from 23 MB to 1,000 MB a container (image_locality.go). */
const IMAGE_LEAST_BYTES = 23 * 2 ** 20;
const IMAGE_MOST_BYTES = 1000 * 2 ** 20;
const MOST_POINTS = 100;
/** What NodeResourcesFit reckons for a container without requests, as a share of these nodes. */
const UNASKED_SHARE = (0.1 / 192 + 200 / (2 * 2 ** 20)) / 2;

/** A node as the scheduler keeps it in its cache. */
interface Seat {
  readonly name: string;
  node: FleetNode;
  /** Neither cordoned nor down. */
  isOpen: boolean;
  offeredGpus: number;
  boundGpus: number;
  boundPods: number;
}

/**
 * A kube-scheduler in small: it filters, adds up stand-ins for the default scores that can differ
 * here (NodeResourcesFit, ImageLocality) and the extender's, and binds.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #pending = new Set<string>();
  readonly #seats = new Map<string, Seat>();
  /** Uid to the seat that counts the pod. */
  readonly #counted = new Map<string, Seat>();
  /** Image to node to its points; forgotten whenever a node has pulled something. */
  #imagePoints = new Map<string, ReadonlyMap<string, number>>();
  #isAwake = false;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    for (const node of deps.nodes.all()) this.#seat(node);
    deps.nodes.subscribe(({ object }) => {
      this.#seat(object);
      this.#wake();
    });
    deps.pods.subscribe(({ type, object }) => {
      const isGone = type === 'DELETED' || isOver(object);
      this.#count(object, isGone);
      if (isGone || object.metadata.deletionTimestamp !== undefined) {
        this.#pending.delete(keyOf(object));
      } else if (!object.spec.nodeName) {
        this.#pending.add(keyOf(object));
        this.#wake();
      }
      if (isGone) this.#wake();
    });
  }

  #wake(): void {
    if (this.#isAwake || this.#pending.size === 0) return;
    this.#isAwake = true;
    this.#deps.timeline.after(WAKE_SECONDS, async () => {
      this.#isAwake = false;
      for (const key of [...this.#pending]) await this.#schedule(key);
    });
  }

  async #schedule(key: string): Promise<void> {
    const { pods, prioritize, tell } = this.#deps;
    const pod = pods.get(key);
    if (pod === undefined || !this.#pending.has(key)) return;
    const feasible = this.#feasible(pod);
    if (feasible.length === 0) return;
    const names = feasible.map(({ name }) => name);
    // With one feasible node the extender is never asked.
    const answer =
      prioritize === undefined || feasible.length === 1
        ? undefined
        : await prioritize({ Pod: pod, NodeNames: names });
    // While the answer was on its way, the pod may have gone.
    if (!this.#pending.delete(key)) return;
    const node = this.#best(feasible, pod, answer);
    tell({ kind: 'bound', pod: key, node, words: `is bound, of ${feasible.length} nodes` });
    pods.update(key, (current) => ({ ...current, spec: { ...current.spec, nodeName: node } }));
  }

  #feasible(pod: Pod): readonly Seat[] {
    const count = gpusAskedBy(pod);
    const { tolerations = [] } = pod.spec;
    // Most nodes share their taints.
    const tolerated = new Map<FleetNode['spec']['taints'], boolean>();
    const feasible: Seat[] = [];
    for (const seat of this.#seats.values()) {
      if (!seat.isOpen || seat.offeredGpus - seat.boundGpus < count) continue;
      const { taints } = seat.node.spec;
      let isTaintOk = tolerated.get(taints);
      if (isTaintOk === undefined) {
        isTaintOk = taints.every((taint) => isTolerated(taint, tolerations));
        tolerated.set(taints, isTaintOk);
      }
      if (isTaintOk) feasible.push(seat);
    }
    return feasible;
  }

  /**
   * The most points. Without an extender lots are drawn among all the best; with one, among the best
   * that it has answered, and else it is always the same one (kube-scheduler 1.37.2).
   */
  #best(feasible: readonly Seat[], pod: Pod, answer: HostPriorityList | undefined): string {
    const { random } = this.#deps;
    const scores = new Map(answer?.map(({ Host, Score }) => [Host, Score]));
    const images = pod.spec.containers.map(({ image = '' }) => this.#pointsFor(image));
    let most = Number.NEGATIVE_INFINITY;
    let best: string[] = [];
    for (const { name, boundPods } of feasible) {
      const free = Math.floor(MOST_POINTS * (1 - UNASKED_SHARE * (boundPods + 1)));
      const local = images.reduce((sum, points) => sum + (points.get(name) ?? 0), 0);
      const points = free + local + (scores.get(name) ?? 0) * POINTS_A_SCORE;
      if (points > most) {
        most = points;
        best = [];
      }
      if (points === most) best.push(name);
    }
    const drawnFrom = answer === undefined ? best : best.filter((name) => scores.has(name));
    return random.pick(drawnFrom) ?? (best[0] as string);
  }

  /** ImageLocality: the bytes of an image, weighed by the share of nodes that have it. */
  #pointsFor(image: string): ReadonlyMap<string, number> {
    const known = this.#imagePoints.get(image);
    if (known !== undefined) return known;
    const having = new Map<string, number>();
    for (const { name, node } of this.#seats.values()) {
      const found = node.status.images.find(({ names }) => names.includes(image));
      if (found !== undefined) having.set(name, found.sizeBytes);
    }
    const share = having.size / this.#seats.size;
    const points = new Map(
      [...having].map(([name, bytes]) => [name, localityPoints(bytes * share)]),
    );
    this.#imagePoints.set(image, points);
    return points;
  }

  #seat(node: FleetNode): void {
    const { name = '' } = node.metadata;
    const seat = this.#seats.get(name);
    const facts = {
      node,
      isOpen: isReady(node) && !node.spec.unschedulable,
      offeredGpus: Number(node.status.allocatable[GPU] ?? 0),
    };
    if (seat?.node.status.images !== node.status.images) this.#imagePoints = new Map();
    if (seat === undefined) this.#seats.set(name, { name, ...facts, boundGpus: 0, boundPods: 0 });
    else Object.assign(seat, facts);
  }

  #count(pod: Pod, isGone: boolean): void {
    const { uid = '' } = pod.metadata;
    const counted = this.#counted.get(uid);
    if (isGone && counted !== undefined) {
      this.#counted.delete(uid);
      counted.boundPods -= 1;
      counted.boundGpus -= gpusAskedBy(pod);
    } else if (!isGone && counted === undefined && pod.spec.nodeName) {
      const seat = this.#seats.get(pod.spec.nodeName);
      if (seat === undefined) return;
      this.#counted.set(uid, seat);
      seat.boundPods += 1;
      seat.boundGpus += gpusAskedBy(pod);
    }
  }
}

function localityPoints(bytes: number): number {
  const clamped = Math.min(Math.max(bytes, IMAGE_LEAST_BYTES), IMAGE_MOST_BYTES);
  return Math.floor(
    (MOST_POINTS * (clamped - IMAGE_LEAST_BYTES)) / (IMAGE_MOST_BYTES - IMAGE_LEAST_BYTES),
  );
}
