import { act } from './controls.js';
import { actButton, byId, el } from './dom.js';
import { state } from './state.js';
import { counted, timesTheUsual } from './words.js';

/**
 * Opens the details of a node, or closes them.
 * @param {string | undefined} name
 */
export function openDetails(name) {
  const section = byId('details');
  section.hidden = name === undefined;
  if (name === undefined) return;
  const actions = el('p', '');
  if (state.controls.has('break-device')) {
    actions.append(actButton('Break a device', () => act('break-device', name)));
  }
  section.replaceChildren(el('h2', '', name), actions, el('div', 'facts'));
  showDetails();
}

/** What is known of the chosen node, as it is now. */
export function showDetails() {
  const facts = byId('details').querySelector('.facts');
  const node = state.nodes.get(state.selected ?? '');
  if (facts === null || state.selected === undefined) return;
  if (node === undefined) {
    facts.replaceChildren('This node is gone.');
    return;
  }
  const { incidents, ignored, homeOf, devices, images } = node;
  const bytes = images.reduce((sum, image) => sum + image.bytes, 0);
  facts.replaceChildren(
    el('p', 'quiet', `${node.state}; ${counted(images.length, 'image')}, ${gibibytes(bytes)}`),
    listOf(
      'Devices',
      devices.map(
        ({ id, resource, state: deviceState, hazard, times, words, pod }) =>
          `${id ?? `${resource}, not named yet`}: ${deviceState}${pod ? ` with ${pod}` : ''}, ${hazard} hazard, ${words ?? timesTheUsual(times)}`,
      ),
    ),
    listOf('Faults remembered', incidents.map(incidentLine), 'none'),
    listOf('Not held against it', ignored.map(ignoredLine), 'nothing'),
    listOf(
      'Home of',
      homeOf.map(({ slot, cause }) => `${slot} (${cause})`),
      'nobody who is away',
    ),
  );
}

/** @param {import('../shapes.ts').ShownIncident} incident */
function incidentLine({ words, weight, discounts }) {
  const why = discounts.length === 0 ? '' : `: ${discounts.join('; ')}`;
  return `${words}; counts ${percent(weight)}${why}`;
}

const WHY = {
  boot: 'over before it had settled after a boot',
  rollout: 'the device plugin was restarting',
  planned: 'came with announced work',
  race: 'two schedulers chose the same devices',
  untrusted: 'a tenant can write it, and nothing else says so',
  unsure: 'found too late to tell',
};

/** @param {import('../shapes.ts').ShownNode['ignored'][number]} ignored */
function ignoredLine({ words, why, times }) {
  return `${words}${times > 1 ? `, ${times} times` : ''}: ${WHY[why]}`;
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/**
 * @param {string} title
 * @param {readonly string[]} lines
 * @param {string} none
 */
function listOf(title, lines, none = '') {
  const items = (lines.length === 0 ? [none] : lines).map((line) => el('li', 'words', line));
  return el('div', '', el('h3', '', title), el('ul', '', ...items));
}

/** @param {number} bytes */
function gibibytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
