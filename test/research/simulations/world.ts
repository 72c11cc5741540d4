import { Random } from '../../../extender/fleet/random.ts';
import { Timeline } from '../../../extender/fleet/timeline.ts';
import { type FleetKind, gammaOfMeanOne, NODES, normal } from './fleets.ts';
import { IMAGE_BYTES, type JobPlan, jobPlan } from './jobs.ts';

/** What truly is on one node. */
export interface TrueNode {
  readonly index: number;
  readonly name: string;
  readonly frailty: number;
  readonly bytesPerSecond: number;
  /** Image to when it was last used. */
  readonly cache: Map<string, number>;
  readonly pods: Set<SimPod>;
  /** GPUs that are held, and that are broken, a bit each. */
  held: number;
  broken: number;
  /** Busy days of the node, as of `clockAtSeconds`, and at its last fault. */
  busyDays: number;
  clockAtSeconds: number;
  faultAtBusyDays: number;
  /** Faults that have come, and how many would have at a frailty of 1. */
  faults: number;
  exposure: number;
  /** Hazard that is left until its next fault. */
  fuel: number;
  faultPlan: number;
  badGpu: number;
  /** Of its own, so that what happens elsewhere changes nothing here. */
  readonly chance: Random;
}

export interface SimPod {
  readonly job: Job;
  readonly index: number;
  readonly uid: string;
  readonly node: TrueNode;
  readonly gpuMask: number;
  startSeconds: number;
}

export interface Job {
  readonly plan: JobPlan;
  leftSeconds: number;
  attempt: number;
  pods: SimPod[];
  begunAtSeconds: number;
  worksFromSeconds: number;
  /** Where each index ran last. */
  readonly homes: (TrueNode | undefined)[];
}

export type Ending = 'completed' | 'crashed' | 'device fault' | 'group restart';

/** A pod that is to be placed. */
export interface Asking {
  readonly job: Job;
  readonly index: number;
  readonly uid: string;
}

/** Chooses nodes, and may look on. */
export interface Policy {
  readonly name: string;
  /** One of the candidates, all of which have room. */
  place(asking: Asking, candidates: readonly TrueNode[], nowSeconds: number): TrueNode;
  bound?(pod: SimPod, nowSeconds: number): void;
  running?(pod: SimPod, nowSeconds: number): void;
  ended?(pod: SimPod, how: Ending, nowSeconds: number, brokenGpu?: number): void;
  nodeChanged?(node: TrueNode, nowSeconds: number): void;
  /** Once an hour. Gives how many nodes it holds to be bad, where it does. */
  hourly?(nowSeconds: number): number | undefined;
}

export interface Outcome {
  /**
   * Node-hours that jobs lost: until they began to work, and by faults. What a fault costs is what is to be
   * expected (half a checkpoint interval and the restart), and where rates are known, so is how many come.
   */
  readonly lostHours: { readonly start: number; readonly faults: number };
  /** Jobs that a fault cut off: as many as were to be expected where they ran, and those that were. */
  readonly expectedInterruptions: number;
  readonly interruptions: number;
  readonly crashes: number;
  /** Of pods that came back, how many came home. */
  readonly back: number;
  readonly home: number;
  /** Averages over the hours. */
  readonly wholeFreeNodes: number;
  readonly usedShare: number;
  readonly penalisedShare: number;
  readonly mostPenalisedShare: number;
  /** Pods for which the policy named no node though one had room. */
  readonly unschedulable: number;
}

const DAY = 86_400;
const HOUR = 3600;
const ALL = 0xff;
/** What a restart costs beside pulling: the profile's default. */
export const RESTART_SECONDS = 300;
export const COLD_SECONDS = 20;
const CRASH_EVERY_SECONDS = 2 * DAY;
const CACHED_IMAGES = 12;
/** 40 MiB/s, the vendors' figures (reliability-data, section 4); nodes differ a little, pulls more. */
const BYTES_PER_SECOND = 40 * 2 ** 20;
const NODE_SIGMA = 0.1;
const PULL_SIGMA = 0.3;
/** LANL: median 0.98 h, mean 5.9 h. */
const REPAIR_MEDIAN_SECONDS = 0.98 * HOUR;
const REPAIR_SIGMA = 1.5;
/** A GPU that has failed is the one that fails again, mostly. */
const SAME_GPU = 0.7;
/** Jobs that may overtake one that does not fit now. */
const LOOKAHEAD = 40;

export interface WorldOptions {
  readonly fleet: FleetKind;
  /** Share of the devices that jobs take. */
  readonly utilisation: number;
  readonly seed: number;
  readonly days: number;
  /** Days that are lived through before anything counts. */
  readonly warmUpDays: number;
}

/** A fleet as it truly is, and jobs that one policy places on it. */
export class World {
  readonly nodes: readonly TrueNode[];
  /** Slots that are to be placed again, by the node that was their home. */
  readonly awayFrom = new Map<TrueNode, Set<Asking>>();
  readonly #options: WorldOptions;
  readonly #timeline = new Timeline(0);
  readonly #pulls: Random;
  readonly #waiting: JobPlan[] = [];
  readonly #toRestart: Job[] = [];
  #policy: Policy | undefined;
  #nextJob = 0;
  /** False until the fleet has been lived in for a while. */
  #isCounting = false;
  /** Held, and kept for jobs that start again. */
  #usedGpus = 0;
  #lost = { start: 0, faults: 0 };
  #counts = {
    expectedInterruptions: 0,
    interruptions: 0,
    crashes: 0,
    back: 0,
    home: 0,
    unschedulable: 0,
  };
  #hours = { count: 0, wholeFree: 0, used: 0, penalised: 0, most: 0 };

  constructor(options: WorldOptions) {
    this.#options = options;
    const { fleet, seed } = options;
    // Of its own, so that what a policy does changes nobody's nature.
    const nature = new Random(seed, `${fleet.name} nodes`);
    this.#pulls = new Random(seed, `${fleet.name} pulls`);
    this.nodes = Array.from({ length: NODES }, (_none, index) => ({
      index,
      name: `gpu-${index}`,
      frailty: gammaOfMeanOne(fleet.frailtyShape, nature),
      bytesPerSecond: BYTES_PER_SECOND * Math.exp(NODE_SIGMA * normal(nature)),
      cache: new Map(),
      pods: new Set<SimPod>(),
      held: 0,
      broken: 0,
      busyDays: 0,
      clockAtSeconds: 0,
      faultAtBusyDays: Number.NEGATIVE_INFINITY,
      faults: 0,
      exposure: 0,
      fuel: -Math.log(1 - nature.fraction()),
      faultPlan: 0,
      badGpu: nature.below(8),
      chance: new Random(seed, `${fleet.name} node ${index}`),
    }));
  }

  async live(policy: Policy): Promise<Outcome> {
    this.#policy = policy;
    const { days, warmUpDays, fleet } = this.#options;
    for (const node of this.nodes) policy.nodeChanged?.(node, 0);
    for (const [index, times] of (fleet.recorded ?? []).entries()) {
      for (const at of times)
        this.#timeline.after(at, () => this.#fault(this.nodes[index] as TrueNode));
    }
    this.#timeline.after(warmUpDays * DAY, () => {
      for (const node of this.nodes) this.#settle(node);
      this.#isCounting = true;
    });
    this.#fill();
    this.#everyHour();
    await this.#timeline.runUntil(days * DAY);
    for (const node of this.nodes) this.#settle(node);
    const { count, wholeFree, used, penalised, most } = this.#hours;
    return {
      lostHours: {
        start: this.#lost.start / HOUR,
        faults: this.#lost.faults / HOUR,
      },
      ...this.#counts,
      wholeFreeNodes: wholeFree / count,
      usedShare: used / count,
      penalisedShare: penalised / count,
      mostPenalisedShare: most,
    };
  }

  /** Seconds until the images of a job are there: as is to be expected. */
  pullSeconds(node: TrueNode, image: string): number {
    return node.cache.has(image) ? 0 : IMAGE_BYTES / node.bytesPerSecond;
  }

  /** The chance that a pod that takes the whole node, or a share of it, meets a fault there in that time. */
  faultProbability(node: TrueNode, gpus: number, seconds: number): number {
    const { recorded } = this.#options.fleet;
    if (recorded !== undefined) return this.#recordedProbability(node, seconds);
    this.#settle(node);
    const days = seconds / DAY;
    return 1 - Math.exp((-this.#hazardOver(node, days) * gpus) / 8);
  }

  /**
   * The same for whoever knows the law of the fleet, and what each node has shown, but not its nature: the mean
   * of what the frailty may be. Of a record, what has come so far, on a prior of the record's average.
   */
  probabilityByLaw(node: TrueNode, gpus: number, seconds: number): number {
    const { fleet, days } = this.#options;
    if (fleet.recorded !== undefined) {
      const all = fleet.recorded.reduce((sum, times) => sum + times.length, 0) / NODES;
      const past = this.#now / DAY;
      const perDay = (1 + node.faults) / (1 / (all / days) + past);
      return 1 - Math.exp(-perDay * (seconds / DAY));
    }
    this.#settle(node);
    const { frailtyShape: shape } = fleet;
    const frailty = (shape + node.faults) / (shape + node.exposure);
    const hazard = (this.#hazardOver(node, seconds / DAY) / node.frailty) * frailty;
    return 1 - Math.exp((-hazard * gpus) / 8);
  }

  /** The record's own frequency over the whole time, which no policy could know better: not the times. */
  #recordedProbability(node: TrueNode, seconds: number): number {
    const { fleet, days } = this.#options;
    const faults = fleet.recorded?.[node.index]?.length ?? 0;
    return 1 - Math.exp((-faults / days) * (seconds / DAY));
  }

  get #now(): number {
    return this.#timeline.nowSeconds;
  }

  #everyHour(): void {
    const penalised = this.#policy?.hourly?.(this.#now);
    this.#fill();
    if (this.#isCounting) {
      this.#hours.count += 1;
      this.#hours.wholeFree += this.nodes.filter(
        ({ held, broken }) => held === 0 && broken === 0,
      ).length;
      this.#hours.used += this.#usedGpus / (8 * NODES);
      this.#hours.penalised += (penalised ?? 0) / NODES;
      this.#hours.most = Math.max(this.#hours.most, (penalised ?? 0) / NODES);
    }
    this.#timeline.after(HOUR, () => this.#everyHour());
  }

  /** Starts what waits while there is room below the target. */
  #fill(): void {
    for (const job of this.#toRestart.splice(0)) this.#restart(job);
    const { utilisation, seed, days } = this.#options;
    for (let passed = 0; passed < LOOKAHEAD && this.#usedGpus < utilisation * 8 * NODES; ) {
      while (this.#waiting.length <= passed) {
        this.#waiting.push(jobPlan(this.#nextJob, seed, days * DAY));
        this.#nextJob += 1;
      }
      const plan = this.#waiting[passed] as JobPlan;
      const after = this.#usedGpus + plan.size * plan.gpus;
      if (after > utilisation * 8 * NODES || !this.#hasRoom(plan)) {
        passed += 1;
        continue;
      }
      this.#waiting.splice(passed, 1);
      this.#usedGpus += plan.size * plan.gpus;
      this.#start({
        plan,
        leftSeconds: plan.workSeconds,
        attempt: 0,
        pods: [],
        begunAtSeconds: this.#now,
        worksFromSeconds: 0,
        homes: new Array(plan.size).fill(undefined),
      });
    }
  }

  #candidates(gpus: number): TrueNode[] {
    return this.nodes.filter((node) => freeGpus(node) >= gpus);
  }

  #hasRoom({ size, gpus }: JobPlan): boolean {
    let room = 0;
    for (const node of this.nodes) {
      room += Math.floor(freeGpus(node) / gpus);
      if (room >= size) return true;
    }
    return false;
  }

  /** As soon as there is room; its devices are kept for it, but one may be broken, or nodes in pieces. */
  #restart(job: Job): void {
    if (this.#hasRoom(job.plan)) this.#start(job);
    else this.#toRestart.push(job);
  }

  #start(job: Job): void {
    const { plan } = job;
    const isRestart = job.attempt > 0;
    job.attempt += 1;
    const askings = Array.from({ length: plan.size }, (_none, index) => ({
      job,
      index,
      uid: `${plan.id}-${index}-${job.attempt}`,
    }));
    for (const asking of askings) this.#setAway(asking, true);
    let candidates = this.#candidates(plan.gpus);
    let slowest = 0;
    for (const asking of askings) {
      this.#setAway(asking, false);
      const node = this.#place(asking, candidates);
      const pod = this.#bind(asking, node);
      slowest = Math.max(slowest, pod.startSeconds);
      if (freeGpus(node) < plan.gpus) candidates = candidates.filter((one) => one !== node);
    }
    job.worksFromSeconds = this.#now + slowest + (isRestart ? RESTART_SECONDS : 0);
    const { attempt } = job;
    const isStill = () => job.attempt === attempt && job.pods.length > 0;
    this.#timeline.after(job.worksFromSeconds - this.#now + job.leftSeconds, () => {
      if (isStill()) this.#end(job, 'completed');
    });
    const crashes = crashAfterSeconds(job, this.#options.seed);
    if (crashes < job.leftSeconds) {
      this.#timeline.after(job.worksFromSeconds - this.#now + crashes, () => {
        if (isStill()) this.#end(job, 'crashed');
      });
    }
  }

  #place(asking: Asking, candidates: readonly TrueNode[]): TrueNode {
    const node = this.#policy?.place(asking, candidates, this.#now);
    if (node !== undefined && candidates.includes(node)) return node;
    this.#counts.unschedulable += 1;
    return candidates[0] as TrueNode;
  }

  #setAway(asking: Asking, isAway: boolean): void {
    const home = asking.job.homes[asking.index];
    if (home === undefined) return;
    const away = this.awayFrom.get(home) ?? new Set();
    if (isAway) this.awayFrom.set(home, away.add(asking));
    else {
      for (const one of away) if (one.uid === asking.uid) away.delete(one);
      if (away.size === 0) this.awayFrom.delete(home);
    }
  }

  #bind(asking: Asking, node: TrueNode): SimPod {
    const { job, index, uid } = asking;
    const { image, gpus } = job.plan;
    this.#settle(node);
    const home = job.homes[index];
    const pull = this.pullSeconds(node, image) * Math.exp(PULL_SIGMA * normal(this.#pulls));
    const startSeconds = pull + (home === node ? 0 : COLD_SECONDS);
    const pod: SimPod = { job, index, uid, node, gpuMask: takeGpus(node, gpus), startSeconds };
    if (home !== undefined && this.#isCounting) {
      this.#counts.back += 1;
      if (home === node) this.#counts.home += 1;
    }
    node.held |= pod.gpuMask;
    node.pods.add(pod);
    job.pods.push(pod);
    job.homes[index] = node;
    this.#policy?.bound?.(pod, this.#now);
    this.#pulled(node, image);
    this.#planFault(node);
    this.#timeline.after(Math.max(1, startSeconds), () => {
      if (node.pods.has(pod)) this.#policy?.running?.(pod, this.#now);
    });
    return pod;
  }

  #pulled(node: TrueNode, image: string): void {
    const isNew = !node.cache.delete(image);
    node.cache.set(image, this.#now);
    if (!isNew) return;
    for (const old of node.cache.keys()) {
      if (node.cache.size <= CACHED_IMAGES) break;
      node.cache.delete(old);
    }
    // The kubelet tells of it once it has been pulled.
    this.#timeline.after(2 * (IMAGE_BYTES / node.bytesPerSecond), () =>
      this.#policy?.nodeChanged?.(node, this.#now),
    );
  }

  #end(job: Job, how: Ending, victim?: SimPod, brokenGpu?: number): void {
    const { pods } = job;
    const worked = Math.max(0, this.#now - job.worksFromSeconds);
    const saved = how === 'completed' ? worked : savedSeconds(job.plan, worked);
    job.leftSeconds -= saved;
    if (this.#isCounting) this.#count(job, how);
    job.pods = [];
    for (const pod of pods) this.#release(pod);
    for (const pod of pods) {
      const isVictim = pod === victim;
      const itsEnd = how === 'device fault' && !isVictim ? 'group restart' : how;
      this.#policy?.ended?.(pod, itsEnd, this.#now, isVictim ? brokenGpu : undefined);
      this.#planFault(pod.node);
    }
    job.begunAtSeconds = this.#now;
    if (how !== 'completed') {
      this.#timeline.after(how === 'crashed' ? 10 : 15, () => this.#restart(job));
      return;
    }
    this.#usedGpus -= job.plan.size * job.plan.gpus;
    this.#timeline.after(1, () => this.#fill());
  }

  #count(job: Job, how: Ending): void {
    const { plan, worksFromSeconds, begunAtSeconds, attempt } = job;
    const restart = attempt > 1 ? RESTART_SECONDS : 0;
    const began = Math.min(this.#now, worksFromSeconds - restart) - begunAtSeconds;
    this.#lost.start += nodesOf(plan) * Math.max(0, began);
    if (how === 'crashed') this.#counts.crashes += 1;
    if (how !== 'device fault') return;
    this.#counts.interruptions += 1;
    if (this.#options.fleet.recorded !== undefined) this.#lost.faults += faultCost(plan);
  }

  #release(pod: SimPod): void {
    this.#settle(pod.node);
    pod.node.held &= ~pod.gpuMask;
    pod.node.pods.delete(pod);
  }

  #fault(node: TrueNode): void {
    this.#settle(node);
    node.faultAtBusyDays = node.busyDays;
    node.faults += 1;
    node.fuel = -Math.log(1 - node.chance.fraction());
    if (node.chance.fraction() > SAME_GPU) node.badGpu = node.chance.below(8);
    const bit = 1 << node.badGpu;
    node.broken |= bit;
    const gpu = node.badGpu;
    const victim = [...node.pods].find(({ gpuMask }) => (gpuMask & bit) !== 0);
    this.#policy?.nodeChanged?.(node, this.#now);
    if (victim !== undefined) this.#end(victim.job, 'device fault', victim, gpu);
    this.#planFault(node);
    const repair = REPAIR_MEDIAN_SECONDS * Math.exp(REPAIR_SIGMA * normal(node.chance));
    this.#timeline.after(repair, () => {
      node.broken &= ~bit;
      this.#policy?.nodeChanged?.(node, this.#now);
    });
  }

  /** Brings a node's clock and fuel up to now. */
  #settle(node: TrueNode): void {
    const days = ((this.#now - node.clockAtSeconds) / DAY) * (bits(node.held) / 8);
    node.clockAtSeconds = this.#now;
    if (days <= 0) return;
    const hazard = this.#hazardOver(node, days);
    node.fuel -= hazard;
    node.exposure += hazard / node.frailty;
    node.busyDays += days;
    if (!this.#isCounting || this.#options.fleet.recorded !== undefined) return;
    for (const { job, gpuMask } of node.pods) {
      const faults = (hazard * bits(gpuMask)) / bits(node.held);
      this.#counts.expectedInterruptions += faults;
      this.#lost.faults += faults * faultCost(job.plan);
    }
  }

  #planFault(node: TrueNode): void {
    if (this.#options.fleet.recorded !== undefined) return;
    node.faultPlan += 1;
    const plan = node.faultPlan;
    const share = bits(node.held) / 8;
    if (share === 0) return;
    const seconds = (this.#busyDaysUntil(node, node.fuel) / share) * DAY;
    this.#timeline.after(Math.max(1, seconds), () => {
      if (node.faultPlan === plan) this.#fault(node);
    });
  }

  /** Faults to be expected in so many busy days from now. */
  #hazardOver(node: TrueNode, days: number): number {
    let hazard = 0;
    let left = days;
    let age = node.busyDays - node.faultAtBusyDays;
    for (const { days: until, times } of this.#options.fleet.recency) {
      const span = Math.max(0, Math.min(left, until - age));
      hazard += span * times;
      left -= span;
      age += span;
    }
    return (hazard + left) * this.#rate(node);
  }

  #busyDaysUntil(node: TrueNode, fuel: number): number {
    let left = Math.max(0, fuel) / this.#rate(node);
    let days = 0;
    let age = node.busyDays - node.faultAtBusyDays;
    for (const { days: until, times } of this.#options.fleet.recency) {
      const span = Math.max(0, until - age);
      if (left <= span * times) return days + left / times;
      left -= span * times;
      days += span;
      age += span;
    }
    return days + left;
  }

  #rate({ frailty }: TrueNode): number {
    return Math.max(1e-9, this.#options.fleet.faultsPerNodeDay * frailty);
  }
}

/** The same crashes for a job, whatever a policy does. */
function crashAfterSeconds({ plan, attempt }: Job, seed: number): number {
  return new Random(seed, `job ${plan.id} crash ${attempt}`).waitSeconds(CRASH_EVERY_SECONDS);
}

function nodesOf({ size, gpus }: JobPlan): number {
  return (size * gpus) / 8;
}

/** Node-seconds that a fault is to be expected to cost a job, beside the start that follows. */
function faultCost(plan: JobPlan): number {
  const { checkpointSeconds = plan.workSeconds, workSeconds } = plan;
  return nodesOf(plan) * (Math.min(checkpointSeconds, workSeconds) / 2 + RESTART_SECONDS);
}

/** Work that is not lost when a job is cut off. */
function savedSeconds({ checkpointSeconds }: JobPlan, worked: number): number {
  if (checkpointSeconds === undefined) return 0;
  return Math.floor(worked / checkpointSeconds) * checkpointSeconds;
}

export function freeGpus({ held, broken }: TrueNode): number {
  return 8 - bits(held | broken);
}

export function bits(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** The kubelet takes the lowest that are free. */
function takeGpus(node: TrueNode, gpus: number): number {
  let mask = 0;
  for (let gpu = 0; gpu < 8 && bits(mask) < gpus; gpu += 1) {
    if (((node.held | node.broken) & (1 << gpu)) === 0) mask |= 1 << gpu;
  }
  return mask & ALL;
}
