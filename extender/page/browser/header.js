import { byId } from './dom.js';
import { state } from './state.js';
import { agoInWords, clockTime, counted, dateInWords, zoneName } from './words.js';

/** One line of state: whether Surefoot is well, in which mode, of which version, and as of when. */
export function showHeader() {
  const name = state.cluster === '' ? 'Surefoot' : `Surefoot on ${state.cluster}`;
  // Whoever has several clusters has several tabs.
  if (byId('name').textContent !== name) {
    byId('name').textContent = name;
    document.title = [document.title.split(' · ').slice(0, -1).join(' · '), name]
      .filter(Boolean)
      .join(' · ');
  }
  // Written once: whoever has it read aloud should hear it once.
  write('alarm', alarmOf());
  write('summary', summaryOf());
  const banner = byId('banner');
  banner.hidden = state.simulatedSpeed === undefined;
  if (state.simulatedSpeed !== undefined) {
    const now = state.caption === undefined ? '' : ` Now: ${state.caption}`;
    write('banner', `Simulated fleet at ${state.simulatedSpeed} × real time.${now}`);
  }
}

function alarmOf() {
  const problems = (state.health?.problems ?? []).filter((one) => one !== state.alarm);
  return [state.alarm, ...problems].filter((one) => one !== undefined).join('; ');
}

function summaryOf() {
  const { health, pending, nodes, nodesToCome } = state;
  const mode =
    state.mode === 'act'
      ? 'mode act'
      : 'mode observe: everything is recorded and nothing is changed';
  const waiting = pending.count === 0 ? '' : `, ${counted(pending.count, 'pod')} waiting`;
  const clock = state.simulatedSpeed === undefined ? zoneName() : 'the fleet’s clock';
  const loading =
    nodes.size < nodesToCome
      ? ` (${nodes.size.toLocaleString('en')} of ${counted(nodesToCome, 'node')} here)`
      : '';
  return [
    `${health === undefined ? '' : `${health.version}, `}${mode}`,
    ...(health === undefined ? [] : [questionOf(health)]),
    ...(health?.certificateEndsAt === undefined
      ? []
      : [`certificate until ${dateInWords(health.certificateEndsAt)}`]),
    ...(health?.leads === false ? ['another replica keeps the history'] : []),
    `as of ${clockTime(state.at)} (${clock})${waiting}${loading}`,
  ].join(' · ');
}

/** @param {import('../shapes.ts').ShownHealth} health */
function questionOf({ question, at }) {
  if (question === undefined) return 'no scheduler has asked yet';
  return `last asked by ${question.scheduler} ${agoInWords(question.at, at)}`;
}

/**
 * @param {string} id
 * @param {string} text
 */
function write(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}
