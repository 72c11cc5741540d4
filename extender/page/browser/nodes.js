import { act } from './controls.js';
import { actButton, byId, el, showKeyed } from './dom.js';
import { state } from './state.js';
import { counted, timesTheUsual } from './words.js';

/** @typedef {import('../shapes.ts').ShownNode} ShownNode */

const byName = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The nodes by rack. Only racks of changed nodes are looked at.
 * @param {readonly string[]} changed
 * @param {(node: string) => void} onSelect
 */
export function showNodes(changed, onSelect) {
  /** @type {Map<string, ShownNode[]>} */
  const racks = new Map();
  for (const node of state.nodes.values()) {
    const rack = node.rack ?? 'no rack named';
    const nodes = racks.get(rack);
    if (nodes === undefined) racks.set(rack, [node]);
    else nodes.push(node);
  }
  const changedNodes = new Set(changed);
  showKeyed(
    byId('racks'),
    [...racks].sort(([a], [b]) => byName(a, b)),
    ([rack]) => rack,
    ([rack]) => newRack(rack),
    (element, [, nodes]) => {
      const list = element.querySelector('ul');
      if (list === null) return;
      const isSame = list.childElementCount === nodes.length;
      if (isSame && !nodes.some(({ node }) => changedNodes.has(node))) return;
      const spares = element.querySelector('.spares');
      if (spares !== null) spares.textContent = sparesOf(nodes);
      showKeyed(
        list,
        nodes.sort((a, b) => byName(a.node, b.node)),
        ({ node }) => node,
        ({ node }) => newNode(node, onSelect),
        showNode,
      );
    },
  );
}

/** Marks the node whose details are shown. */
export function showSelection() {
  for (const button of document.querySelectorAll('.node')) {
    if (button instanceof HTMLElement) {
      button.ariaPressed = String(button.dataset.node === state.selected);
    }
  }
}

/**
 * How many nodes could take a whole node's job in the place of one that fails: ready, with all devices working and free, and
 * nobody's home.
 * @param {readonly ShownNode[]} nodes
 */
function sparesOf(nodes) {
  const spares = nodes.filter(
    ({ state: nodeState, devices, homeOf }) =>
      nodeState === 'ready' &&
      homeOf.length === 0 &&
      devices.length > 0 &&
      devices.every((device) => device.state === 'free'),
  );
  return spares.length === 0 ? 'no spare' : counted(spares.length, 'spare');
}

/** @param {string} rack */
function newRack(rack) {
  const header = el('header', '', el('h3', '', rack), el('span', 'spares quiet', ''));
  if (state.controls.has('reboot-rack')) {
    header.append(actButton('Reboot rack', () => act('reboot-rack', rack)));
  }
  return el('div', 'rack', header, el('ul', ''));
}

/**
 * @param {string} name
 * @param {(node: string) => void} onSelect
 */
function newNode(name, onSelect) {
  const button = el('button', 'node');
  button.dataset.node = name;
  button.ariaPressed = String(name === state.selected);
  button.addEventListener('click', () => onSelect(name));
  return el('li', '', button);
}

/**
 * @param {HTMLElement} item
 * @param {ShownNode} node
 */
function showNode(item, node) {
  const button = item.querySelector('button');
  if (button === null) return;
  const stateClass = { ready: '', cordoned: ' cordoned', 'not ready': ' down' }[node.state];
  button.className = `node${stateClass}`;
  const squares = node.devices.map(({ hazard, state: deviceState, id, times, pod }) => {
    const square = el('i', `device ${hazard} ${deviceState}`);
    square.title = `${id ?? 'a device that nobody has named yet'}: ${deviceState}${pod ? ` with ${pod}` : ''}; ${timesTheUsual(times)}`;
    return square;
  });
  button.ariaLabel = summary(node);
  button.replaceChildren(
    el('span', '', node.node),
    el('span', 'state', node.state === 'ready' ? '' : node.state),
    el('span', 'squares', ...squares),
  );
}

/** @param {ShownNode} node */
function summary({ node, state: nodeState, devices }) {
  /** @param {(device: ShownNode['devices'][number]) => boolean} is */
  const count = (is) => devices.filter(is).length;
  const busy = count((device) => device.state === 'busy');
  const away = count(({ state: one }) => one === 'withdrawn' || one === 'unhealthy');
  const hazardous = count(({ hazard }) => hazard !== 'normal');
  return `${node}, ${nodeState}: ${counted(devices.length, 'device')}, ${busy} busy, ${away} broken, ${hazardous} of more than usual hazard`;
}
