import { act } from './controls.js';
import { actButton, el, fetching, jobLink, nodeLink, podLink, section, table } from './dom.js';
import { state } from './state.js';
import { counted } from './words.js';

/** @typedef {import('../shapes.ts').ShownPods} ShownPods */

/** Device pods: those that wait first. */
export function podsView() {
  const search = document.createElement('input');
  search.type = 'search';
  search.placeholder = 'pod, node or workload';
  search.ariaLabel = 'Search for pods';
  search.value = new URLSearchParams(location.search).get('search') ?? '';
  const box = el('div', '');
  /** @type {() => void} */
  let ask = () => {};
  function begin() {
    const text = search.value;
    history.replaceState(
      null,
      '',
      text === '' ? location.pathname : `?${new URLSearchParams({ search: text })}`,
    );
    ask = fetching(
      `/api/pods?search=${encodeURIComponent(text)}`,
      box,
      /** @param {ShownPods} answer */
      (answer) => {
        // A later question has taken its place.
        if (search.value === text) show(box, answer);
      },
    );
    ask();
  }
  search.addEventListener('input', begin);
  begin();
  return {
    title: 'Pods',
    element: section('Pods with devices', el('div', 'tools', search), box),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.pods) ask();
    },
  };
}

/**
 * @param {HTMLElement} box
 * @param {ShownPods} answer
 */
function show(box, { pods, count }) {
  const canCrash = state.controls.has('crash-pod');
  box.replaceChildren(
    table(
      ['Pod', 'Node', 'Phase', 'Devices', 'Of', ...(canCrash ? ['Do'] : [])],
      pods.map(({ name, node, phase, devices, job }) => [
        podLink(name),
        node === undefined ? 'waiting' : nodeLink(node),
        phase,
        String(devices),
        jobLink(job),
        ...(canCrash ? [crashButton(name)] : []),
      ]),
    ),
    el(
      'p',
      'quiet',
      count > pods.length
        ? `${pods.length} of ${counted(count, 'pod')}; search for others`
        : counted(count, 'pod'),
    ),
  );
}

/** @param {string} name */
function crashButton(name) {
  const button = actButton('Crash', () => act('crash-pod', name));
  button.ariaLabel = `Crash ${name}`;
  return button;
}
