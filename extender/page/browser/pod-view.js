import { act } from './controls.js';
import { decisionInFull } from './decision.js';
import { actButton, el, fetching, jobLink, nodeLink, section, table } from './dom.js';
import { state } from './state.js';

/**
 * @typedef {import('../shapes.ts').ShownDecisions} ShownDecisions
 * @typedef {import('../shapes.ts').ShownPods} ShownPods
 */

/**
 * A pod: where it is, and every decision that is remembered for its name.
 * @param {string} [namespace]
 * @param {string} [name]
 */
export function podView(namespace = '', name = '') {
  const full = `${namespace}/${name}`;
  const now = el('p', '');
  const decided = el('div', '');
  const prepared = el('div', '');
  const askPod = fetching(
    `/api/pods?pod=${encodeURIComponent(full)}`,
    now,
    /** @param {ShownPods} answer */
    ({ pods: [pod] }) => {
      if (pod === undefined) {
        now.replaceChildren('There is no such pod now.');
        return;
      }
      const where =
        pod.node === undefined ? ['waits for a node'] : [`${pod.phase} on `, nodeLink(pod.node)];
      now.replaceChildren(...where, `, ${pod.devices} devices, of `, jobLink(pod.job));
    },
  );
  const askDecisions = fetching(
    `/api/decisions?pod=${encodeURIComponent(full)}`,
    decided,
    /** @param {ShownDecisions} answer */
    ({ decisions }) => {
      decided.replaceChildren(
        ...(decisions.length === 0
          ? ['No decision is remembered: no scheduler asked about it, or it is too long ago.']
          : decisions.map(decisionInFull)),
      );
    },
  );
  // Once: the webhook writes only when a pod is created, and the API server is asked for it.
  const askPrepared = fetching(
    `/api/pods?pod=${encodeURIComponent(full)}&prepared=true`,
    prepared,
    /** @param {ShownPods} answer */
    ({ prepared: written }) => prepared.replaceChildren(...preparedInWords(written)),
  );
  askPod();
  askDecisions();
  askPrepared();
  const actions = state.controls.has('crash-pod')
    ? [actButton('Crash it', () => act('crash-pod', full))]
    : [];
  return {
    title: full,
    element: el(
      'div',
      '',
      section(full, now, ...actions),
      section('Why it is there', decided),
      section('What the webhook did', prepared),
    ),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.pods) askPod();
      if (changed.decisions) askDecisions();
    },
  };
}

/**
 * What the webhook changed, and what it left as it was.
 * @param {ShownPods['prepared']} prepared
 */
function preparedInWords(prepared) {
  if (prepared === undefined) return ['Nothing, or nobody tells: it has not prepared this pod.'];
  const { profile, injected, declined } = prepared;
  const rows = [
    ...injected.map((words) => ['changed', words]),
    ...declined.map(({ words }) => ['left as it was', words]),
  ];
  return [
    el('p', '', `By profile ${profile}.`),
    ...(rows.length === 0 ? ['Nothing was missing.'] : [table(['', 'What'], rows)]),
  ];
}
