import { wholeSecond } from '../../facts/timestamp.ts';
import { timesInWords } from '../../forecast/hazard-words.ts';
import type { ShownDevice, ShownIncident } from '../../page/shapes.ts';
import { agoInWords } from '../terminal/ago.ts';
import { dataText } from '../terminal/data.ts';
import type { OutputForm } from '../terminal/list.ts';
import { tableText } from '../terminal/table.ts';
import type { PageOptions } from './extender-pages.ts';
import { type KnownNode, type OneNode, requireNode } from './known-fleet.ts';

export interface NodeOptions extends PageOptions {
  readonly output: OutputForm;
}

/** All that is known of a node. Throws WrongCall where nobody knows it. */
export async function node(name: string, options: NodeOptions): Promise<string> {
  const found = await requireNode(name, options);
  return dataText({ ...found.summary, ...found.node }, options.output) ?? inWords(found);
}

function inWords({ at, node, summary }: OneNode): string {
  const { incidents, ignored, homeOf, pods } = node;
  return [
    heading({ at, node, summary }),
    ...devicesInWords(node),
    section(
      'Incidents',
      incidents.toReversed().map((one) => incidentInLines(one, at)),
      'none is remembered',
    ),
    section(
      'Not counted',
      ignored.toReversed().map(({ at: when, why, words, times }) => {
        const often = times > 1 ? `, ${times} times` : '';
        return [`${words} (${IGNORED[why] ?? why}), ${agoInWords(when, at)}${often}`];
      }),
      'nothing',
    ),
    section(
      'At home here, and away',
      homeOf.map(({ slot, cause }) => [`${slot} (${cause})`]),
      'nobody',
    ),
    ...(pods === undefined
      ? []
      : [
          section(
            'Pods',
            pods.map((pod) => [
              `${pod.name}: ${pod.phase}, ${pod.devices} ${pod.devices === 1 ? 'device' : 'devices'}`,
            ]),
            'none has a device',
          ),
        ]),
  ].join('\n\n');
}

/** Why something is not held against a node. */
const IGNORED: Readonly<Record<string, string>> = {
  boot: 'over before the host had settled after a boot',
  rollout: 'a device plugin or kubelet was restarting',
  planned: 'announced work',
  race: 'two schedulers chose the same devices',
  untrusted: 'a tenant can write it, and nothing else says so',
  unsure: 'seen too late to know what led to it',
};

function heading({ node, summary }: OneNode): string {
  const { host, state, rack, model, driver, devices, bad, hazard, times = 0, words } = summary;
  const facts = [
    ...(state === undefined ? [] : [state]),
    ...(rack === undefined ? [] : [`rack ${rack}`]),
    ...(model === undefined ? [] : [`model ${model}`]),
    ...(driver === undefined ? [] : [`driver ${driver}`]),
    ...(devices === undefined
      ? []
      : [`${devices} devices`, ...(bad === 0 ? [] : [`${bad} broken`])]),
  ];
  return [
    [`${node.node}:`, facts.join(', ')].join(' ').trim(),
    `host ${host}`,
    hazard === undefined
      ? 'hazard unknown: only an extender reckons it'
      : `hazard ${hazard}: ${timesInWords(times)}${words === undefined ? '' : `; ${words}`}`,
  ].join('\n');
}

function devicesInWords({ devices }: KnownNode): readonly string[] {
  if (devices === undefined || devices.length === 0) return [];
  const rows = devices.map(({ resource, id, state, hazard, times, pod }: ShownDevice) => [
    id ?? '(not named)',
    resource,
    state,
    hazard === 'normal' ? hazard : `${hazard} (${times} x)`,
    pod ?? '-',
  ]);
  return [tableText([['DEVICE', 'RESOURCE', 'STATE', 'HAZARD', 'POD'], ...rows], [1, 2, 3, 4])];
}

function incidentInLines(incident: ShownIncident, at: string): readonly string[] {
  const { words, weight, probability, discounts, openedAt, closedAt } = incident;
  const lasted =
    closedAt === undefined
      ? `open since ${wholeSecond(openedAt)}`
      : `${wholeSecond(openedAt)} to ${wholeSecond(closedAt)}`;
  const counts = `counts ${weight} of ${probability}`;
  const lowered = discounts.length === 0 ? '' : `: ${discounts.join(', ')}`;
  return [words, `  ${lasted} (${agoInWords(openedAt, at)}); ${counts}${lowered}`];
}

function section(title: string, items: readonly (readonly string[])[], none: string): string {
  if (items.length === 0) return `${title}: ${none}`;
  return [`${title}:`, ...items.flatMap((lines) => lines.map((line) => `  ${line}`))].join('\n');
}
