import { extname } from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import { jsonErrorHandler } from '../../certs/serving/body.ts';
import { embeddedAsset, embeddedAssetsIn } from '../../certs/serving/embedded-assets.ts';
import { durationSeconds } from '../../webhook/words/duration.ts';
import { inTurns } from '../bounds/in-turns.ts';
import { type Decision, type DecisionRecord, MOST_DECISIONS } from '../decisions/record.ts';
import { timeOf } from '../facts/timestamp.ts';
import { LOSS_TERMS, type LossTerm } from '../forecast/loss-terms.ts';
import type { HostHistory } from '../history/host-history.ts';
import type { PlacementDay } from '../savings/placement-sums.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type Controls, controlRoutes } from './controls.ts';
import { shownDrains } from './drain-list.ts';
import { hostIncidents, latestFirst } from './incident-list.ts';
import type { LiveFeed } from './live.ts';
import { byWorst, nodeSummary } from './node-summary.ts';
import { podsFound, shownJob } from './pod-lists.ts';
import { sendList } from './send-list.ts';
import type {
  ShownAbout,
  ShownHealth,
  ShownNodes,
  ShownPlacements,
  ShownPrepared,
  ShownSignals,
  StoredForm,
} from './shapes.ts';
import { shownDecision, shownHazard, shownNode, shownTerms } from './shown.ts';

/** Decisions shown at once, unless asked otherwise; writing more would hold up the scheduler. */
const SHOWN = 50;
const MOST_SHOWN = 500;
const BODY_LIMIT_BYTES = 4096;
const BROWSER = 'extender/page/browser';
/** Where the page is served: which of its views is shown, it reads from its address. */
const VIEWS = [
  '/',
  '/index.html',
  '/nodes/:name',
  '/pods',
  '/pods/:namespace/:name',
  '/jobs',
  '/incidents',
  '/placement',
  '/decisions/:uid',
];
/** The library that draws what goes over time. */
const CHARTS = {
  '/uplot.js': 'node_modules/uplot/dist/uPlot.iife.min.js',
  '/uplot.css': 'node_modules/uplot/dist/uPlot.min.css',
};

/** Nothing but our own files, no frame around it, no name leaked by a link. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export interface PageDeps {
  readonly signals: () => ShownSignals;
  readonly about: () => Promise<ShownAbout>;
  readonly health: () => Promise<ShownHealth>;
  /** What the cluster is called; `undefined` where nobody has said it. */
  readonly cluster: () => string | undefined;
  /** What placements came to, the oldest day first. */
  readonly placements: () => readonly PlacementDay[];
  /** A history in the form in which it is stored. */
  readonly storedForm: (history: HostHistory) => StoredForm;
  readonly decisions: DecisionRecord;
  readonly snapshot: () => Snapshot;
  readonly live: LiveFeed;
  /** What the webhook wrote on a pod, `NAMESPACE/NAME`; `undefined` where nothing, or where nobody tells. */
  readonly wroteOn: (pod: string) => Promise<ShownPrepared | undefined>;
  /** Default: those of Surefoot. */
  readonly terms?: readonly LossTerm[];
  readonly controls?: Controls;
}

/**
 * The page, and what the extender knows as JSON: `/api/decisions[?limit=N][&pod=NAMESPACE/NAME][&uid=UID]`,
 * `/api/fleet` with a line a node, `/api/nodes[?node=NAME]`, `/api/pods[?search=TEXT|?pod=NAMESPACE/NAME[&prepared=true]]`,
 * `/api/jobs?job=NAMESPACE/KIND/NAME`, `/api/incidents[?since=7d][&open=true]`, `/api/histories`, `/api/signals`,
 * `/api/about`, `/api/health`, `/api/placements`,
 * `/api/drain-order[?takes=15m][&stays=30d][&all=true]`, and `/api/live`, a stream of changes. Loopback only.
 */
export function pageApp(deps: PageDeps): Express {
  const {
    signals,
    about,
    health,
    cluster,
    placements,
    storedForm,
    decisions,
    snapshot,
    live,
    wroteOn,
    controls,
    terms = LOSS_TERMS,
  } = deps;
  const app = express().disable('x-powered-by').disable('etag');
  app.set('json spaces', 2);
  app.use(requireAddress, refuseOtherSites, setHeaders);

  app.get('/api/decisions', async (request, response) => {
    const limit = limitOf(request.query.limit);
    if (limit === undefined) {
      response.status(400).json({
        error: `limit: ${JSON.stringify(request.query.limit)} is not a whole number from 1 to ${MOST_SHOWN}`,
      });
      return;
    }
    const { pod } = request.query;
    const isWanted = ({ pod: { namespace, name, uid } }: Decision) =>
      (pod === undefined || `${namespace}/${name}` === pod) &&
      (request.query.uid === undefined || uid === request.query.uid);
    const isAny = pod === undefined && request.query.uid === undefined;
    const latest = decisions
      .latest(isAny ? limit : MOST_DECISIONS)
      .filter(isWanted)
      .slice(0, limit);
    const head = { at: timeOf(snapshot().nowSeconds), terms: shownTerms(terms) };
    await sendList(response, head, 'decisions', latest, (one) => shownDecision(one));
  });
  app.get('/api/nodes', async (request, response) => {
    const now = snapshot();
    const { node: name } = request.query;
    const at = timeOf(now.nowSeconds);
    if (name === undefined) {
      await sendList(response, { at }, 'nodes', now.cluster.nodes(), (one) => shownNode(one, now));
      return;
    }
    const one = now.cluster.node(String(name));
    const wanted = one === undefined ? [] : [one];
    const shown: ShownNodes = {
      at,
      nodes: wanted.map((node) => shownNode(node, now)),
      summaries: wanted.map((node) => nodeSummary(node, now)),
      hazard: one === undefined ? [] : await shownHazard(one, now),
    };
    response.json(shown);
  });
  app.get('/api/fleet', async (_request, response) => {
    const now = snapshot();
    const nodes = await inTurns(now.cluster.nodes(), (node) => nodeSummary(node, now));
    const at = timeOf(now.nowSeconds);
    await sendList(response, { at }, 'nodes', nodes.sort(byWorst), (node) => node);
  });
  app.get('/api/incidents', async (request, response) => {
    const { since = '7d', open } = request.query;
    const sinceSeconds = secondsIn(since);
    if (sinceSeconds === undefined) {
      response.status(400).json({
        error: `since: ${JSON.stringify(since)} is not a duration; write one such as 7d or 12h`,
      });
      return;
    }
    const now = snapshot();
    const filter = { sinceSeconds: now.nowSeconds - sinceSeconds, onlyOpen: open === 'true' };
    const { cluster, store, nowSeconds } = now;
    const ofHosts = await inTurns(store.all(), (history) => {
      const node = cluster.onHost(history.host)?.name ?? history.node;
      return hostIncidents(history, node, filter, nowSeconds);
    });
    const at = timeOf(nowSeconds);
    await sendList(response, { at }, 'incidents', latestFirst(ofHosts.flat()), (one) => one);
  });
  app.get('/api/histories', async (_request, response) => {
    const { store, nowSeconds } = snapshot();
    const name = cluster();
    const head = {
      at: timeOf(nowSeconds),
      ...(name !== undefined && { cluster: name }),
      placements: placements(),
    };
    await sendList(response, head, 'histories', store.all(), storedForm);
  });
  app.get('/api/pods', async (request, response) => {
    const { search = '', pod, prepared } = request.query;
    if (typeof search !== 'string' || (pod !== undefined && typeof pod !== 'string')) {
      response.status(400).json({ error: 'search, pod: give one text, such as search=gpu-1' });
      return;
    }
    const found = await podsFound({ search, pod }, snapshot());
    const isAsked = prepared === 'true' && pod !== undefined && found.count === 1;
    const written = isAsked ? await wroteOn(pod) : undefined;
    response.json(written === undefined ? found : { ...found, prepared: written });
  });
  app.get('/api/jobs', async (request, response) => {
    const { job } = request.query;
    if (typeof job !== 'string') {
      response.status(400).json({ error: 'job: name one as NAMESPACE/KIND/NAME' });
      return;
    }
    response.json(await shownJob(job, snapshot()));
  });
  app.get('/api/drain-order', async (request, response) => {
    const { takes = '15m', stays = '30d', all } = request.query;
    const takesSeconds = secondsIn(takes);
    const staysSeconds = secondsIn(stays);
    if (takesSeconds === undefined || staysSeconds === undefined) {
      response.status(400).json({ error: 'takes, stays: give durations, such as 15m and 30d' });
      return;
    }
    const terms = { takesSeconds, staysSeconds };
    const { nodes, ...head } = await shownDrains(terms, { onlyBroken: all !== 'true' }, snapshot());
    await sendList(response, head, 'nodes', nodes, (one) => one);
  });
  app.get('/api/about', async (_request, response) => {
    response.json(await about());
  });
  app.get('/api/health', async (_request, response) => {
    response.json(await health());
  });
  app.get('/api/placements', (_request, response) => {
    const shown: ShownPlacements = { at: timeOf(snapshot().nowSeconds), days: placements() };
    response.json(shown);
  });
  app.get('/api/signals', (_request, response) => {
    response.json(signals());
  });
  app.get('/api/live', (request, response) => live.watch(request, response));
  if (controls !== undefined) app.use('/api/controls', controlRoutes(controls));
  for (const name of embeddedAssetsIn(BROWSER)) {
    const path = name === 'index.html' ? VIEWS : `/${name}`;
    app.get(path, (_request, response) => {
      response.type(extname(name)).send(embeddedAsset(`${BROWSER}/${name}`));
    });
  }
  for (const [path, asset] of Object.entries(CHARTS)) {
    app.get(path, (_request, response) => {
      response.type(extname(path)).send(embeddedAsset(asset));
    });
  }
  app.use((request, response) => {
    response.status(404).json({
      error: `nothing is served at ${request.path}; this port has the page at /, /api/about, /api/fleet, /api/nodes, /api/pods, /api/jobs, /api/incidents, /api/histories, /api/decisions, /api/health, /api/placements, /api/drain-order, /api/signals and /api/live`,
    });
  });
  app.use(jsonErrorHandler(BODY_LIMIT_BYTES));
  return app;
}

/**
 * Only by address or as localhost: a foreign site whose name is made to point here (DNS rebinding)
 * would otherwise be let in by the browser.
 */
const requireAddress: RequestHandler = function requireAddress(request, response, next) {
  const host = request.headers.host ?? '';
  if (/^(localhost|\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])(:\d+)?$/i.test(host)) return next();
  response.status(403).json({
    error: `this port answers to an address or localhost, not to "${host}"; open http://127.0.0.1 with its port`,
  });
};

/** Another site's page may lead here by a link, and ask for nothing: it could take all places of the stream. */
const refuseOtherSites: RequestHandler = function refuseOtherSites(request, response, next) {
  const site = request.headers['sec-fetch-site'];
  const isOurs = site === undefined || site === 'same-origin' || site === 'none';
  const isLink = request.headers['sec-fetch-mode'] === 'navigate';
  if (isOurs || (isLink && !request.path.startsWith('/api/'))) return next();
  response.status(403).json({
    error: 'another site has asked; open the address of this page itself',
  });
};

const setHeaders: RequestHandler = function setHeaders(_request, response, next) {
  response.set(HEADERS);
  next();
};

function secondsIn(text: unknown): number | undefined {
  return typeof text === 'string' ? durationSeconds(text) : undefined;
}

function limitOf(text: unknown): number | undefined {
  if (text === undefined) return SHOWN;
  if (typeof text !== 'string' || !/^\d{1,4}$/.test(text)) return undefined;
  const limit = Number(text);
  return limit >= 1 && limit <= MOST_SHOWN ? limit : undefined;
}
