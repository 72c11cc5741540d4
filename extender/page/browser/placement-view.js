import { el, jobLink, linkTo, nodeLink, section } from './dom.js';
import { state } from './state.js';
import { counted, momentInWords } from './words.js';

/** @typedef {import('../shapes.ts').ShownDecision} ShownDecision */

/** What decided, by the code of the summary. @type {Readonly<Record<string, string>>} */
const DECIDED = {
  PreferredPreviousNode: 'went home',
  AvoidedFlakyNode: 'avoided a node',
  PreferredWarmNode: 'images or a warm node',
  PlacedElsewhere: 'other rules decided',
  OnlyFlakyNodesLeft: 'only bad nodes left',
};
const TIE = 'nothing differed';
const NOT_ASKED = 'not asked';
const WAITS = 'not bound yet';
/** Of one job; the others are in the view of the job. */
const MOST_OF_A_JOB = 8;
/** So many decisions with one reason are one line. */
const FOLDED_FROM = 3;

/** The latest decisions by job, with what decided each. */
export function placementView() {
  const only = document.createElement('select');
  only.ariaLabel = 'Only those of which this decided';
  const box = el('div', '');
  only.value = '';
  only.addEventListener('input', () => show(box, only));
  show(box, only);
  return {
    title: 'Placement',
    element: section(
      'Placement',
      el(
        'p',
        'quiet',
        'The latest decisions, by job. Each opens with all nodes that were on offer, and why.',
      ),
      el('div', 'tools', only),
      box,
    ),
    /** @param {import('./state.js').Changed} changed */
    update(changed) {
      if (changed.decisions) show(box, only);
    },
  };
}

/**
 * @param {HTMLElement} box
 * @param {HTMLSelectElement} only
 */
function show(box, only) {
  const decisions = [...state.decisions.values()].reverse();
  const counts = Map.groupBy(decisions, whatDecided);
  const chosen = only.value;
  only.replaceChildren(
    new Option(`all ${decisions.length}`, ''),
    ...[...counts].map(([what, { length }]) => new Option(`${what} (${length})`, what)),
  );
  only.value = counts.has(chosen) ? chosen : '';
  const wanted = decisions.filter((one) => only.value === '' || whatDecided(one) === only.value);
  const jobs = Map.groupBy(wanted, ({ job, pod }) => job ?? `${pod.namespace}/Pod/${pod.name}`);
  box.replaceChildren(
    ...[...jobs].map(([job, own]) => jobBlock(job, own)),
    ...(jobs.size === 0 ? [el('p', 'quiet', 'No pod has been placed since this was opened.')] : []),
  );
}

/**
 * @param {string} job
 * @param {readonly ShownDecision[]} decisions
 */
function jobBlock(job, decisions) {
  const counts = [...Map.groupBy(decisions, whatDecided)].map(
    ([what, { length }]) => `${length} ${what}`,
  );
  const lines = [...Map.groupBy(decisions, whyThere).values()];
  const rest = lines.length - MOST_OF_A_JOB;
  return el(
    'article',
    'job',
    el(
      'h3',
      '',
      jobLink(job),
      el('span', 'quiet', ` ${counted(decisions.length, 'pod')}: ${counts.join(', ')}`),
    ),
    el(
      'ol',
      'placed',
      ...lines.slice(0, MOST_OF_A_JOB).map(linesInOne),
      ...(rest > 0 ? [el('li', 'quiet', `and ${rest} more`)] : []),
    ),
  );
}

/**
 * Decisions with one reason: said once, with where each pod went.
 * @param {readonly ShownDecision[]} same
 */
function linesInOne(same) {
  const [first] = same;
  if (first === undefined || same.length < FOLDED_FROM)
    return el('li', '', ...same.map(decisionLine));
  const item = el(
    'li',
    '',
    el('time', '', momentInWords(first.at, state.at)),
    ` ${counted(same.length, 'pod')}: `,
    el('span', 'words', whyThere(first)),
    el(
      'div',
      'pairs',
      ...same.map(({ pod, boundTo }) =>
        el(
          'span',
          '',
          linkTo(`/decisions/${encodeURIComponent(pod.uid)}`, pod.name),
          ' → ',
          boundTo === undefined ? WAITS : nodeLink(boundTo),
        ),
      ),
    ),
  );
  return item;
}

/**
 * A decision on one line: when, which pod, where to, and why.
 * @param {ShownDecision} decision
 */
export function decisionLine(decision) {
  const { at, pod, boundTo } = decision;
  const item = el(
    'div',
    '',
    el('time', '', momentInWords(at, state.at)),
    ' ',
    linkTo(`/decisions/${encodeURIComponent(pod.uid)}`, pod.name),
    ' → ',
    boundTo === undefined ? WAITS : nodeLink(boundTo),
    el('span', 'words', ` ${whyThere(decision)}`),
    ...decision.remarks.map(({ words }) => el('div', 'quiet', words)),
  );
  item.dataset.pod = `${pod.namespace}/${pod.name}`;
  return item;
}

/** @param {ShownDecision} decision */
function whyThere(decision) {
  const { summary, unasked } = decision;
  return summary?.words.replace(/^placed on \S+: /, '') ?? unasked?.words ?? costOf(decision);
}

/** @param {ShownDecision} decision */
function costOf({ forecasts, asked }) {
  const [best] = forecasts;
  return best === undefined ? '' : `any of ${counted(asked, 'node')} costs it about the same`;
}

/** @param {ShownDecision} decision */
function whatDecided({ boundTo, unasked, summary }) {
  if (unasked !== undefined) return NOT_ASKED;
  if (boundTo === undefined) return WAITS;
  return summary === undefined ? TIE : (DECIDED[summary.code] ?? summary.code);
}
