import type { Pod } from '../../webhook/words/pod.ts';
import type { Tell } from './happening.ts';
import type { Kubelets } from './kubelet.ts';
import type { Objects } from './objects.ts';
import { type FleetNode, GPUS_PER_NODE, RACK_LABEL } from './racks.ts';
import { Random } from './random.ts';
import type { Fault, FaultScript } from './script.ts';
import type { Timeline } from './timeline.ts';
import type { Workload } from './workload.ts';

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_HOUR = 3600;

/**
 * What becomes of a fault: 19.5 % of the failures of Crusoe's H200 were a recoverable GPU, 41.5 % a replaced host, and 34 %
 * InfiniBand, of which nothing says that it struck more than one node (GTC 2025). The rest stays in its node.
 */
const NETWORK_SHARE = 0.34;
const SWAP_SHARE = 0.415;
const TRANSIENT_SHARE = 0.195;
/** Of a node's faults, those that strike one of its devices. */
const DEVICE_SHARE = 1 - NETWORK_SHARE;
/** A device that failed and was left in its node failed again within 7 days in 30 % of 323 cases
 * (Titan, SC20): a lemon's rate. */
const LEMON_FAULTS_PER_DAY = -Math.log(1 - 0.3) / 7;
/** A reset takes minutes. A judgement. */
const TRANSIENT_SECONDS = 600;
/** A mean. A judgement: half of the network devices that failed in Microsoft's data centres were back within minutes (Gill,
 * Jain, Nagappan, SIGCOMM 2011). */
const NETWORK_SECONDS = 300;
/** Mean repair time of LANL's nodes (LA-UR-05-7318). */
export const REPAIR_SECONDS = 5.9 * SECONDS_PER_HOUR;

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
  readonly #perNodeDay: number;
  /** Outages that whoever is in a rack must expect, a day. */
  readonly rackOutagesPerDay: number;
  readonly #rebootSeconds: number;
  /** By node: the slots of devices that fail again and again. */
  readonly #lemons = new Map<string, number[]>();

  constructor(script: FaultScript, deps: FaultDeps) {
    const { faultsPerThousandNodeDays, rackOutagesPerRackDay, rebootEvery } = script;
    const isByChance = faultsPerThousandNodeDays > 0;
    this.#deps = deps;
    this.#perNodeDay = faultsPerThousandNodeDays / 1000;
    this.rackOutagesPerDay = isByChance ? rackOutagesPerRackDay : 0;
    this.#rebootSeconds = isByChance ? rebootEvery : 0;
    for (const fault of script.faults) {
      deps.timeline.after(fault.atSeconds, () => this.#strikeScripted(fault));
    }
    const racks = new Set<string>();
    for (const { metadata } of deps.nodes.all()) {
      const { name = '', labels = {} } = metadata;
      this.#strikeByChance(name);
      this.#rebootByPlan(name);
      const rack = labels[RACK_LABEL];
      if (rack !== undefined) racks.add(rack);
    }
    for (const rack of racks) this.#loseByChance(rack);
  }

  /** Faults to be expected a day by whoever holds these of a node's devices: outages of its rack and planned work apart. */
  perDay(node: string, slots: readonly number[]): number {
    const bySlot = (this.#perNodeDay * DEVICE_SHARE) / GPUS_PER_NODE;
    const lemons = (this.#lemons.get(node) ?? []).filter((slot) => slots.includes(slot)).length;
    return this.#perNodeDay * NETWORK_SHARE + slots.length * bySlot + lemons * LEMON_FAULTS_PER_DAY;
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

  /** Calls again and again, at random. The moments depend on the seed and the stream alone, whatever is placed where. */
  #byChance(stream: string, perDay: number, strike: (random: Random) => void): void {
    if (perDay === 0) return;
    const { timeline, seed } = this.#deps;
    const random = new Random(seed, stream);
    const wait = () => {
      timeline.after(random.waitSeconds(SECONDS_PER_DAY / perDay), () => {
        strike(random);
        wait();
      });
    };
    wait();
  }

  #strikeByChance(node: string): void {
    this.#byChance(`faults/${node}`, this.#perNodeDay, (random) => this.#strike(node, random));
  }

  #strike(node: string, random: Random): void {
    const { kubelets, tell } = this.#deps;
    const slot = random.below(GPUS_PER_NODE);
    const draw = random.fraction();
    if (draw < NETWORK_SHARE) {
      tell({ kind: 'network fault', node, words: 'has lost its network' });
      kubelets.loseNetwork(node, random.waitSeconds(NETWORK_SECONDS), 'network fault');
    } else if (draw < NETWORK_SHARE + SWAP_SHARE) {
      kubelets.breakDevice(node, slot, random.waitSeconds(REPAIR_SECONDS), true);
    } else if (draw < NETWORK_SHARE + SWAP_SHARE + TRANSIENT_SHARE) {
      kubelets.breakDevice(node, slot, random.waitSeconds(TRANSIENT_SECONDS));
    } else {
      this.#becomeLemon(node, slot, random);
    }
  }

  /** All nodes of a rack are away from the network for a while: no device is to blame. */
  #loseByChance(rack: string): void {
    const { nodes, kubelets, tell } = this.#deps;
    this.#byChance(`outages/${rack}`, this.rackOutagesPerDay, (random) => {
      tell({ kind: 'rack outage', words: `${rack} has lost its network` });
      const seconds = random.waitSeconds(NETWORK_SECONDS);
      for (const { metadata } of [...nodes.all()]) {
        if (metadata.labels?.[RACK_LABEL] !== rack) continue;
        kubelets.loseNetwork(metadata.name ?? '', seconds, 'rack outage');
      }
    });
  }

  /** It works again after a reset each time, and each time it fails again before long, until it is replaced. */
  #becomeLemon(node: string, slot: number, random: Random): void {
    const { kubelets, timeline } = this.#deps;
    const idNow = () => kubelets.devices(node)[slot]?.id;
    const id = idNow();
    const lemons = this.#lemons.get(node) ?? [];
    this.#lemons.set(node, lemons);
    if (lemons.includes(slot)) return;
    lemons.push(slot);
    const failAgain = () => {
      if (idNow() !== id) {
        lemons.splice(lemons.indexOf(slot), 1);
        return;
      }
      kubelets.breakDevice(node, slot, random.waitSeconds(TRANSIENT_SECONDS));
      timeline.after(random.waitSeconds(SECONDS_PER_DAY / LEMON_FAULTS_PER_DAY), failAgain);
    };
    failAgain();
  }

  #rebootByPlan(node: string): void {
    if (this.#rebootSeconds === 0) return;
    const { timeline, kubelets, seed } = this.#deps;
    const random = new Random(seed, `reboots/${node}`);
    const again = () => {
      kubelets.reboot(node);
      timeline.after(this.#rebootSeconds, again);
    };
    timeline.after(random.fraction() * this.#rebootSeconds, again);
  }
}
