import { el, fetching, nodeLink, podLink, section, table } from './dom.js';
import { state } from './state.js';
import { counted, momentInWords, spanInWords } from './words.js';

/** @typedef {import('../shapes.ts').ShownJob} ShownJob */

/** A workload: where its pods are, and which of its slots are away from their nodes. */
export function jobView() {
  const job = new URLSearchParams(location.search).get('job') ?? '';
  const box = el('div', '');
  const ask = fetching(
    `/api/jobs?job=${encodeURIComponent(job)}`,
    box,
    /** @param {ShownJob} answer */
    (answer) => show(box, answer),
  );
  ask();
  return {
    title: job,
    element: box,
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.pods || changed.decisions) ask();
    },
  };
}

/**
 * @param {HTMLElement} box
 * @param {ShownJob} answer
 */
function show(box, { job, count, pods, away, at, restart = '' }) {
  const nodes = new Set(pods.flatMap(({ node }) => node ?? []));
  const racks = new Set([...nodes].flatMap((node) => state.nodes.get(node)?.rack ?? []));
  const waiting = pods.filter(({ node }) => node === undefined).length;
  box.replaceChildren(
    section(
      job,
      el(
        'p',
        '',
        `${counted(count, 'pod')} on ${counted(nodes.size, 'node')}${racks.size === 0 ? '' : ` in ${counted(racks.size, 'rack')}`}${waiting === 0 ? '' : `, ${waiting} waiting`}; ${counted(away.length, 'slot')} away from its node.`,
      ),
      el('p', '', restart),
      table(
        ['Pod', 'Node', 'Rack', 'Hazard of the node', 'Phase', 'Why there'],
        pods.map(({ uid, name, node, phase }) => [
          podLink(name),
          node === undefined ? 'waiting' : nodeLink(node),
          (node && state.nodes.get(node)?.rack) ?? '',
          (node && state.nodes.get(node)?.hazard) ?? '',
          phase,
          state.decisions.get(uid)?.summary?.words ?? '',
        ]),
      ),
    ),
    ...(away.length === 0
      ? []
      : [
          section(
            'Away',
            table(
              ['Slot', 'Its node', 'Left', 'Why', 'Stays its node for'],
              away.map(({ slot, node, leftAt, cause, homeUntil }) => [
                slot,
                nodeLink(node),
                momentInWords(leftAt, at),
                cause,
                spanInWords((Date.parse(homeUntil) - Date.parse(at)) / 1000),
              ]),
            ),
          ),
        ]),
  );
}
