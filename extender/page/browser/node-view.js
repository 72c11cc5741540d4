import { act } from './controls.js';
import { actButton, el, fetching, podLink, section, table } from './dom.js';
import { state } from './state.js';
import { drawChart } from './time-chart.js';
import { counted, gibibytes, momentInWords, percent, timesTheUsual } from './words.js';

/**
 * @typedef {import('../shapes.ts').ShownNodes} ShownNodes
 * @typedef {import('../shapes.ts').ShownNode} ShownNode
 * @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary
 * @typedef {import('../shapes.ts').ShownHazardPoint} ShownHazardPoint
 */

const MOST_DAYS = 90;
const LEAST_DAYS = 7;

/**
 * All that is known of a node.
 * @param {string} [name]
 */
export function nodeView(name = '') {
  const facts = el('div', 'facts', 'asking');
  const chart = el('div', 'chart');
  const course = el('div', 'chart');
  const actions = el('p', 'tools');
  let endCharts = () => {};
  const ask = fetching(
    `/api/nodes?node=${encodeURIComponent(name)}`,
    facts,
    /** @param {ShownNodes} answer */
    ({ at, nodes: [node], summaries: [summary] = [], hazard = [] }) => {
      if (node === undefined) {
        facts.replaceChildren('There is no such node now.');
        return;
      }
      facts.replaceChildren(...factsOf(node, summary, [chart, course], at));
      if (actions.childElementCount === 0) actions.append(...actionsOn(name, node.rack));
      endCharts();
      chart.replaceChildren();
      course.replaceChildren();
      const span = spanOf(node, at);
      const ends = [historyChart(chart, node, span), hazardChart(course, hazard, node, span)];
      endCharts = () => {
        for (const end of ends) end();
      };
    },
  );
  ask();
  return {
    title: name,
    element: el('div', 'node', el('h2', '', name), actions, facts),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.nodes.includes(name)) ask();
    },
    close: () => endCharts(),
  };
}

/**
 * What a person may do to it: nothing in a cluster.
 * @param {string} name
 * @param {string | undefined} rack
 */
function actionsOn(name, rack) {
  return [
    ...(state.controls.has('break-device')
      ? [actButton('Break a device', () => act('break-device', name))]
      : []),
    ...(state.controls.has('reboot-rack') && rack !== undefined
      ? [actButton('Reboot rack', () => act('reboot-rack', rack))]
      : []),
  ];
}

/**
 * @param {ShownNode} node
 * @param {ShownNodeSummary | undefined} summary
 * @param {readonly [HTMLElement, HTMLElement]} charts
 * @param {string} at
 */
function factsOf(node, summary, [chart, course], at) {
  const { incidents, ignored, homeOf, devices, images, pods, host, domains } = node;
  const bytes = images.reduce((sum, image) => sum + image.bytes, 0);
  const { hazard = 'normal', times = 1, words, rack, model, driver } = summary ?? {};
  return [
    el(
      'p',
      '',
      el('span', `mark ${node.state === 'not ready' ? 'down' : hazard}`),
      el('b', '', `${node.state}, ${hazard} hazard`),
      `; a pod that takes all its devices faces ${timesTheUsual(times)}${words === undefined ? '' : `: ${words}`}`,
    ),
    el(
      'p',
      'quiet',
      [
        ...[
          model,
          driver && `driver ${driver}`,
          rack,
          ...(domains ?? []).filter((one) => one !== rack),
        ].filter(Boolean),
        `${counted(images.length, 'image')}, ${gibibytes(bytes)}`,
        `host ${host}`,
      ].join(' · '),
    ),
    section('Devices', el('ul', 'devices', ...devices.map(deviceCard))),
    section(
      'Faults by their weight now',
      el(
        'p',
        'quiet',
        `Each dot is a fault: the higher, the more it counts now (its weight, from 0 to 1).${node.raised.length === 0 ? '' : ' Shaded: the hazard was called elevated or high.'}`,
      ),
      chart,
    ),
    section(
      'Hazard over time',
      el(
        'p',
        'quiet',
        'The hazard at each moment, from the faults known by then and the fleet’s rates of today. 95 % of nodes with such a record lie between the two pale lines. Red: an incident began.',
      ),
      course,
    ),
    section(
      'Incidents',
      incidents.length === 0
        ? 'None is remembered.'
        : table(
            ['Since', 'Device', 'What was seen', 'Weight now', 'Lowered by', 'Until'],
            incidents
              .toReversed()
              .map((one) => [
                momentInWords(one.openedAt, at),
                one.device ?? (one.resource === undefined ? '(the node)' : '(not named)'),
                one.evidence.join('; '),
                `${percent(one.weight)} of ${percent(one.probability)}`,
                one.discounts.join('; '),
                one.closedAt === undefined ? 'open' : momentInWords(one.closedAt, at),
              ]),
          ),
    ),
    section(
      'Not held against it',
      ignored.length === 0
        ? 'Nothing looked like a fault and was none.'
        : table(
            ['When last', 'What it was', 'Times', 'Why it is not counted'],
            ignored.map((one) => [
              momentInWords(one.at, at),
              one.words,
              String(one.times),
              WHY[one.why],
            ]),
          ),
    ),
    section(
      'Pods',
      pods.length === 0
        ? 'None has a device here.'
        : table(
            ['Pod', 'Phase', 'Devices'],
            pods.map(({ name, phase, devices: count }) => [podLink(name), phase, String(count)]),
          ),
    ),
    section(
      'Home of',
      homeOf.length === 0
        ? 'Nobody who is away.'
        : table(
            ['Slot', 'Why it left'],
            homeOf.map(({ slot, cause }) => [slot, cause]),
          ),
    ),
  ];
}

const WHY = {
  boot: 'over before it had settled after a boot',
  rollout: 'the device plugin was restarting',
  planned: 'came with announced work',
  race: 'two schedulers chose the same devices',
  untrusted: 'a tenant can write it, and nothing else says so',
  unsure: 'found too late to tell',
};

/** @param {ShownNode['devices'][number]} device */
function deviceCard({ id, resource, state: deviceState, hazard, times, words, pod }) {
  const square = el('i', `device ${hazard} ${deviceState}`);
  square.ariaHidden = 'true';
  return el(
    'li',
    '',
    square,
    el('b', 'words', id ?? 'not named by anybody'),
    el('span', 'quiet', ` ${resource}`),
    el('div', '', deviceState, ...(pod === undefined ? [] : [' with ', podLink(pod)])),
    el('div', 'quiet', `${hazard} hazard, ${words ?? timesTheUsual(times)}`),
  );
}

/**
 * The time in which anything has happened to it, a week at least.
 * @param {ShownNode} node
 * @param {string} at
 * @returns {readonly [number, number]}
 */
function spanOf({ incidents, raised }, at) {
  const now = Date.parse(at) / 1000;
  const since = [
    ...incidents.map(({ openedAt }) => openedAt),
    ...raised.map((one) => one.from),
  ].map((one) => (now - Date.parse(one) / 1000) / 86_400);
  return [now - Math.min(MOST_DAYS, Math.max(LEAST_DAYS, ...since) * 1.1) * 86_400, now];
}

/**
 * How its hazard has gone, with its interval, and where its incidents began.
 * @param {HTMLElement} target
 * @param {readonly ShownHazardPoint[]} hazard
 * @param {ShownNode} node
 * @param {readonly [number, number]} span
 */
function hazardChart(target, hazard, { incidents }, span) {
  const shown = hazard.filter(({ at }) => Date.parse(at) / 1000 >= span[0]);
  if (shown.length === 0) return () => {};
  return drawChart(target, {
    seconds: shown.map(({ at }) => Date.parse(at) / 1000),
    series: [
      {
        label: 'times the fleet’s rate',
        color: 'link',
        look: 'line',
        values: shown.map(({ times }) => times),
      },
      { label: 'from', color: 'edge', look: 'line', values: shown.map(({ low }) => low) },
      { label: 'to (95 %)', color: 'edge', look: 'line', values: shown.map(({ high }) => high) },
    ],
    bands: incidents.map(({ openedAt }) => ({
      fromSeconds: Date.parse(openedAt) / 1000,
      toSeconds: Date.parse(openedAt) / 1000,
      color: 'high',
    })),
    span,
    height: 170,
  });
}

/**
 * @param {HTMLElement} target
 * @param {ShownNode} node
 * @param {readonly [number, number]} span
 */
function historyChart(target, { incidents, raised }, [from, now]) {
  const points = incidents
    .map(({ openedAt, weight, class: name }) => ({ at: Date.parse(openedAt) / 1000, weight, name }))
    .sort((a, b) => a.at - b.at);
  /** @param {boolean} isFatal */
  const values = (isFatal) =>
    points.map(({ weight, name }) => ((name === 'fatal') === isFatal ? weight : null));
  return drawChart(target, {
    // A chart of nothing shows its axis all the same.
    seconds: points.length === 0 ? [from, now] : points.map((one) => one.at),
    series: [
      {
        label: 'fatal',
        color: 'high',
        look: 'points',
        values: points.length === 0 ? [null, null] : values(true),
      },
      {
        label: 'other',
        color: 'elevated',
        look: 'points',
        values: points.length === 0 ? [null, null] : values(false),
      },
    ],
    bands: raised.map(({ from: since, until }) => ({
      fromSeconds: Date.parse(since) / 1000,
      toSeconds: until === undefined ? now : Date.parse(until) / 1000,
      color: 'elevated',
    })),
    span: [from, now],
    range: [0, 1.05],
    height: 150,
  });
}
