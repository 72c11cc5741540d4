import { showDecisions, showLegend } from './decisions.js';
import { openDetails, showDetails } from './details.js';
import { byId } from './dom.js';
import { showEntries } from './entries.js';
import { showNodes, showSelection } from './nodes.js';
import { showPods } from './pods.js';
import { state, takeIn } from './state.js';
import { clockTime, counted } from './words.js';

const stream = new EventSource('/api/live');
stream.addEventListener('message', ({ data }) => show(JSON.parse(data)));
stream.addEventListener('open', () => {
  byId('connection').textContent = '';
});
stream.addEventListener('error', () => {
  byId('connection').textContent =
    state.at === ''
      ? 'no connection yet; trying'
      : `connection lost; this is how it was at ${clockTime(state.at)}`;
});

/** @param {import('../shapes.ts').LiveChange} change */
function show(change) {
  const changed = takeIn(change);
  const isFirst = change.about !== undefined;
  if (isFirst) showName();
  if (isFirst) showLegend();
  if (isFirst || changed.length > 0) showNodes(changed, select);
  if (isFirst || changed.length > 0 || change.pending !== undefined) showPods();
  if (isFirst || changed.includes(state.selected ?? '')) showDetails();
  if (change.decisions !== undefined) showDecisions();
  if (change.entries !== undefined) showEntries();
  showSummary();
}

/** Whoever has several clusters has several tabs. */
function showName() {
  const name = state.cluster === '' ? 'Surefoot' : `Surefoot on ${state.cluster}`;
  byId('name').textContent = name;
  document.title = name;
}

function showSummary() {
  const alarm = byId('alarm');
  // Written once: whoever has it read aloud should hear it once.
  if (alarm.textContent !== (state.alarm ?? '')) alarm.textContent = state.alarm ?? '';
  const devices = [...state.nodes.values()].reduce((sum, node) => sum + node.devices.length, 0);
  const waiting =
    state.pending.count === 0 ? '' : `, ${counted(state.pending.count, 'pod')} waiting`;
  const mode = state.mode === 'act' ? '' : ', observing only';
  byId('summary').textContent =
    `${clockTime(state.at)}: ${counted(state.nodes.size, 'node')}, ${counted(devices, 'device')}${waiting}${mode}`;
}

/** @param {string} node */
function select(node) {
  state.selected = state.selected === node ? undefined : node;
  openDetails(state.selected);
  showSelection();
}
