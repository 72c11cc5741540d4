import { el, fetching, nodeLink, section, table } from './dom.js';
import { state } from './state.js';
import { drawChart } from './time-chart.js';
import { counted, momentInWords, percent } from './words.js';

/**
 * @typedef {import('../shapes.ts').ShownIncidents} ShownIncidents
 * @typedef {import('../shapes.ts').ShownHostIncident} ShownHostIncident
 * @typedef {import('../shapes.ts').ShownPlacements} ShownPlacements
 */

/** @type {readonly (readonly [string, string, number, number])[]} how far back in hours, and hours of one bar */
const SPANS = [
  ['1h', 'last hour', 1, 1 / 30],
  ['1d', 'last day', 24, 1],
  ['7d', 'last week', 168, 6],
  ['90d', 'last 90 days', 2160, 24],
];
const MOST_ROWS = 300;

/** What failed, over time and as a list; a span of the axis narrows the list. */
export function incidentsView() {
  const given = new URLSearchParams(location.search).get('since') ?? '7d';
  const span = document.createElement('select');
  span.ariaLabel = 'How far back';
  span.append(...SPANS.map(([value, words]) => new Option(words, value)));
  span.value = SPANS.some(([value]) => value === given) ? given : '7d';
  const chart = el('div', 'chart');
  const chosen = el('p', 'quiet');
  chosen.role = 'status';
  const list = el('div', '');
  /** @type {{ at: string, incidents: readonly ShownHostIncident[] }} */
  let known = { at: state.at, incidents: [] };
  /** @type {ShownPlacements['days']} */
  let days = [];
  /** @type {readonly [number, number] | undefined} */
  let brushed;
  let endChart = () => {};
  /** @type {() => void} */
  let ask = () => {};

  function show() {
    const [, , hours = 168, step = 6] = SPANS.find(([value]) => value === span.value) ?? [];
    const now = Date.parse(known.at) / 1000;
    const from = now - hours * 3600;
    endChart();
    chart.replaceChildren();
    endChart = drawChart(chart, {
      ...barsOf(known.incidents, days, from, now, step * 3600),
      span: [from, now],
      height: 200,
      onChoose(first, last) {
        brushed = [first, last];
        showList();
      },
    });
    showList();
  }

  function showList() {
    const wanted = known.incidents.filter(({ openedAt }) => {
      const at = Date.parse(openedAt) / 1000;
      return brushed === undefined || (brushed[0] <= at && at <= brushed[1]);
    });
    const all = el('button', 'act', 'show all');
    all.addEventListener('click', () => {
      brushed = undefined;
      showList();
    });
    chosen.replaceChildren(
      counted(wanted.length, 'incident'),
      ...(brushed === undefined
        ? ['; drag over the chart to choose a time']
        : [
            ` from ${momentInWords(new Date(brushed[0] * 1000).toISOString(), known.at)} to ${momentInWords(new Date(brushed[1] * 1000).toISOString(), known.at)} `,
            all,
          ]),
    );
    list.replaceChildren(
      table(
        ['Since', 'Node', 'Device', 'What was seen', 'Weight now', 'Until'],
        wanted
          .slice(0, MOST_ROWS)
          .map(({ openedAt, closedAt, node, device, evidence, weight, discounts }) => [
            momentInWords(openedAt, known.at),
            nodeLink(node),
            device ?? '',
            [...evidence, ...discounts].join('; '),
            percent(weight),
            closedAt === undefined ? 'open' : momentInWords(closedAt, known.at),
          ]),
      ),
      ...(wanted.length > MOST_ROWS
        ? [el('p', 'quiet', `and ${wanted.length - MOST_ROWS} more; choose a shorter time`)]
        : []),
    );
  }

  function begin() {
    history.replaceState(null, '', `?${new URLSearchParams({ since: span.value })}`);
    brushed = undefined;
    const since = span.value;
    ask = fetching(
      `/api/incidents?since=${since}`,
      list,
      /** @param {ShownIncidents} answer */
      (answer) => {
        if (since !== span.value) return;
        known = answer;
        show();
      },
    );
    ask();
  }
  fetching(
    '/api/placements',
    chosen,
    /** @param {ShownPlacements} answer */
    (answer) => {
      days = answer.days;
      show();
    },
  )();
  span.addEventListener('input', begin);
  begin();
  return {
    title: 'Incidents',
    element: section('Incidents', el('div', 'tools', span), chart, chosen, list),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.entries && brushed === undefined) ask();
    },
    close: () => endChart(),
  };
}

/**
 * Incidents by the step of time in which they began; placements where days are shown.
 * @param {readonly ShownHostIncident[]} incidents
 * @param {ShownPlacements['days']} days
 * @param {number} from
 * @param {number} now
 * @param {number} step
 * @returns {Pick<import('./time-chart.js').ChartOptions, 'seconds' | 'series'>}
 */
function barsOf(incidents, days, from, now, step) {
  const count = Math.ceil((now - from) / step);
  const first = Math.floor(from / step) * step;
  const seconds = Array.from({ length: count + 1 }, (_, at) => first + (at + 0.5) * step);
  /** @param {(incident: ShownHostIncident) => boolean} is */
  const counts = (is) => {
    /** @type {(number | null)[]} */
    const bars = new Array(count + 1).fill(null);
    for (const incident of incidents.filter(is)) {
      const at = Math.floor((Date.parse(incident.openedAt) / 1000 - first) / step);
      if (at >= 0 && at <= count) bars[at] = (bars[at] ?? 0) + 1;
    }
    return bars;
  };
  const placed = new Map(days.map(({ day, act, observe }) => [day, act.placed + observe.placed]));
  const dayOf = (/** @type {number} */ at) => new Date(at * 1000).toISOString().slice(0, 10);
  return {
    seconds,
    series: [
      { label: 'all incidents', color: 'elevated', look: 'bars', values: counts(() => true) },
      {
        label: 'of them fatal',
        color: 'high',
        look: 'bars',
        values: counts((one) => one.class === 'fatal'),
      },
      ...(step >= 86_400
        ? [
            {
              label: 'pods placed a day (right)',
              color: 'planned',
              look: /** @type {const} */ ('line'),
              scale: 'right',
              values: seconds.map((at) => placed.get(dayOf(at)) ?? null),
            },
          ]
        : []),
    ],
  };
}
