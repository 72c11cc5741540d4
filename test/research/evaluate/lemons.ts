import { Random } from '../../../extender/fleet/random.ts';
import { lifeOf, withBusyDaysAtEnd } from '../../../extender/hazard/host-life.ts';
import { hazardFor, ofResource } from '../../../extender/hazard/pod-hazard.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import { NO_EXPOSURE, withEra, withWork } from '../../../extender/history/exposure.ts';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import { withSignal } from '../../../extender/history/incident.ts';
import type { Signal } from '../../../extender/signals/signal.ts';
import { makeSignal } from '../../make/facts.ts';

/**
 * A fleet with lemons: nodes that kill one job in seven that they host. The figures are Meta's RSC-1
 * ("Revisiting Reliability", HPCA 2025, section IV-A): 1.2 % of the nodes, and large jobs of which 14 %
 * fail before the lemons are removed and 4 % after.
 */
export interface LemonFleet {
  readonly nodes: number;
  readonly lemons: number;
  readonly nodesPerJob: number;
  /** Share of the fleet that jobs take at any time. */
  readonly utilisation: number;
  /** Share of the jobs that fail for another reason. */
  readonly otherFailures: number;
  /** Share of those that leave the traces of a device fault on some innocent node of the job. */
  readonly misleading: number;
  readonly jobHours: number;
  readonly days: number;
}

export const RSC_LIKE: LemonFleet = {
  nodes: 2000,
  lemons: 24,
  nodesPerJob: 64,
  utilisation: 0.9,
  otherFailures: 0.04,
  misleading: 0,
  jobHours: 6,
  days: 7,
};

export interface LemonOutcome {
  /** Share of the jobs that failed, for each day. */
  readonly failedByDay: readonly number[];
  /** Share of lemons among as many of the worst nodes as there are lemons, at the end. */
  readonly precision: number;
}

const KILLS = 0.143;
const HOUR = 3600;
const DEVICES = 8;
const RESOURCE = 'nvidia.com/gpu';
const CHOICE = {
  isOf: ofResource(RESOURCE),
  count: DEVICES,
  total: DEVICES,
  busy: new Set<string>(),
};

/** Runs whole-node jobs on the fleet; `remembers`: they take the nodes of the least hazard, else any. */
export function lemonOutcome(fleet: LemonFleet, remembers: boolean, seed: number): LemonOutcome {
  const world = new LemonWorld(fleet, seed);
  const roundsADay = 24 / fleet.jobHours;
  const failedByDay = Array.from({ length: fleet.days }, (_none, day) => {
    const rounds = Array.from({ length: roundsADay }, (_round, round) =>
      world.round(day * roundsADay + round, remembers),
    );
    return rounds.reduce((sum, failed) => sum + failed, 0) / roundsADay;
  });
  return { failedByDay, precision: world.precision() };
}

class LemonWorld {
  readonly #fleet: LemonFleet;
  readonly #random: Random;
  readonly #hosts: HostHistory[];
  readonly #lemons: ReadonlySet<number>;

  constructor(fleet: LemonFleet, seed: number) {
    this.#fleet = fleet;
    this.#random = new Random(seed, 'lemons');
    this.#hosts = Array.from({ length: fleet.nodes }, (_none, index) => hostOf(index));
    this.#lemons = new Set(this.#shuffled().slice(0, fleet.lemons));
  }

  /** One round of jobs, all at once; gives the share of them that fail. */
  round(index: number, remembers: boolean): number {
    const { nodes, utilisation, nodesPerJob, jobHours } = this.#fleet;
    const order = this.#shuffled();
    if (remembers) this.#sortByHazard(order, index * jobHours * HOUR);
    const endSeconds = (index + 1) * jobHours * HOUR;
    const jobs = Math.floor((nodes * utilisation) / nodesPerJob);
    let failed = 0;
    for (let job = 0; job < jobs; job += 1) {
      const members = order.slice(job * nodesPerJob, (job + 1) * nodesPerJob);
      for (const member of members) this.#work(member, endSeconds);
      const killer = members.find(
        (one) => this.#lemons.has(one) && this.#random.fraction() < KILLS,
      );
      if (killer !== undefined) this.#tell(killer, endSeconds);
      if (killer !== undefined || this.#failsOtherwise(members, endSeconds)) failed += 1;
    }
    return failed / jobs;
  }

  /** Share of lemons among as many of the worst nodes as there are lemons. */
  precision(): number {
    const { days, lemons } = this.#fleet;
    const order = this.#shuffled();
    this.#sortByHazard(order, days * 24 * HOUR);
    return order.slice(-lemons).filter((one) => this.#lemons.has(one)).length / lemons;
  }

  #failsOtherwise(members: readonly number[], atSeconds: number): boolean {
    const { otherFailures, misleading } = this.#fleet;
    if (this.#random.fraction() >= otherFailures) return false;
    const innocent = this.#random.fraction() < misleading ? this.#random.pick(members) : undefined;
    if (innocent !== undefined) this.#tell(innocent, atSeconds);
    return true;
  }

  /** The nodes in an order that says nothing. */
  #shuffled(): number[] {
    const order = [...this.#hosts.keys()];
    for (let index = order.length - 1; index > 0; index -= 1) {
      const other = this.#random.below(index + 1);
      const held = order[index] as number;
      order[index] = order[other] as number;
      order[other] = held;
    }
    return order;
  }

  #sortByHazard(order: number[], nowSeconds: number): void {
    const lives = this.#hosts.map((host) =>
      lifeOf(host, host.exposure.busyDays, host.exposure.atSeconds),
    );
    const rates = fleetRates(lives, nowSeconds);
    const hazards = this.#hosts.map((host) => {
      const { busyDays } = host.exposure;
      const device = { ...host, busyDays, nowSeconds };
      return hazardFor(CHOICE, device, rates, this.#fleet.jobHours / 24).faultsPerDay;
    });
    order.sort((a, b) => (hazards[a] as number) - (hazards[b] as number));
  }

  #work(index: number, atSeconds: number): void {
    const host = this.#hosts[index] as HostHistory;
    const exposure = withWork(host.exposure, 1, this.#fleet.jobHours * HOUR, atSeconds);
    this.#hosts[index] = { ...host, exposure };
  }

  #tell(index: number, atSeconds: number): void {
    const host = this.#hosts[index] as HostHistory;
    const { incidents: before, exposure } = host;
    const after = withSignal(before, faultAt(atSeconds, `GPU-${index}`));
    this.#hosts[index] = {
      ...host,
      incidents: withBusyDaysAtEnd(after, before, exposure.busyDays),
    };
  }
}

function hostOf(index: number): HostHistory {
  const cohorts = `model=H100|rack=r${Math.floor(index / 32)}|age=0`;
  return {
    ...blankHistory(`node-${index}`),
    exposure: withEra(NO_EXPOSURE, cohorts, 0, 0),
    capacityPeaks: { [RESOURCE]: DEVICES },
  };
}

function faultAt(atSeconds: number, device: string): Signal {
  return makeSignal({ class: 'fatal', resource: RESOURCE, device, atSeconds, probability: 0.9 });
}
