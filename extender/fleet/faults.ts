import type { Pod } from '../../webhook/words/pod.ts';
import type { Tell } from './happening.ts';
import type { Kubelets } from './kubelet.ts';
import { keyOf, type Objects } from './objects.ts';
import { type FleetNode, GPUS_PER_NODE, RACK_LABEL } from './racks.ts';
import { Random } from './random.ts';
import type { Fault, FaultScript } from './script.ts';
import type { Timeline } from './timeline.ts';
import type { Workload } from './workload.ts';

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_HOUR = 3600;

/**
 * What becomes of a fault: 19.5 % of the failures of Crusoe's H200 were a recoverable GPU and 41.5 %
 * a replaced host (GTC 2025); the network's 34 % strike a rack here, the rest stays in its node.
 */
const TRANSIENT_SHARE = 0.195;
const SWAP_SHARE = 0.415;
const RACK_SHARE = 0.34;
/** A device that failed and was left in its node failed again within 7 days in 30 % of 323 cases
 * (Titan, SC20): a lemon's rate. */
const LEMON_FAULTS_PER_DAY = -Math.log(1 - 0.3) / 7;
/** A reset takes minutes. A judgement. */
const TRANSIENT_SECONDS = 600;
/** Mean repair time of LANL's nodes (LA-UR-05-7318). */
export const REPAIR_SECONDS = 5.9 * SECONDS_PER_HOUR;
/** Drivers and kernels are rolled out about once a month. A judgement. */
const SECONDS_BETWEEN_REBOOTS = 30 * SECONDS_PER_DAY;

export interface FaultDeps {
  readonly timeline: Timeline;
  readonly nodes: Objects<FleetNode>;
  readonly pods: Objects<Pod>;
  readonly kubelets: Kubelets;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly seed: number;
  readonly tell: Tell;
}

/** Everything that goes wrong: what the script says, and what chance adds at its rate. */
export class Faults {
  readonly #deps: FaultDeps;

  constructor(script: FaultScript, deps: FaultDeps) {
    this.#deps = deps;
    for (const fault of script.faults) {
      deps.timeline.after(fault.atSeconds, () => this.#strikeScripted(fault));
    }
    const perNodeDay = script.faultsPerThousandNodeDays / 1000;
    if (perNodeDay === 0) return;
    for (const { metadata } of deps.nodes.all()) {
      this.#strikeByChance(metadata.name ?? '', perNodeDay);
      this.#rebootByPlan(metadata.name ?? '');
    }
  }

  /** Every pod on the rack loses its network for a moment and ends: no device is to blame. */
  #loseRack(rack: string): void {
    const { nodes, pods, kubelets, timeline, tell } = this.#deps;
    tell({ kind: 'rack outage', words: `${rack} has lost its network for a moment` });
    const struck = new Set(
      [...nodes.all()]
        .filter(({ metadata }) => metadata.labels?.[RACK_LABEL] === rack)
        .map(({ metadata }) => metadata.name),
    );
    for (const pod of pods.all()) {
      if (!struck.has(pod.spec.nodeName)) continue;
      const key = keyOf(pod);
      timeline.after(0, () => kubelets.end(key, 1, 'rack outage'));
    }
  }

  #strikeScripted(fault: Fault): void {
    const { workloads, pods, kubelets, tell } = this.#deps;
    const { workload, index } = fault;
    const key = workloads.get(workload)?.podAt(index);
    const pod = key === undefined ? undefined : pods.get(key);
    const node = pod?.spec.nodeName;
    if (key === undefined || !node) {
      tell({ kind: 'refused', words: `a fault found no pod of ${workload}/${index} on a node` });
      return;
    }
    switch (fault.kind) {
      case 'crash':
        kubelets.end(key, fault.exitCode);
        break;
      case 'reboot':
        kubelets.reboot(node);
        break;
      case 'breakDevice': {
        const device = kubelets.devices(node).find(({ holder }) => holder === pod.metadata.uid);
        if (device !== undefined) kubelets.breakDevice(node, device.slot, fault.repairSeconds);
      }
    }
  }

  /** The moments depend on the seed and the node alone, whatever is placed there. */
  #strikeByChance(node: string, perDay: number): void {
    const { timeline, seed } = this.#deps;
    const random = new Random(seed, `faults/${node}`);
    const wait = () => {
      timeline.after(random.waitSeconds(SECONDS_PER_DAY / perDay), () => {
        this.#strike(node, random);
        wait();
      });
    };
    wait();
  }

  #strike(node: string, random: Random): void {
    const { kubelets, nodes } = this.#deps;
    const slot = random.below(GPUS_PER_NODE);
    const draw = random.fraction();
    if (draw < RACK_SHARE) {
      this.#loseRack(nodes.get(node)?.metadata.labels?.[RACK_LABEL] ?? '');
    } else if (draw < RACK_SHARE + SWAP_SHARE) {
      kubelets.breakDevice(node, slot, random.waitSeconds(REPAIR_SECONDS), true);
    } else if (draw < RACK_SHARE + SWAP_SHARE + TRANSIENT_SHARE) {
      kubelets.breakDevice(node, slot, random.waitSeconds(TRANSIENT_SECONDS));
    } else {
      this.#becomeLemon(node, slot, random);
    }
  }

  /** It works again after a reset each time, and each time it fails again before long. */
  #becomeLemon(node: string, slot: number, random: Random): void {
    const { kubelets, timeline } = this.#deps;
    const failAgain = () => {
      kubelets.breakDevice(node, slot, random.waitSeconds(TRANSIENT_SECONDS));
      timeline.after(random.waitSeconds(SECONDS_PER_DAY / LEMON_FAULTS_PER_DAY), failAgain);
    };
    failAgain();
  }

  #rebootByPlan(node: string): void {
    const { timeline, kubelets, seed } = this.#deps;
    const random = new Random(seed, `reboots/${node}`);
    const again = () => {
      kubelets.reboot(node);
      timeline.after(SECONDS_BETWEEN_REBOOTS, again);
    };
    timeline.after(random.fraction() * SECONDS_BETWEEN_REBOOTS, again);
  }
}
