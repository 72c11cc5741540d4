import express, { type Express } from 'express';
import type { Decision, DecisionRecord } from '../decisions/record.ts';
import { forecastInWords, incidentInWords, reasonsOf } from '../forecast/explain.ts';
import type { Forecast } from '../forecast/loss.ts';
import type { View } from '../prioritize.ts';

/** Decisions shown at once, unless asked otherwise; writing more would hold up the scheduler. */
const SHOWN = 50;
const MOST_SHOWN = 500;

export interface PageDeps {
  readonly decisions: DecisionRecord;
  readonly view: () => View;
}

/** What the extender knows, as JSON: `/api/decisions[?limit=N]` and `/api/nodes`. Loopback only. */
export function pageApp({ decisions, view }: PageDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  app.set('json spaces', 2);

  app.get('/api/decisions', (request, response) => {
    const limit = limitOf(request.query.limit);
    if (limit === undefined) {
      response.status(400).json({
        error: `limit: ${JSON.stringify(request.query.limit)} is not a whole number from 1 to ${MOST_SHOWN}`,
      });
      return;
    }
    response.json({ decisions: decisions.latest(limit).map(shownDecision) });
  });
  app.get('/api/nodes', (_request, response) => {
    response.json({ nodes: shownNodes(view()) });
  });
  app.use((request, response) => {
    response.status(404).json({
      error: `nothing is served at ${request.path}; this port has /api/decisions and /api/nodes`,
    });
  });
  return app;
}

function limitOf(text: unknown): number | undefined {
  if (text === undefined) return SHOWN;
  if (typeof text !== 'string' || !/^\d{1,4}$/.test(text)) return undefined;
  const limit = Number(text);
  return limit >= 1 && limit <= MOST_SHOWN ? limit : undefined;
}

function shownDecision(decision: Decision): object {
  const { forecasts, atSeconds, levels, bound, remarks, ...rest } = decision;
  const scores = new Map(levels.map(({ node, score }) => [node, score]));
  return {
    ...rest,
    at: new Date(atSeconds * 1000).toISOString(),
    ...(bound !== undefined && { boundTo: bound.node }),
    remarks,
    answer: levels,
    forecasts: forecasts.map((forecast) => ({
      ...shownForecast(forecast, atSeconds),
      ...(scores.has(forecast.candidate.node) && { score: scores.get(forecast.candidate.node) }),
    })),
  };
}

function shownForecast(forecast: Forecast, atSeconds: number): object {
  const { candidate, ...seconds } = forecast;
  return {
    node: candidate.node,
    ...seconds,
    words: forecastInWords(forecast, atSeconds),
    reasons: reasonsOf(forecast, atSeconds),
  };
}

function shownNodes({ cluster, store, homes, nowSeconds }: View): readonly object[] {
  return [...cluster.nodes()].map((node) => ({
    node: node.name,
    host: node.host,
    devices: Object.fromEntries(node.devices),
    images: [...node.images.keys()],
    incidents: store.get(node.host).incidents.map((incident) => ({
      ...incident,
      words: incidentInWords(incident, nowSeconds),
    })),
    homeOf: homes.on(node.name, nowSeconds).map(({ slot, cause }) => ({ slot: slot.key, cause })),
  }));
}
