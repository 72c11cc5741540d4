import { el, nodeLink, section } from './dom.js';
import { entryItems } from './entries.js';
import { FleetMap } from './fleet-map.js';
import { byWorst, isShown, optionsOf } from './node-filter.js';
import { decisionLine } from './placement-view.js';
import { go } from './router.js';
import { state } from './state.js';
import { counted, timesTheUsual } from './words.js';

/** @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary */

const MOST_WORST = 8;
const MOST_ENTRIES = 60;
const MOST_TOLD = 8;

/** The fleet at a glance: four figures, the map, the worst nodes and what happened. */
export function fleetView() {
  const figures = el('ul', 'figures');
  const worst = el('ol', 'worst');
  const entries = el('ol', 'entries');
  entries.role = 'log';
  entries.tabIndex = 0;
  entries.ariaLabel = 'What happened';
  const told = el('ol', 'placed');
  const counts = el('span', 'quiet');
  counts.role = 'status';
  const map = new FleetMap((name) => go(`/nodes/${encodeURIComponent(name)}`));
  const tools = toolbar(() => showMap());
  const element = el(
    'div',
    'fleet',
    figures,
    el(
      'div',
      '',
      el('section', 'map', el('h2', '', 'Nodes '), counts, tools.element, legend(), map.element),
      el('section', 'told', el('h2', '', 'Why pods are where they are'), told),
    ),
    el('div', 'beside', section('Worst nodes', worst), section('What happened', entries)),
  );

  function showMap() {
    const filters = tools.filters();
    const shown = [...state.nodes.values()].filter((node) => isShown(node, filters));
    const all = state.nodes.size;
    counts.textContent =
      shown.length === all ? counted(all, 'node') : `${shown.length} of ${counted(all, 'node')}`;
    map.show(shown, filters.order, filters.zoom);
  }

  function showAll() {
    showFigures(figures);
    showWorst(worst);
    tools.refresh();
    showMap();
  }
  showAll();
  showTold(told);
  entries.replaceChildren(...entryItems(MOST_ENTRIES));
  return {
    title: 'Fleet',
    element,
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.nodes.length > 0) showAll();
      else showFigures(figures);
      if (changed.decisions) showTold(told);
      if (changed.entries) entries.replaceChildren(...entryItems(MOST_ENTRIES));
    },
    close: () => map.close(),
  };
}

/** @param {HTMLElement} list */
function showFigures(list) {
  const nodes = [...state.nodes.values()];
  const devices = nodes.reduce((sum, node) => sum + node.devices, 0);
  const bad = nodes.reduce((sum, node) => sum + node.bad, 0);
  const high = nodes.filter(({ hazard }) => hazard === 'high').length;
  const elevated = nodes.filter(({ hazard }) => hazard === 'elevated').length;
  const away = nodes.filter((node) => node.state === 'not ready').length;
  list.replaceChildren(
    figure(
      String(bad),
      'devices out',
      `of ${devices.toLocaleString('en')}${away === 0 ? '' : `; ${counted(away, 'node')} not ready`}`,
    ),
    figure(
      `${high} high, ${elevated} elevated`,
      'nodes by hazard',
      `of ${counted(nodes.length, 'node')}`,
    ),
    ...placementFigures(),
  );
}

/** What placement came to in a week; while it only observes, what it would have come to. */
function placementFigures() {
  const { act, observe } = state.health?.placement ?? {};
  const placed = act ?? observe;
  if (placed === undefined) {
    return [
      figure('–', 'pods back on their own node', 'none placed in 7 days'),
      figure('–', 'device-hours saved, by forecast', 'none placed in 7 days'),
    ];
  }
  const { wentHome, hadHome, savedDeviceHours, low, high, placed: count } = placed;
  const [back, saved, against] =
    act === undefined
      ? [
          'pods that would be back on their own node',
          'device-hours it would have saved, by forecast',
          'where they are',
        ]
      : [
          'pods back on their own node',
          'device-hours saved, by forecast',
          'the average node on offer',
        ];
  return [
    figure(
      `${wentHome} of ${hadHome}`,
      back,
      `whose own node was on offer; ${counted(count, 'pod')} placed in 7 days`,
    ),
    figure(String(savedDeviceHours), saved, `against ${against}, in 7 days; ${low} to ${high}`),
  ];
}

/**
 * @param {string} value
 * @param {string} what
 * @param {string} more
 */
function figure(value, what, more) {
  return el('li', '', el('b', '', value), el('span', '', what), el('span', 'quiet', more));
}

/** @param {HTMLElement} list */
function showWorst(list) {
  const bad = [...state.nodes.values()].filter(
    ({ bad: out, hazard, open }) => out > 0 || open > 0 || hazard !== 'normal',
  );
  const worst = bad.sort(byWorst).slice(0, MOST_WORST);
  const rest = bad.length - worst.length;
  list.replaceChildren(
    ...worst.map((node) =>
      el(
        'li',
        '',
        el('span', `mark ${node.bad > 0 ? 'high' : node.hazard}`),
        nodeLink(node.node),
        el('span', 'words', ` ${whyBad(node)}`),
      ),
    ),
    ...(worst.length === 0 ? [el('li', 'quiet', 'No node is known to be bad.')] : []),
    ...(rest > 0 ? [el('li', 'quiet', `and ${rest} more: choose “only bad”`)] : []),
  );
}

/** @param {ShownNodeSummary} node */
function whyBad({ bad, devices, words, times, state: nodeState }) {
  return [
    ...(bad > 0 ? [`${bad} of ${devices} devices out`] : []),
    ...(nodeState === 'ready' ? [] : [nodeState]),
    words ?? timesTheUsual(times),
  ].join('; ');
}

/**
 * The latest decisions in which nodes differed, one a job: the others say nothing.
 * @param {HTMLElement} list
 */
function showTold(list) {
  const telling = [...state.decisions.values()].reverse().filter(({ summary }) => summary);
  const jobs = new Map();
  for (const one of telling) {
    const key = `${one.job ?? one.pod.uid} ${one.summary?.code}`;
    if (!jobs.has(key)) jobs.set(key, one);
  }
  list.replaceChildren(
    ...[...jobs.values()].slice(0, MOST_TOLD).map((one) => el('li', '', decisionLine(one))),
    ...(jobs.size === 0
      ? [el('li', 'quiet', 'So far all nodes on offer were equal for every pod.')]
      : []),
  );
}

function legend() {
  /** @type {readonly (readonly [string, string])[]} */
  const marks = [
    ['normal', 'normal hazard'],
    ['elevated', 'elevated: 3 times the fleet’s rate'],
    ['high', 'high: 10 times, or a device out'],
    ['down', 'not ready'],
    ['square busy', 'device busy'],
    ['square', 'free'],
    ['square out', 'out'],
  ];
  const list = el(
    'ul',
    'legend',
    ...marks.map(([mark, words]) => el('li', '', el('i', `mark ${mark}`), words)),
  );
  list.ariaLabel = 'What the tiles mean';
  return list;
}

/**
 * Search, filters, order and size. What is chosen stands in the address, so that it can be shared.
 * @param {() => void} onChange
 */
function toolbar(onChange) {
  const search = document.createElement('input');
  search.type = 'search';
  search.placeholder = 'node, e.g. gpu-1 or gpu-1*';
  search.ariaLabel = 'Search for nodes';
  const onlyBad = document.createElement('input');
  onlyBad.type = 'checkbox';
  onlyBad.id = 'only-bad';
  const onlyBadLabel = el('label', '', onlyBad, ' only bad');
  /** @type {readonly (readonly [string, keyof import('./node-filter.js').Options])[]} */
  const kinds = [
    ['model', 'models'],
    ['driver', 'drivers'],
    ['rack', 'racks'],
    ['namespace', 'namespaces'],
  ];
  const selects = kinds.map(([name]) => {
    const select = document.createElement('select');
    select.ariaLabel = `Only this ${name}`;
    select.name = name;
    return select;
  });
  const order = document.createElement('select');
  order.ariaLabel = 'Order';
  order.append(new Option('by rack', 'rack'), new Option('worst first', 'worst'));
  let zoom = 0;
  const smaller = el('button', '', '−');
  smaller.ariaLabel = 'Smaller tiles';
  const larger = el('button', '', '+');
  larger.ariaLabel = 'Larger tiles, with their devices';
  const element = el('div', 'tools', search, onlyBadLabel, ...selects, order, smaller, larger);
  element.role = 'search';

  const given = new URLSearchParams(location.search);
  search.value = given.get('search') ?? '';
  onlyBad.checked = given.get('bad') === 'true';
  order.value = given.get('order') ?? 'rack';

  function filters() {
    const [model = '', driver = '', rack = '', namespace = ''] = selects.map(({ value }) => value);
    return {
      search: search.value,
      onlyBad: onlyBad.checked,
      model,
      driver,
      rack,
      namespace,
      order: order.value,
      zoom,
    };
  }
  function changed() {
    const { model, driver, rack, namespace } = filters();
    const query = new URLSearchParams({
      ...(search.value !== '' && { search: search.value }),
      ...(onlyBad.checked && { bad: 'true' }),
      ...(order.value !== 'rack' && { order: order.value }),
      ...Object.fromEntries(
        Object.entries({ model, driver, rack, namespace }).filter(([, one]) => one !== ''),
      ),
    }).toString();
    history.replaceState(null, '', query === '' ? location.pathname : `?${query}`);
    onChange();
  }
  for (const input of [search, onlyBad, order, ...selects])
    input.addEventListener('input', changed);
  search.addEventListener('keydown', (event) => {
    const [first] = [...state.nodes.values()]
      .filter((node) => isShown(node, filters()))
      .sort(byWorst);
    if (event.key === 'Enter' && first !== undefined)
      go(`/nodes/${encodeURIComponent(first.node)}`);
  });
  for (const [button, step] of /** @type {const} */ ([
    [smaller, -1],
    [larger, 1],
  ])) {
    button.addEventListener('click', () => {
      zoom += step;
      onChange();
    });
  }
  return {
    element,
    filters,
    /** Offers what the nodes have by now. */
    refresh() {
      const options = optionsOf([...state.nodes.values()]);
      kinds.forEach(([name, key], index) => {
        const select = selects[index];
        if (select === undefined) return;
        const values = options[key];
        select.hidden = values.length < 2;
        const offered = [...select.options].slice(1).map(({ value }) => value);
        if (select.length > 0 && offered.join() === values.join()) return;
        const chosen = select.value === '' ? (given.get(name) ?? '') : select.value;
        select.replaceChildren(
          new Option(`any ${name}`, ''),
          ...values.map((value) => new Option(value, value)),
        );
        select.value = values.includes(chosen) ? chosen : '';
      });
    },
  };
}
