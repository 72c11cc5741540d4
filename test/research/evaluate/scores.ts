import type { HostLife } from '../../../extender/hazard/experience.ts';
import { FITTED, type HazardConstants } from '../../../extender/hazard/fitted.ts';
import { unitHazard } from '../../../extender/hazard/hazard.ts';
import { faultOf, lifeOf, withBusyDaysAtEnd } from '../../../extender/hazard/host-life.ts';
import type { FleetRates } from '../../../extender/hazard/rates.ts';
import { cohortsOf } from '../../../extender/history/cohorts.ts';
import { cohortsNow, withEra, withWork } from '../../../extender/history/exposure.ts';
import {
  blankHistory,
  boundedIncidents,
  type HostHistory,
} from '../../../extender/history/host-history.ts';
import { withSignal } from '../../../extender/history/incident.ts';
import { type Arrival, withDevices, withSwaps } from '../../../extender/history/swap.ts';
import type { Signal } from '../../../extender/signals/signal.ts';
import { makeSignal } from '../../make/facts.ts';
import type { RecordedHost, UpSpan } from './records.ts';

/** Who ranks hosts: ours, and the rules in use that it has to beat. */
export const SCORES = ['surefoot', 'count30', 'decayed', 'twoScale', 'lemon', 'none'] as const;
export type ScoreName = (typeof SCORES)[number];

const DAY = 86_400;
const RESOURCE = 'device';
/** As many as a stored history holds. */
const MOST_INCIDENTS = 64;
/** Meta's rule as far as a record of failures allows: so many within 28 days, and the node is a lemon. */
const LEMON_DAYS = 28;
const LEMON_FAILURES = 2;
const ROOM = new Map([[RESOURCE, 1]]);

/** One host of a record as it is lived through, and what each score says of it. Higher is worse. */
export class LivedHost {
  readonly #recorded: RecordedHost;
  readonly #constants: HazardConstants;
  #seenFailures = 0;
  #seenSpans = 0;
  #history: HostHistory;
  #workedToSeconds = 0;

  constructor(recorded: RecordedHost, constants = FITTED) {
    this.#recorded = recorded;
    this.#constants = constants;
    this.#history = { ...blankHistory(recorded.id), capacityPeaks: { [RESOURCE]: 1 } };
  }

  /** Takes in all that had happened by then; times only grow. */
  advance(atSeconds: number): void {
    const { up } = this.#recorded;
    // What changes the device comes before what the new one does.
    for (
      let span = up[this.#seenSpans];
      span && span.fromSeconds <= atSeconds;
      span = up[this.#seenSpans]
    ) {
      this.#tellFailures(span.fromSeconds);
      this.#look(span, Math.max(span.fromSeconds, this.#workedToSeconds));
      this.#work(span.fromSeconds, Math.min(span.toSeconds, atSeconds));
      if (span.toSeconds > atSeconds) break;
      this.#seenSpans += 1;
    }
    this.#tellFailures(atSeconds);
  }

  /** The history on the host's own clock, for the fleet to learn from. */
  life(): HostLife {
    const { busyDays, atSeconds } = this.#history.exposure;
    return lifeOf(this.#history, busyDays, atSeconds);
  }

  /** True when the host had a fault of which the device is still there; false when it was replaced since. */
  get isKept(): boolean | undefined {
    const last = this.#history.incidents.at(-1);
    return last === undefined ? undefined : last.swappedAtSeconds === undefined;
  }

  /** Faults per day of the host's device, on average over the horizon. */
  hazard(rates: FleetRates, horizonDays: number): number {
    const { incidents, exposure, devices } = this.#history;
    const { busyDays } = exposure;
    const unit = {
      cohorts: cohortsNow(exposure),
      busyDays: busyDays - (devices[0]?.fromBusyDays ?? 0),
      faults: incidents.map((incident) => faultOf(incident, 1, busyDays)),
    };
    return unitHazard(unit, rates.device, horizonDays, this.#constants).faultsPerDay;
  }

  /** Each rival's score at a moment that was advanced to. */
  rivals(atSeconds: number): Readonly<Record<Exclude<ScoreName, 'surefoot'>, number>> {
    const ages = this.#recorded.failures
      .slice(0, this.#seenFailures)
      .map((failure) => (atSeconds - failure.atSeconds) / DAY);
    const sum = (of: (age: number) => number) => ages.reduce((total, age) => total + of(age), 0);
    return {
      count30: sum((age) => (age <= 30 ? 1 : 0)),
      decayed: sum((age) => 0.5 ** (age / 30)),
      twoScale: sum((age) => 0.5 ** (age / 3) + 0.5 ** (age / 90) + 0.1),
      lemon: sum((age) => (age <= LEMON_DAYS ? 1 : 0)) >= LEMON_FAILURES ? 1 : 0,
      none: 0,
    };
  }

  #look({ device, deviceSinceSeconds }: UpSpan, nowSeconds: number): void {
    const history = this.#history;
    const { busyDays } = history.exposure;
    const arrival: Arrival = {
      seenElsewhereAtSeconds: () => deviceSinceSeconds,
      hostSinceSeconds: nowSeconds,
      busyDays,
    };
    const seen = [{ resource: RESOURCE, id: device }];
    const { devices, swaps } = withDevices(
      history.devices,
      seen,
      ROOM,
      history.incidents,
      arrival,
      nowSeconds,
    );
    const cohorts = cohortsOf(this.#recorded.place, nowSeconds - deviceSinceSeconds);
    this.#history = {
      ...history,
      devices,
      incidents: withSwaps(history.incidents, swaps, busyDays, nowSeconds),
      exposure: withEra(history.exposure, cohorts, busyDays, nowSeconds),
    };
  }

  #work(fromSeconds: number, toSeconds: number): void {
    const from = Math.max(fromSeconds, this.#workedToSeconds);
    if (toSeconds <= from) return;
    const exposure = withWork(this.#history.exposure, 1, toSeconds - from, toSeconds);
    this.#history = { ...this.#history, exposure };
    this.#workedToSeconds = toSeconds;
  }

  #tellFailures(untilSeconds: number): void {
    const { failures } = this.#recorded;
    for (
      let one = failures[this.#seenFailures];
      one && one.atSeconds <= untilSeconds;
      one = failures[this.#seenFailures]
    ) {
      const { incidents: before, exposure } = this.#history;
      const unwound = Math.max(0, (this.#workedToSeconds - one.atSeconds) / DAY);
      const clock = Math.max(0, exposure.busyDays - unwound);
      const after = withSignal(before, failureSignal(one.device, one.atSeconds));
      const incidents = boundedIncidents(withBusyDaysAtEnd(after, before, clock), MOST_INCIDENTS);
      this.#history = { ...this.#history, incidents };
      this.#seenFailures += 1;
    }
  }
}

/** A failure as the catalogue's fatal rows give it. */
function failureSignal(device: string, atSeconds: number): Signal {
  return makeSignal({ class: 'fatal', resource: RESOURCE, device, atSeconds, probability: 0.9 });
}
