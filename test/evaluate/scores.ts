import {
  deviceHazard,
  type Exposure,
  NO_EXPOSURE,
  withWork,
} from '../../extender/history/hazard.ts';
import { boundedIncidents } from '../../extender/history/host-history.ts';
import { type Incident, withSignal } from '../../extender/history/incident.ts';
import type { Signal } from '../../extender/history/signal.ts';
import { withSwaps } from '../../extender/history/swap.ts';
import type { RecordedHost } from './records.ts';

/** Who ranks hosts: ours, and the rules in use that it has to beat. */
export const SCORES = ['surefoot', 'count30', 'decayed', 'twoScale', 'none'] as const;
export type ScoreName = (typeof SCORES)[number];

const DAY = 86_400;
const RESOURCE = 'device';
/** As many as a stored history holds. */
const MOST_INCIDENTS = 64;

/** What each of them says of one host, as time passes. Higher is worse. */
export class HostScores {
  readonly #host: RecordedHost;
  #seenFailures = 0;
  #seenSpans = 0;
  #incidents: readonly Incident[] = [];
  #exposure: Exposure = NO_EXPOSURE;
  #device = '';
  #workedToSeconds = 0;

  constructor(host: RecordedHost) {
    this.#host = host;
  }

  /** Takes in all that had happened by then; times only grow. */
  advance(atSeconds: number): void {
    const { up } = this.#host;
    // What changes the device comes before what the new one does.
    for (
      let span = up[this.#seenSpans];
      span && span.fromSeconds <= atSeconds;
      span = up[this.#seenSpans]
    ) {
      this.#tellFailures(span.fromSeconds);
      if (this.#device !== '' && span.device !== this.#device) {
        const swap = { gone: this.#device, came: span.device };
        this.#incidents = withSwaps(this.#incidents, [swap], span.fromSeconds);
      }
      this.#device = span.device;
      this.#work(span.fromSeconds, Math.min(span.toSeconds, atSeconds));
      if (span.toSeconds > atSeconds) break;
      this.#seenSpans += 1;
    }
    this.#tellFailures(atSeconds);
  }

  /** Each score at a moment that was advanced to. */
  at(atSeconds: number): Readonly<Record<ScoreName, number>> {
    const ages = this.#host.failures
      .slice(0, this.#seenFailures)
      .map((failure) => (atSeconds - failure.atSeconds) / DAY);
    const sum = (of: (age: number) => number) => ages.reduce((total, age) => total + of(age), 0);
    const device = { resource: RESOURCE, id: this.#device, total: 1 };
    return {
      surefoot: deviceHazard(device, this.#incidents, this.#exposure, atSeconds).faultsPerDay,
      count30: sum((age) => (age <= 30 ? 1 : 0)),
      decayed: sum((age) => 0.5 ** (age / 30)),
      twoScale: sum((age) => 0.5 ** (age / 3) + 0.5 ** (age / 90) + 0.1),
      none: 0,
    };
  }

  #work(fromSeconds: number, toSeconds: number): void {
    const from = Math.max(fromSeconds, this.#workedToSeconds);
    if (toSeconds <= from) return;
    this.#exposure = withWork(this.#exposure, toSeconds - from, toSeconds);
    this.#workedToSeconds = toSeconds;
  }

  #tellFailures(untilSeconds: number): void {
    const { failures } = this.#host;
    for (
      let one = failures[this.#seenFailures];
      one && one.atSeconds <= untilSeconds;
      one = failures[this.#seenFailures]
    ) {
      const incidents = withSignal(this.#incidents, failureSignal(one.device, one.atSeconds));
      this.#incidents = boundedIncidents(incidents, MOST_INCIDENTS);
      this.#seenFailures += 1;
    }
  }
}

/** A failure as the catalogue's fatal rows give it. */
function failureSignal(device: string, atSeconds: number): Signal {
  return {
    row: 'recorded-failure',
    trust: 'platform',
    class: 'fatal',
    scope: 'device',
    resource: RESOURCE,
    device,
    atSeconds,
    probability: 0.9,
    mergeSeconds: 180,
    settles: false,
    words: 'a recorded failure',
  };
}
