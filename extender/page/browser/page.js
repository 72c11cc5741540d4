import { decisionView } from './decision-view.js';
import { byId } from './dom.js';
import { fleetView } from './fleet-view.js';
import { showHeader } from './header.js';
import { incidentsView } from './incidents-view.js';
import { jobView } from './job-view.js';
import { nodeView } from './node-view.js';
import { placementView } from './placement-view.js';
import { podView } from './pod-view.js';
import { podsView } from './pods-view.js';
import { startRouting } from './router.js';
import { state, takeIn } from './state.js';
import { clockTime } from './words.js';

/** How often the extender is asked how it is. */
const HEALTH_MS = 10_000;

const router = startRouting([
  [/^\/(?:index\.html)?$/, fleetView],
  [/^\/nodes\/([^/]+)$/, nodeView],
  [/^\/pods$/, podsView],
  [/^\/pods\/([^/]+)\/([^/]+)$/, podView],
  [/^\/jobs$/, jobView],
  [/^\/incidents$/, incidentsView],
  [/^\/placement$/, placementView],
  [/^\/decisions\/([^/]+)$/, decisionView],
]);

const stream = new EventSource('/api/live');
stream.addEventListener('message', ({ data }) => {
  const changed = takeIn(JSON.parse(data));
  if (changed.isFirst) router.show();
  else router.update(changed);
  showHeader();
});
stream.addEventListener('open', () => {
  byId('connection').textContent = '';
  void askHealth();
});
stream.addEventListener('error', () => {
  byId('connection').textContent =
    state.at === ''
      ? 'no connection yet; trying'
      : `connection lost; this is how it was at ${clockTime(state.at)}`;
});

async function askHealth() {
  try {
    const response = await fetch('/api/health');
    if (response.ok) state.health = await response.json();
    showHeader();
    router.update({ isFirst: false, nodes: [], pods: false, decisions: false, entries: false });
  } catch {
    // The stream says that the connection is lost.
  }
}
setInterval(() => {
  if (document.visibilityState === 'visible') void askHealth();
}, HEALTH_MS);
