import { wholeSecond } from '../facts/timestamp.ts';
import type { IgnoredBecause } from '../history/host-history.ts';
import { counted } from './counted.ts';
import type { Document, Section } from './document.ts';
import type { Culprit, FleetReport } from './fleet-report.ts';

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
      culprits('Worst devices', report.worst, 'No device and no node is likely to have failed.'),
      culprits('What comes back', report.loops, 'Nothing has come back three times.'),
      cohorts(report),
      routine(report),
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
