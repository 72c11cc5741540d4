import { decisionInFull } from './decision.js';
import { el, fetching } from './dom.js';

/** @typedef {import('../shapes.ts').ShownDecisions} ShownDecisions */

/**
 * One decision.
 * @param {string} [uid]
 */
export function decisionView(uid = '') {
  const box = el('div', '');
  const ask = fetching(
    `/api/decisions?uid=${encodeURIComponent(uid)}`,
    box,
    /** @param {ShownDecisions} answer */
    ({ decisions: [decision] }) => {
      box.replaceChildren(
        decision === undefined
          ? 'This decision is not remembered any more: the latest 1,024 are.'
          : decisionInFull(decision),
      );
    },
  );
  ask();
  return {
    title: 'Decision',
    element: el('section', '', el('h2', '', 'Decision'), box),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.decisions) ask();
    },
  };
}
