import type { Fleet } from '../fleet/fleet.ts';
import type { Ledger } from '../fleet/ledger.ts';
import { GPUS_PER_NODE } from '../fleet/racks.ts';

/** What one run of the fleet came to. */
export interface Outcome {
  /**
   * What had to be expected where jobs were: work that faults undo, by the fleet's true rates, and slowdown, waiting,
   * pulls and cold starts as they happened.
   */
  readonly expectedLossDeviceHours: number;
  readonly expectedWorkDeviceHours: number;
  readonly slowdownDeviceHours: number;
  /** The expected loss as a share of all devices, all the time. */
  readonly expectedLossShare: number;
  readonly interruptions: Readonly<Record<string, number>>;
  /** Those of groups, which start again as a whole. */
  readonly restarts: Readonly<Record<string, number>>;
  /** What was lost as chance had it. */
  readonly lostDeviceHours: Readonly<Record<keyof Ledger['lost'], number>>;
  /** By group: in how many racks it was, on average. */
  readonly racks: Readonly<Record<string, number>>;
  readonly wholeFreeNodes: number;
  readonly comebacks: number;
  readonly warmComebacks: number;
  readonly rejections: number;
}

const SECONDS_PER_HOUR = 3600;

/** What a fleet has come to after so many days. */
export function outcomeOf({ ledger, outlook, api }: Fleet, days: number): Outcome {
  const { interruptions, restarts, lost, comebacks, warmComebacks, rejections } = ledger;
  const hours = (seconds: number) => seconds / SECONDS_PER_HOUR;
  const expected =
    outlook.workSeconds + outlook.slowdownSeconds + lost.waiting + lost.pulling + lost.coldStart;
  const capacity = [...api.nodes.all()].length * GPUS_PER_NODE * days * 24;
  return {
    expectedLossDeviceHours: hours(expected),
    expectedWorkDeviceHours: hours(outlook.workSeconds),
    slowdownDeviceHours: hours(outlook.slowdownSeconds),
    expectedLossShare: hours(expected) / capacity,
    interruptions: Object.fromEntries([...interruptions].sort()),
    restarts: Object.fromEntries([...restarts].sort()),
    lostDeviceHours: {
      work: hours(lost.work),
      waiting: hours(lost.waiting),
      pulling: hours(lost.pulling),
      coldStart: hours(lost.coldStart),
    },
    racks: Object.fromEntries(
      [...outlook.racks].map(([group, { sum, looks }]) => [group, sum / looks]),
    ),
    wholeFreeNodes: outlook.wholeFreeNodes,
    comebacks,
    warmComebacks,
    rejections,
  };
}

/** The mean of each figure. Of causes and groups that a run does not have it had none. */
export function meanOutcome(outcomes: readonly Outcome[]): Outcome {
  return meanOf(outcomes) as unknown as Outcome;
}

type Figures = { readonly [key: string]: number | Figures };

function meanOf(all: readonly object[]): Figures {
  const figures = all as readonly Figures[];
  const keys = [...new Set(figures.flatMap((one) => Object.keys(one)))];
  return Object.fromEntries(
    keys.map((key) => {
      const values = figures.map((one) => one[key]);
      const objects = values.filter((value) => typeof value === 'object');
      if (objects.length > 0) return [key, meanOf(values.map((value) => value ?? {}) as Figures[])];
      const sum = values.reduce<number>((total, value) => total + Number(value ?? 0), 0);
      return [key, sum / all.length];
    }),
  );
}
