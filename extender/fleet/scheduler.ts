import type { Pod, Toleration } from '../../webhook/words/pod.ts';
import { covers } from '../../webhook/words/toleration.ts';
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
  /** What the extender answers; `[]` when it does not. */
  readonly prioritize: (args: ExtenderArgs) => Promise<HostPriorityList>;
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

interface Feasible {
  readonly node: FleetNode;
  readonly points: number;
}

/**
 * A kube-scheduler in small: it filters, adds up stand-ins for the default scores that can differ
 * here (NodeResourcesFit, ImageLocality) and the extender's, and binds.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #pending = new Set<string>();
  readonly #boundGpus = new Map<string, number>();
  readonly #boundPods = new Map<string, number>();
  /** Uid to node of the pods counted above. */
  readonly #counted = new Map<string, string>();
  #isAwake = false;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
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
    deps.nodes.subscribe(() => this.#wake());
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
    const { pods, nodes, prioritize, tell } = this.#deps;
    const pod = pods.get(key);
    if (pod === undefined || !this.#pending.has(key)) return;
    const count = gpusAskedBy(pod);
    const shares = this.#sharesHaving(pod);
    const feasible = [...nodes.all()]
      .filter((node) => this.#fits(pod, node, count))
      .map((node): Feasible => ({ node, points: this.#points(node, shares) }));
    if (feasible.length === 0) return;
    // With one feasible node the extender is never asked.
    const answer =
      feasible.length === 1
        ? []
        : await prioritize({ Pod: pod, NodeNames: feasible.map(({ node }) => nameOf(node)) });
    // While the answer was on its way, the pod may have gone.
    if (!this.#pending.delete(key)) return;
    const node = this.#best(feasible, new Map(answer.map(({ Host, Score }) => [Host, Score])));
    tell({ kind: 'bound', pod: key, node, words: `is bound, of ${feasible.length} nodes` });
    pods.update(key, (current) => ({ ...current, spec: { ...current.spec, nodeName: node } }));
  }

  #fits(pod: Pod, node: FleetNode, count: number): boolean {
    const { tolerations = [] } = pod.spec;
    const offered = Number(node.status.allocatable[GPU] ?? 0);
    return (
      isReady(node) &&
      !node.spec.unschedulable &&
      offered - (this.#boundGpus.get(nameOf(node)) ?? 0) >= count &&
      node.spec.taints.every((taint) => isTolerated(taint, tolerations))
    );
  }

  /** The pod's images, each with the share of nodes that have it. */
  #sharesHaving(pod: Pod): ReadonlyMap<string, number> {
    const { nodes } = this.#deps;
    const having = new Map(pod.spec.containers.map(({ image = '' }) => [image, 0]));
    let all = 0;
    for (const { status } of nodes.all()) {
      all += 1;
      for (const { names } of status.images) {
        for (const name of names) {
          const count = having.get(name);
          if (count !== undefined) having.set(name, count + 1);
        }
      }
    }
    return new Map([...having].map(([image, count]) => [image, count / all]));
  }

  #points(node: FleetNode, shares: ReadonlyMap<string, number>): number {
    const bound = this.#boundPods.get(nameOf(node)) ?? 0;
    const free = Math.floor(MOST_POINTS * (1 - UNASKED_SHARE * (bound + 1)));
    return free + imagePoints(node, shares);
  }

  /** The most points; the scheduler draws lots among the answered nodes only (1.37.2). */
  #best(feasible: readonly Feasible[], scores: ReadonlyMap<string, number>): string {
    const totals = feasible.map(({ node, points }) => ({
      name: nameOf(node),
      points: points + (scores.get(nameOf(node)) ?? 0) * POINTS_A_SCORE,
    }));
    const most = Math.max(...totals.map(({ points }) => points));
    const best = totals.filter(({ points }) => points === most).map(({ name }) => name);
    const answered = best.filter((name) => scores.has(name));
    return this.#deps.random.pick(answered) ?? (best[0] as string);
  }

  #count(pod: Pod, isGone: boolean): void {
    const { uid = '' } = pod.metadata;
    const node = pod.spec.nodeName;
    const counted = this.#counted.get(uid);
    if (isGone && counted !== undefined) {
      this.#counted.delete(uid);
      this.#add(counted, -1, -gpusAskedBy(pod));
    } else if (!isGone && counted === undefined && node) {
      this.#counted.set(uid, node);
      this.#add(node, 1, gpusAskedBy(pod));
    }
  }

  #add(node: string, pods: number, gpus: number): void {
    this.#boundPods.set(node, (this.#boundPods.get(node) ?? 0) + pods);
    this.#boundGpus.set(node, (this.#boundGpus.get(node) ?? 0) + gpus);
  }
}

function nameOf({ metadata: { name = '' } }: FleetNode): string {
  return name;
}

/** Bytes of the pod's images on the node, weighed by the share of nodes that have them. */
function imagePoints({ status }: FleetNode, shares: ReadonlyMap<string, number>): number {
  const bytes = status.images.reduce(
    (sum, { names, sizeBytes }) => sum + sizeBytes * (shares.get(names[0] ?? '') ?? 0),
    0,
  );
  const clamped = Math.min(Math.max(bytes, IMAGE_LEAST_BYTES), IMAGE_MOST_BYTES);
  return Math.floor(
    (MOST_POINTS * (clamped - IMAGE_LEAST_BYTES)) / (IMAGE_MOST_BYTES - IMAGE_LEAST_BYTES),
  );
}

function isTolerated(
  { key, value, effect }: { key: string; value: string; effect: string },
  tolerations: readonly Toleration[],
): boolean {
  return tolerations.some((held) => covers(held, { key, operator: 'Equal', value, effect }));
}
