import { el, jobLink, nodeLink, podLink } from './dom.js';
import { state } from './state.js';
import { counted, momentInWords, spanInWords } from './words.js';

/**
 * @typedef {import('../shapes.ts').ShownDecision} ShownDecision
 * @typedef {import('../shapes.ts').ShownForecast} ShownForecast
 */

/**
 * What the colours of the bars mean; of the terms only those that cost anything here.
 * @param {readonly ShownForecast[]} forecasts
 */
function termLegend(forecasts) {
  const used = state.terms.filter(({ name }) =>
    forecasts.some(({ seconds }) => (seconds[name] ?? 0) > 0),
  );
  const list = el(
    'ul',
    'legend',
    ...used.map(({ title, color }) => el('li', '', bar(color), title)),
  );
  list.append(el('li', '', 'pale: the part that every node costs it'));
  list.ariaLabel = 'What the bars mean';
  return list;
}

/**
 * A decision in full: the node that was chosen, the one before, and all others, equal ones in one row. What differs
 * between nodes is drawn full, what all of them cost the pod is pale.
 * @param {ShownDecision} decision
 */
export function decisionInFull(decision) {
  const { at, boundTo, pod, asked, mode, forecasts, unasked, remarks, summary, job } = decision;
  const where = boundTo === undefined ? ['is not bound yet'] : ['is on ', nodeLink(boundTo)];
  const told = mode === 'act' ? '' : '; observing, so the scheduler was told nothing';
  const rows = folded(forecasts, boundTo);
  const most = Math.max(...forecasts.map(({ lossSeconds }) => lossSeconds), 1);
  const common = leastOfEach(forecasts);
  const unseen = asked - forecasts.length;
  return el(
    'article',
    'decision',
    el(
      'p',
      '',
      podLink(`${pod.namespace}/${pod.name}`),
      ' ',
      ...where,
      ...(job === undefined ? [] : ['; of ', jobLink(job)]),
      el('span', 'quiet', `; ${momentInWords(at, state.at)}`),
    ),
    ...(summary === undefined ? [] : [el('p', 'why', capital(summary.words))]),
    ...remarks.map(({ words }) => el('p', '', `${capital(words)}.`)),
    el(
      'p',
      'quiet',
      unasked === undefined
        ? `The scheduler asked about ${counted(asked, 'node')} and had ruled out all others itself${told}. What the pod can expect to lose there:`
        : `Not asked: ${unasked.words}.`,
    ),
    ...(forecasts.length === 0 ? [] : [termLegend(forecasts)]),
    el(
      'div',
      'forecasts',
      ...rows.map((row) => forecastRow(row, most, common)),
      ...(hasEquals(rows)
        ? [
            el(
              'p',
              'quiet',
              'Among nodes that cost it the same, other rules of the scheduler decide.',
            ),
          ]
        : []),
      ...(unseen > 0 && forecasts.length > 0
        ? [el('p', 'quiet', `and ${counted(unseen, 'node')} more, between the best and the worst`)]
        : []),
    ),
  );
}

/**
 * Nodes of one loss, for one reason.
 * @typedef {object} Row
 * @property {readonly ShownForecast[]} same
 * @property {boolean} isChosen
 * @property {boolean} isHome
 */

/**
 * The chosen node first, then the one before, then the others as they come, equal ones together.
 * @param {readonly ShownForecast[]} forecasts
 * @param {string | undefined} boundTo
 * @returns {readonly Row[]}
 */
function folded(forecasts, boundTo) {
  const rows = forecasts.map((forecast) => ({
    same: [forecast],
    isChosen: forecast.node === boundTo,
    isHome: forecast.reasons.some(({ code }) => code === 'Home'),
  }));
  const own = rows.filter(({ isChosen, isHome }) => isChosen || isHome);
  const others = rows.filter((row) => !own.includes(row)).flatMap(({ same }) => same);
  const groups = Map.groupBy(
    others,
    (forecast) => `${spanInWords(forecast.lossSeconds)} ${reasonsOf(forecast)}`,
  );
  return [
    ...own.sort((a, b) => Number(b.isChosen) - Number(a.isChosen)),
    ...[...groups.values()].map((same) => ({ same, isChosen: false, isHome: false })),
  ];
}

/**
 * Whether other nodes cost the pod as much as the one that was chosen.
 * @param {readonly Row[]} rows
 */
function hasEquals(rows) {
  const [chosen, ...others] = rows.map(({ same }) => spanInWords(same[0]?.lossSeconds ?? 0));
  return rows[0]?.isChosen === true && others.some((one) => one === chosen);
}

/**
 * @param {Row} row
 * @param {number} mostSeconds
 * @param {Readonly<Record<string, number>>} common
 */
function forecastRow({ same, isChosen, isHome }, mostSeconds, common) {
  const [forecast] = same;
  if (forecast === undefined) return el('div', '');
  const bars = el('span', 'bar');
  bars.ariaHidden = 'true';
  for (const { name, color } of state.terms) {
    const seconds = forecast.seconds[name] ?? 0;
    const shared = Math.max(0, Math.min(seconds, common[name] ?? 0));
    for (const [part, look] of /** @type {const} */ ([
      [seconds - shared, 'term'],
      [shared, 'term common'],
    ])) {
      if (part <= 0) continue;
      const piece = bar(color);
      piece.className = look;
      piece.dataset.term = name;
      piece.style.width = `${(100 * part) / mostSeconds}%`;
      bars.append(piece);
    }
  }
  const rest = same.length - 1;
  const marks = [...(isChosen ? ['chosen'] : []), ...(isHome ? ['its own node'] : [])];
  return el(
    'div',
    isChosen ? 'forecast chosen' : 'forecast',
    el(
      'span',
      'node-name',
      nodeLink(forecast.node),
      ...(rest === 0 ? [] : [othersOf(same)]),
      ...marks.map((one) => el('span', 'tag', one)),
    ),
    bars,
    el('b', 'seconds', spanInWords(forecast.lossSeconds)),
    el('span', 'words', reasonsOf(forecast)),
  );
}

/**
 * The other nodes of a row, named when one asks.
 * @param {readonly ShownForecast[]} same
 */
function othersOf([, ...others]) {
  return el(
    'details',
    'others',
    el('summary', '', `and ${others.length} more`),
    ...others.flatMap(({ node }) => [nodeLink(node), ' ']),
  );
}

/**
 * What the seconds are made of: `240 s pulling 11.2 GiB + 72 s risk`. By its parts: the sentence has names in it that
 * tenants choose.
 * @param {ShownForecast} forecast
 */
function reasonsOf({ reasons }) {
  return reasons.map(({ words }) => words).join('; ');
}

/**
 * Of each term what every node costs the pod.
 * @param {readonly ShownForecast[]} forecasts
 * @returns {Readonly<Record<string, number>>}
 */
function leastOfEach(forecasts) {
  return Object.fromEntries(
    state.terms.map(({ name }) => [
      name,
      Math.min(...forecasts.map(({ seconds }) => seconds[name] ?? 0)),
    ]),
  );
}

/** @param {string} color */
function bar(color) {
  const part = el('i', 'term');
  part.style.setProperty('--term', color);
  return part;
}

/** @param {string} words */
function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
