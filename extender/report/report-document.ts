import { counted } from '../../webhook/words/counted.ts';
import { wholeSecond } from '../facts/timestamp.ts';
import type { IgnoredBecause } from '../history/host-history.ts';
import type { Document, Section } from './document.ts';
import type { Culprit, FleetReport, NodeDays, PlacementLine } from './fleet-report.ts';

/** Of fewer the average has an interval as wide as itself (Poisson). */
const FEW_FAULTS = 5;

/** A report for people. */
export function reportDocument(report: FleetReport, cluster: string | undefined): Document {
  const { from, to, hosts, incidents, hoursBetweenFaults, hoursToRepair, handled } = report;
  return {
    title: `Devices${cluster === undefined ? '' : ` of ${cluster}`}, ${dayOf(from)} to ${dayOf(to)}`,
    lead: [
      `${counted(hosts, 'host')}, ${counted(incidents.total, 'incident')}, ${incidents.open} of them open. By what is known of each, that is ${incidents.faults} hardware faults.`,
      ...(hoursBetweenFaults === undefined
        ? ['No host has failed.']
        : [
            `One host runs ${hoursInWords(hoursBetweenFaults)} between two faults, on average${
              hoursToRepair === undefined
                ? ''
                : `, and a fault stands for ${hoursInWords(hoursToRepair)}`
            }${incidents.faults < FEW_FAULTS ? '; so few faults say little' : ''}.`,
          ]),
      `${counted(handled.swapped, 'incident')} ended with another device in the slot, ${handled.verified} with a test that passed, ${handled.forgiven} by being forgiven.`,
    ],
    sections: [
      placement(report),
      forecasts(report),
      culprits('Worst devices', report.worst, 'No device and no node is likely to have failed.'),
      culprits('What comes back', report.loops, 'Nothing has come back three times.'),
      cohorts(report),
      routine(report),
      ...releases(report),
      spares(report),
    ],
  };
}

/** Why something was not counted. */
const ROUTINE: Readonly<Record<IgnoredBecause, string>> = {
  boot: 'it was over before the host had settled after a boot',
  rollout: 'a device plugin or a kubelet was restarting',
  planned: 'it came with announced work',
  race: 'two schedulers had chosen the same devices',
  untrusted: 'a tenant can write it, and nothing else said so',
  unsure: 'it was seen too late to know what had led to it',
};

function culprits(title: string, found: readonly Culprit[], none: string): Section {
  if (found.length === 0) return { title, paragraphs: [none] };
  return {
    title,
    paragraphs: [],
    table: {
      head: ['node', 'device', 'faults', 'incidents', 'open', 'last', 'what was seen'],
      rows: found.map(({ node, scope, device, faults, incidents, open, lastAt, what }) => [
        node,
        device ?? (scope === 'node' ? '(the node)' : '(not named)'),
        String(faults),
        String(incidents),
        String(open),
        wholeSecond(lastAt),
        what.join('; '),
      ]),
    },
  };
}

function cohorts({ cohorts: found }: FleetReport): Section {
  const title = 'What fails together';
  if (found.length === 0) {
    return {
      title,
      paragraphs: [
        'No model, driver, rack, block or age fails more often than the others beyond chance.',
      ],
    };
  }
  return {
    title,
    paragraphs: ['Against all other hosts; the range holds in 95 % of such fleets.'],
    table: {
      head: ['what', 'hosts', 'faults', 'per 1,000 host-days', 'times as often', 'range'],
      rows: found.map(({ cohort, hosts, faults, rate, ratio, low, high }) => [
        cohort,
        ...[hosts, faults, rate, ratio].map(String),
        `${low} to ${high}`,
      ]),
    },
  };
}

function routine({ routine: found }: FleetReport): Section {
  const title = 'Routine work, not counted';
  if (found.length === 0)
    return { title, paragraphs: ['Nothing looked like a fault and was none.'] };
  return {
    title,
    paragraphs: [],
    table: {
      head: ['why', 'times', 'hosts'],
      rows: found.map(({ why, times, hosts }) => [ROUTINE[why], String(times), String(hosts)]),
    },
  };
}

function placement({ placement: { act, observe } }: FleetReport): Section {
  const title = 'What placement came to';
  if (act === undefined && observe === undefined) {
    return { title, paragraphs: ['No pod was placed after a question of its scheduler.'] };
  }
  return {
    title,
    paragraphs: [
      ...(act === undefined
        ? []
        : [
            `Acting: Surefoot was asked about ${counted(act.placed, 'pod')} that ${act.placed === 1 ? 'was' : 'were'} placed. ${act.wentHome} of ${act.hadHome} whose own node was on offer went back to it. Where the pods are, they can expect to lose ${savedInWords(act)} than on the average of the nodes on offer.`,
          ]),
      ...(observe === undefined
        ? []
        : [
            `Observing: Surefoot was asked about ${counted(observe.placed, 'pod')} that ${observe.placed === 1 ? 'was' : 'were'} placed. ${observe.wentHome} of ${observe.hadHome} whose own node was on offer would have gone back to it. On the nodes that Surefoot would have named, they could expect to lose ${savedInWords(observe)} than where their scheduler has put them.`,
          ]),
      'These are forecasts by the formula that ranks the nodes, each pod for itself; the range is what chance makes of so many pods, and says nothing of how good the formula is.',
    ],
  };
}

function forecasts({ forecasts: found }: FleetReport): Section {
  const title = 'Was it right?';
  if (found === undefined) {
    return {
      title,
      paragraphs: ['Not known yet: a forecast is judged after seven days.'],
    };
  }
  const { raised, others, shareForeseen } = found;
  const times =
    raised.failed > 0 && others.failed > 0
      ? ` That is ${shareOf(raised) > shareOf(others) ? '' : 'only '}${Number((shareOf(raised) / shareOf(others)).toPrecision(2))} times as often.`
      : '';
  const foreseen =
    shareForeseen === undefined
      ? 'No node has failed.'
      : `Of all node-days that a fault followed, ${percent(shareForeseen)} were of nodes that had been called so.`;
  return {
    title,
    paragraphs: [
      raised.days === 0
        ? `No node was called elevated or high. Of ${counted(others.days, 'node-day')}, ${percent(shareOf(others))} were followed by a fault within seven days.`
        : `Of ${counted(raised.days, 'node-day')} on which a node was called elevated or high, ${percent(shareOf(raised))} were followed by a fault of it within seven days; of the ${counted(others.days, 'other node-day')}, ${percent(shareOf(others))}.${times}`,
      foreseen,
      'Where Surefoot acts, nodes of a raised hazard get fewer pods, and so show fewer of their faults: the first figure is then too low.',
    ],
  };
}

function releases({ releases: found }: FleetReport): readonly Section[] {
  if (found === undefined) return [];
  const { said, evicted, right, wrong, unknown } = found;
  const judged = right + wrong + unknown;
  const whether =
    judged === 0
      ? 'None is an hour old yet, after which it is judged.'
      : `Of the ${judged} that ${judged === 1 ? 'was' : 'were'} judged an hour later, ${right} ${right === 1 ? 'was' : 'were'} right, ${wrong} wrong, and of ${unknown} nothing tells.`;
  return [
    {
      title: 'Releases',
      paragraphs: [
        `${counted(evicted, 'pod')} ${evicted === 1 ? 'was' : 'were'} evicted from a broken device or out of a crash loop; of ${said} more it was only said. ${whether}`,
      ],
    },
  ];
}

function shareOf({ days, failed }: NodeDays): number {
  return days === 0 ? 0 : failed / days;
}

/** `0.4 %`, `34 %`. */
function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** `38 device-hours less (31 to 45)`; what is lost more has a minus before it. */
function savedInWords({ savedDeviceHours, low, high }: PlacementLine): string {
  return `${savedDeviceHours} device-hours less (${low} to ${high} in 95 % of such times)`;
}

function spares({ spares: found }: FleetReport): Section {
  const title = 'Spare nodes';
  if (found === undefined) {
    return { title, paragraphs: ['Not known: no fault of this time has been seen to end.'] };
  }
  return {
    title,
    paragraphs: [
      `At this rate of faults and this time to repair, ${counted(found.fleet, 'spare node')} suffice on 99 % of days for the whole fleet.`,
    ],
    ...(found.perRack.length > 0 && {
      table: {
        head: ['rack', 'hosts', 'spares if each rack has its own'],
        rows: found.perRack.map((rack) => [rack.rack, String(rack.hosts), String(rack.spares)]),
      },
    }),
  };
}

function hoursInWords(hours: number): string {
  if (hours < 1) return `${Math.round(hours * 60)} min`;
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

function dayOf(at: string): string {
  return at.slice(0, 10);
}
