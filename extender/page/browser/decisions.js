import { byId, el, showKeyed } from './dom.js';
import { state } from './state.js';
import { clockTime, counted, spanInWords } from './words.js';

/**
 * @typedef {import('../shapes.ts').ShownDecision} ShownDecision
 * @typedef {import('../shapes.ts').ShownForecast} ShownForecast
 */

const SHOWN = 12;
/** @type {readonly (readonly [string, keyof ShownForecast & `${string}Seconds`])[]} */
const TERMS = [
  ['pull', 'pullSeconds'],
  ['cold', 'coldSeconds'],
  ['risk', 'riskSeconds'],
  ['displaced', 'displacedSeconds'],
];

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
  const { at, boundTo, pod, asked, mode, forecasts, unasked } = decision;
  const version = `${at} ${boundTo}`;
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
    ...forecasts.map((forecast) => forecastRow(forecast, most, forecast.node === boundTo)),
  );
}

/**
 * @param {ShownForecast} forecast
 * @param {number} mostSeconds
 * @param {boolean} isChosen
 */
function forecastRow(forecast, mostSeconds, isChosen) {
  const bar = el('span', 'bar');
  bar.ariaHidden = 'true';
  for (const [look, term] of TERMS) {
    const part = el('i', `term ${look}`);
    part.style.width = `${(100 * forecast[term]) / mostSeconds}%`;
    bar.append(part);
  }
  const [, reasons = ''] = forecast.words.split(/^[^:]*: /);
  return el(
    'div',
    isChosen ? 'forecast chosen' : 'forecast',
    el('span', '', `${isChosen ? '→ ' : ''}${forecast.node}`),
    bar,
    el('span', 'words', reasons === '' ? spanInWords(forecast.lossSeconds) : reasons),
  );
}
