import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { sum } from '../../webhook/words/sum.ts';
import { timeOf } from '../facts/timestamp.ts';
import { cohortInWords, eachCohort } from '../history/cohorts.ts';
import { cohortNow, cohortsNow } from '../history/exposure.ts';
import type { HostHistory, IgnoredBecause } from '../history/host-history.ts';
import {
  faultWeight,
  type Incident,
  type IncidentClass,
  incidentWeight,
  isOpen,
} from '../history/incident.ts';
import { wasRaised } from '../history/raised.ts';
import type { Release } from '../release/releases.ts';
import {
  dayOf,
  type PlacementDay,
  type PlacementSums,
  savedWithin,
  together,
} from '../savings/placement-sums.ts';
import { poissonQuantile99 } from './poisson.ts';

/** What a report is about. */
export interface ReportSpan {
  readonly fromSeconds: number;
  readonly nowSeconds: number;
}

/** A device, or a node as a whole, and what was wrong with it. */
export interface Culprit {
  readonly node: string;
  /** Whether it is one device, or the node as a whole. */
  readonly scope: 'device' | 'node';
  /** Absent of a node, and while nothing told which device. */
  readonly device?: string;
  /** Faults in the span by their weights: the chance that each was one. */
  readonly faults: number;
  readonly incidents: number;
  readonly open: number;
  readonly lastAt: string;
  readonly what: readonly string[];
}

/** What hosts have in common, and how often they fail. */
export interface CohortLine {
  readonly cohort: string;
  readonly hosts: number;
  readonly faults: number;
  /** Faults per 1,000 host-days. */
  readonly rate: number;
  /** Against all other hosts; the bounds hold in 95 % of such fleets. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface FleetReport {
  readonly from: string;
  readonly to: string;
  readonly hosts: number;
  /** Days that hosts were known in the span, together. */
  readonly hostDays: number;
  readonly incidents: {
    readonly total: number;
    readonly open: number;
    /** The chances that each was a hardware fault, added up. */
    readonly faults: number;
    readonly byClass: Readonly<Partial<Record<IncidentClass, number>>>;
  };
  /** Hours that one host runs between two faults, on average; absent where there was none. */
  readonly hoursBetweenFaults?: number;
  /** Hours that a fault stood, on average of those that are over; absent where none is. */
  readonly hoursToRepair?: number;
  /** The worst first. */
  readonly worst: readonly Culprit[];
  /** Those that came back three times and more. */
  readonly loops: readonly Culprit[];
  /** Those that fail more often than the others beyond chance, the worst first. */
  readonly cohorts: readonly CohortLine[];
  /** What looked like a fault and was not counted. */
  readonly routine: readonly {
    readonly why: IgnoredBecause;
    readonly times: number;
    readonly hosts: number;
  }[];
  readonly handled: {
    readonly swapped: number;
    readonly verified: number;
    readonly forgiven: number;
  };
  /** Absent while no day of it lies long enough ago. */
  readonly forecasts?: Forecasts;
  /** Each absent where no pod was placed so. */
  readonly placement: { readonly act?: PlacementLine; readonly observe?: PlacementLine };
  /** Pods that sat on a broken device or crashed because of their node; absent where there were none. */
  readonly releases?: ReleaseLine;
  /** Nodes to keep free so that on 99 % of days each node that is out has one; absent where nothing was repaired. */
  readonly spares?: Spares;
}

/** Whether those nodes failed of which it was said; a node counts once for each day on which it was said. */
export interface Forecasts {
  /** Node-days of an elevated or high hazard, and of them those with a fault within the seven days after. */
  readonly raised: NodeDays;
  /** All other node-days. */
  readonly others: NodeDays;
  /** Of all node-days with a fault within seven days, the share of which it had been said. */
  readonly shareForeseen?: number;
}

export interface NodeDays {
  readonly days: number;
  readonly failed: number;
}

/** What placement came to, where Surefoot acts or where it observes. */
export interface PlacementLine {
  readonly placed: number;
  /** Pods whose slot had a home among the nodes that were offered, and of them those that went there, or would have. */
  readonly hadHome: number;
  readonly wentHome: number;
  /** Device-hours that they can expect to lose less, by the forecasts; the bounds hold in 95 % of such times. */
  readonly savedDeviceHours: number;
  readonly low: number;
  readonly high: number;
}

/** What `surefoot release` has said and done, and whether that was right. */
export interface ReleaseLine {
  /** Pods that it would have evicted, or has told their owners of. */
  readonly said: number;
  readonly evicted: number;
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
}

export interface Spares {
  readonly fleet: number;
  readonly perRack: readonly RackSpares[];
}

export interface RackSpares {
  readonly rack: string;
  readonly hosts: number;
  readonly spares: number;
}

const DAY_SECONDS = 86_400;
const LOOP_INCIDENTS = 3;
const MOST_SHOWN = 20;
/** From this chance on an incident counts as one fault where single ones are listed (judgement). */
const LIKELY = 0.5;
/** Beyond chance: the lower bound of the ratio, and not from a single bad machine. */
const LEAST_HOSTS_WITH_FAULTS = 3;

/** What else is known of a fleet than the histories of its hosts. */
export interface ReportSources {
  readonly placements?: readonly PlacementDay[];
  readonly releases?: readonly Release[];
}

/** What happened to a fleet in a span, from the histories of its hosts and what else is known. */
export function fleetReport(
  histories: readonly HostHistory[],
  span: ReportSpan,
  { placements = [], releases = [] }: ReportSources = {},
): FleetReport {
  const { fromSeconds, nowSeconds } = span;
  const known = histories.map((history) => ({
    history,
    days: daysIn(history, span),
    incidents: history.incidents.filter((incident) => touches(incident, span)),
  }));
  const all = known.flatMap(({ incidents }) => incidents);
  const hostDays = sum(known.map(({ days }) => days));
  const faults = sum(all.map(incidentWeight));
  const culprits = known.flatMap(({ history, incidents }) => culpritsOf(history.node, incidents));
  const repairHours = hoursToRepair(all);
  const between = faults > 0 ? (hostDays * 24) / faults : undefined;
  return {
    from: timeOf(fromSeconds),
    to: timeOf(nowSeconds),
    hosts: histories.length,
    hostDays: rounded(hostDays),
    incidents: {
      total: all.length,
      open: all.filter(isOpen).length,
      faults: rounded(faults),
      byClass: Object.fromEntries(
        [...Map.groupBy(all, (incident) => incident.class)].map(([name, { length }]) => [
          name,
          length,
        ]),
      ),
    },
    ...(between !== undefined && { hoursBetweenFaults: rounded(between) }),
    ...(repairHours !== undefined && { hoursToRepair: rounded(repairHours) }),
    worst: culprits
      .filter((one) => one.faults >= LIKELY)
      .sort((a, b) => b.faults - a.faults || b.open - a.open)
      .slice(0, MOST_SHOWN),
    loops: culprits
      .filter((one) => one.incidents >= LOOP_INCIDENTS && one.faults >= LIKELY)
      .sort((a, b) => b.incidents - a.incidents)
      .slice(0, MOST_SHOWN),
    cohorts: cohortLines(known),
    routine: routineIn(histories, span),
    handled: {
      swapped: all.filter(({ swappedAtSeconds }) => swappedAtSeconds !== undefined).length,
      verified: all.filter(({ verifiedAtSeconds }) => verifiedAtSeconds !== undefined).length,
      forgiven: all.filter(({ forgiven }) => forgiven !== undefined).length,
    },
    ...forecastsIn(histories, span, placements),
    placement: placementIn(placements, span),
    ...releasesIn(releases, span),
    ...(repairHours !== undefined && hostDays > 0 && { spares: sparesFor(known, repairHours) }),
  };
}

function releasesIn(
  releases: readonly Release[],
  { fromSeconds }: ReportSpan,
): Pick<FleetReport, 'releases'> {
  const recent = releases.filter(
    ({ atSeconds, how }) => atSeconds >= fromSeconds && how !== 'withdrawn',
  );
  if (recent.length === 0) return {};
  const evicted = recent.filter(({ how }) => how === 'evicted' || how === 'evicting').length;
  const judged = (word: Release['judged']) => recent.filter((one) => one.judged === word).length;
  return {
    releases: {
      said: recent.length - evicted,
      evicted,
      right: judged('right'),
      wrong: judged('wrong'),
      unknown: judged('unknown'),
    },
  };
}

interface Known {
  readonly history: HostHistory;
  /** How long the host was known in the span. */
  readonly days: number;
  readonly incidents: readonly Incident[];
}

function touches(incident: Incident, { fromSeconds }: ReportSpan): boolean {
  return isOpen(incident) || incident.lastSeenAtSeconds >= fromSeconds;
}

function daysIn(
  { firstSeenAtSeconds }: HostHistory,
  { fromSeconds, nowSeconds }: ReportSpan,
): number {
  const since = Math.max(fromSeconds, firstSeenAtSeconds ?? fromSeconds);
  return Math.max(0, nowSeconds - since) / DAY_SECONDS;
}

/** One for each device, and one for what struck the node as a whole. */
function culpritsOf(node: string, incidents: readonly Incident[]): readonly Culprit[] {
  const groups = Map.groupBy(incidents, ({ scope, device = '' }) => `${scope} ${device}`);
  return [...groups.values()].map((own) => ({
    node,
    scope: own[0]?.scope ?? 'node',
    ...(own[0]?.device !== undefined && { device: own[0].device }),
    faults: rounded(sum(own.map(incidentWeight))),
    incidents: own.length,
    open: own.filter(isOpen).length,
    lastAt: timeOf(own.reduce((last, one) => Math.max(last, one.lastSeenAtSeconds), 0)),
    what: [...new Set(own.flatMap(({ evidence }) => evidence))].slice(0, 4),
  }));
}

/** Faults that were only a moment tell nothing about repairs. */
function hoursToRepair(incidents: readonly Incident[]): number | undefined {
  const lasted = incidents.flatMap((incident) => {
    const { openedAtSeconds, closedAtSeconds = openedAtSeconds } = incident;
    const seconds = closedAtSeconds - openedAtSeconds;
    return seconds > 0 && incidentWeight(incident) > 0 ? [seconds / 3600] : [];
  });
  return lasted.length === 0 ? undefined : sum(lasted) / lasted.length;
}

function cohortLines(known: readonly Known[]): readonly CohortLine[] {
  const byCohort = new Map<string, Known[]>();
  for (const one of known) {
    for (const cohort of eachCohort(cohortsNow(one.history.exposure))) {
      const others = byCohort.get(cohort);
      if (others === undefined) byCohort.set(cohort, [one]);
      else others.push(one);
    }
  }
  const total = totalOf(known);
  return [...byCohort]
    .flatMap(([cohort, hosts]) => {
      const own = totalOf(hosts);
      const others = { faults: total.faults - own.faults, days: total.days - own.days };
      if (own.failed < LEAST_HOSTS_WITH_FAULTS || own.days <= 0 || others.days <= 0) return [];
      // Half a fault more on either side, so that none among the others is no infinite ratio.
      const ratio = (own.faults + 0.5) / own.days / ((others.faults + 0.5) / others.days);
      const spread = Math.exp(1.96 * Math.sqrt(1 / (own.faults + 0.5) + 1 / (others.faults + 0.5)));
      const [low, high] = [ratio / spread, ratio * spread];
      if (low <= 1) return [];
      return [
        {
          cohort: cohortInWords(cohort),
          hosts: hosts.length,
          faults: rounded(own.faults),
          rate: rounded((1000 * own.faults) / own.days),
          ratio: rounded(ratio),
          low: rounded(low),
          high: rounded(high),
        },
      ];
    })
    .sort((a, b) => b.low - a.low);
}

function totalOf(known: readonly Known[]): { faults: number; days: number; failed: number } {
  const faults = known.map(({ incidents }) => sum(incidents.map(incidentWeight)));
  return {
    faults: sum(faults),
    days: sum(known.map(({ days }) => days)),
    failed: faults.filter((one) => one >= LIKELY).length,
  };
}

function routineIn(
  histories: readonly HostHistory[],
  { fromSeconds }: ReportSpan,
): FleetReport['routine'] {
  const seen = new Map<IgnoredBecause, { times: number; hosts: number }>();
  for (const { ignored } of histories) {
    const recent = ignored.filter(({ atSeconds }) => atSeconds >= fromSeconds);
    for (const [why, own] of Map.groupBy(recent, (one) => one.why)) {
      const { times, hosts } = seen.get(why) ?? { times: 0, hosts: 0 };
      seen.set(why, { times: times + sum(own.map((one) => one.times)), hosts: hosts + 1 });
    }
  }
  return [...seen].map(([why, counts]) => ({ why, ...counts })).sort((a, b) => b.times - a.times);
}

/** A fault soon after is what a placement of that day would have met. */
const SOON_SECONDS = 7 * DAY_SECONDS;

/**
 * Only days after which seven more have passed; for a span of a week, those of the week before. What was called raised is
 * kept since placements are.
 */
function forecastsIn(
  histories: readonly HostHistory[],
  { fromSeconds, nowSeconds }: ReportSpan,
  [first]: readonly PlacementDay[],
): Pick<FleetReport, 'forecasts'> {
  if (first === undefined) return {};
  const keptSeconds = Date.parse(first.day) / 1000;
  const raised = { days: 0, failed: 0 };
  const others = { days: 0, failed: 0 };
  for (const history of histories) {
    const faults = history.incidents
      .filter((incident) => faultWeight(incident) >= LIKELY)
      .map(({ openedAtSeconds }) => openedAtSeconds);
    const { firstSeenAtSeconds = fromSeconds } = history;
    const from = Math.max(fromSeconds - SOON_SECONDS, firstSeenAtSeconds, keptSeconds);
    for (let day = nowSeconds - SOON_SECONDS; day >= from; day -= DAY_SECONDS) {
      const group = wasRaised(history.raised, day) ? raised : others;
      group.days += 1;
      if (faults.some((at) => day < at && at <= day + SOON_SECONDS)) group.failed += 1;
    }
  }
  const failed = raised.failed + others.failed;
  if (raised.days + others.days === 0) return {};
  const shareForeseen = failed === 0 ? {} : { shareForeseen: rounded(raised.failed / failed) };
  return { forecasts: { raised, others, ...shareForeseen } };
}

/** What the placements of a span came to. */
export function placementIn(
  days: readonly PlacementDay[],
  { fromSeconds }: ReportSpan,
): FleetReport['placement'] {
  const recent = days.filter(({ day }) => day >= dayOf(fromSeconds));
  const act = placementLine(recent.map((one) => one.act));
  const observe = placementLine(recent.map((one) => one.observe));
  return { ...(act !== undefined && { act }), ...(observe !== undefined && { observe }) };
}

/** `undefined` where no pod was placed. */
function placementLine(sums: readonly PlacementSums[]): PlacementLine | undefined {
  const total = together(sums);
  const { placed, hadHome, wentHome } = total;
  if (placed === 0) return undefined;
  const { low, sum: saved, high } = savedWithin(total);
  const inHours = (seconds: number) => rounded(seconds / 3600);
  return {
    placed,
    hadHome,
    wentHome,
    savedDeviceHours: inHours(saved),
    low: inHours(low),
    high: inHours(high),
  };
}

function sparesFor(known: readonly Known[], repairHours: number): Spares {
  const { faults, days } = totalOf(known);
  const perHost = (faults / days) * (repairHours / 24);
  const racks = Map.groupBy(known, ({ history }) => cohortNow(history.exposure, 'rack'));
  return {
    fleet: poissonQuantile99(perHost * known.length),
    perRack: [...racks]
      .flatMap(([rack, { length: hosts }]) =>
        rack === undefined ? [] : [{ rack, hosts, spares: poissonQuantile99(perHost * hosts) }],
      )
      .sort((a, b) => inNaturalOrder(a.rack, b.rack)),
  };
}

/** To three digits, which is more than any of it is worth. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
