import { JOB_INDEX } from '../../../webhook/words/keys.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import type { FleetApi } from '../../fleet/fleet.ts';
import { gpusAskedBy } from '../../fleet/kubelet.ts';
import { isOver } from '../../fleet/pod-status.ts';
import { type FleetNode, GPU, RACK_LABEL } from '../../fleet/racks.ts';

/** What a scheduler's plugin knows without history: who is bound where, and what is free. */
export class BoundPods {
  /** Uid to where it is counted. */
  readonly #counted = new Map<string, { node: string; gpus: number; job: string | undefined }>();
  /** By job: racks to how many of its pods they have. */
  readonly #racksOf = new Map<string, Map<string, number>>();
  readonly #boundGpus = new Map<string, number>();
  readonly #nodes = new Map<string, FleetNode>();

  watch({ nodes, pods }: FleetApi): void {
    for (const node of nodes.all()) this.#nodes.set(node.metadata.name ?? '', node);
    nodes.subscribe(({ object }) => void this.#nodes.set(object.metadata.name ?? '', object));
    pods.subscribe(({ type, object }) => this.#podChanged(object, type === 'DELETED'));
  }

  node(name: string): FleetNode | undefined {
    return this.#nodes.get(name);
  }

  rackOf(node: string): string {
    return this.#nodes.get(node)?.metadata.labels?.[RACK_LABEL] ?? node;
  }

  /** Racks in which the pod's job has pods; none of a pod that is of no group. */
  racksOf(pod: Pod): ReadonlyMap<string, number> {
    return this.#racksOf.get(jobOf(pod) ?? '') ?? NO_RACKS;
  }

  /** How many pods that ask for so many GPUs fit on the node. */
  placesOn(node: string, gpus: number): number {
    const offered = Number(this.#nodes.get(node)?.status.allocatable[GPU] ?? 0);
    return Math.floor((offered - (this.#boundGpus.get(node) ?? 0)) / gpus);
  }

  #podChanged(pod: Pod, isGone: boolean): void {
    const { uid = '' } = pod.metadata;
    const known = this.#counted.get(uid);
    if (isGone || isOver(pod)) {
      if (known === undefined) return;
      this.#counted.delete(uid);
      this.#count(known, -1);
    } else if (known === undefined && pod.spec.nodeName) {
      const counted = { node: pod.spec.nodeName, gpus: gpusAskedBy(pod), job: jobOf(pod) };
      this.#counted.set(uid, counted);
      this.#count(counted, 1);
    }
  }

  #count(
    { node, gpus, job }: { node: string; gpus: number; job: string | undefined },
    more: 1 | -1,
  ): void {
    this.#boundGpus.set(node, (this.#boundGpus.get(node) ?? 0) + more * gpus);
    if (job === undefined) return;
    const racks = this.#racksOf.get(job) ?? new Map<string, number>();
    const rack = this.rackOf(node);
    const count = (racks.get(rack) ?? 0) + more;
    if (count === 0) racks.delete(rack);
    else racks.set(rack, count);
    this.#racksOf.set(job, racks);
  }
}

const NO_RACKS: ReadonlyMap<string, number> = new Map();

/** The group that a pod is a member of: an Indexed Job. */
export function jobOf(pod: Pod): string | undefined {
  return pod.metadata.annotations?.[JOB_INDEX] === undefined ? undefined : slotOf(pod).workload;
}
