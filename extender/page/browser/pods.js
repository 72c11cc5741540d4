import { act } from './controls.js';
import { actButton, byId, el, showKeyed } from './dom.js';
import { state } from './state.js';

const MOST_ROWS = 200;
const filter = /** @type {HTMLInputElement} */ (byId('pod-filter'));
filter.addEventListener('input', () => showPods());

/** The pods that hold devices or wait for some. */
export function showPods() {
  const bound = [...state.nodes.values()].flatMap(({ node, pods }) =>
    pods.map((pod) => ({ ...pod, node })),
  );
  const waiting = state.pending.pods.map((pod) => ({ ...pod, node: '' }));
  const text = filter.value.trim();
  const wanted = [...waiting, ...bound.sort((a, b) => a.name.localeCompare(b.name))].filter(
    ({ name, node }) => name.includes(text) || node.includes(text),
  );
  showKeyed(
    byId('pod-rows'),
    wanted.slice(0, MOST_ROWS),
    ({ uid }) => uid,
    ({ name }) => newRow(name),
    (row, { name, node, phase, devices }) => {
      [name, node === '' ? 'waiting' : node, phase, String(devices)].forEach((value, index) => {
        const cell = row.children[index];
        if (cell !== undefined && cell.textContent !== value) cell.textContent = value;
      });
    },
  );
  const more = wanted.length - MOST_ROWS;
  byId('more-pods').textContent = more > 0 ? `and ${more} more; narrow the list above` : '';
}

/** @param {string} name */
function newRow(name) {
  const cells = ['', '', '', ''].map(() => el('td', ''));
  const actions = el('td', '');
  if (state.controls.has('crash-pod')) {
    const button = actButton('Crash', () => act('crash-pod', name));
    button.ariaLabel = `Crash ${name}`;
    actions.append(button);
  }
  return el('tr', '', ...cells, actions);
}
