import { byId, el, showKeyed } from './dom.js';
import { state } from './state.js';
import { clockTime, counted, spanInWords } from './words.js';

/**
 * @typedef {import('../shapes.ts').ShownDecision} ShownDecision
 * @typedef {import('../shapes.ts').ShownForecast} ShownForecast
 */

const SHOWN = 12;

/** What the colours of the bars mean. */
export function showLegend() {
  byId('terms').replaceChildren(
    ...state.terms.map(({ title, color }) => el('li', '', bar(color), title)),
  );
}

/** The latest decisions with their bars of seconds, newest first. */
export function showDecisions() {
  showKeyed(
    byId('decisions'),
    [...state.decisions.values()].slice(-SHOWN).reverse(),
    ({ pod }) => pod.uid,
    () => el('li', ''),
    showDecision,
  );
}

/**
 * @param {HTMLElement} item
 * @param {ShownDecision} decision
 */
function showDecision(item, decision) {
  const { at, boundTo, pod, asked, mode, forecasts, unasked, remarks } = decision;
  const version = `${at} ${boundTo} ${remarks.length}`;
  if (item.dataset.version === version) return;
  item.dataset.version = version;
  item.dataset.pod = `${pod.namespace}/${pod.name}`;
  const where = boundTo === undefined ? 'not bound yet' : `to ${boundTo}`;
  const told = mode === 'act' ? '' : '; observing, so the scheduler was told nothing';
  const most = Math.max(...forecasts.map(({ lossSeconds }) => lossSeconds), 1);
  item.replaceChildren(
    el('time', '', clockTime(at)),
    ' ',
    el('b', '', `${pod.namespace}/${pod.name}`),
    ` ${where} `,
    el(
      'span',
      'quiet',
      unasked === undefined ? `of ${counted(asked, 'node')}${told}` : `not asked: ${unasked.words}`,
    ),
    ...remarks.map(({ words }) => el('div', 'quiet', words)),
    ...forecasts.map((forecast) => forecastRow(forecast, most, forecast.node === boundTo)),
  );
}

/**
 * @param {ShownForecast} forecast
 * @param {number} mostSeconds
 * @param {boolean} isChosen
 */
function forecastRow(forecast, mostSeconds, isChosen) {
  const bars = el('span', 'bar');
  bars.ariaHidden = 'true';
  for (const { name, color } of state.terms) {
    const part = bar(color);
    part.dataset.term = name;
    part.style.width = `${(100 * (forecast.seconds[name] ?? 0)) / mostSeconds}%`;
    bars.append(part);
  }
  const [, reasons = ''] = forecast.words.split(/^[^:]*: /);
  return el(
    'div',
    isChosen ? 'forecast chosen' : 'forecast',
    el('span', '', `${isChosen ? '→ ' : ''}${forecast.node}`),
    bars,
    el('span', 'words', reasons === '' ? spanInWords(forecast.lossSeconds) : reasons),
  );
}

/** @param {string} color */
function bar(color) {
  const part = el('i', 'term');
  part.style.setProperty('--term', color);
  return part;
}
