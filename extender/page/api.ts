import express, { type Express } from 'express';
import type { Decision, DecisionRecord } from '../decisions/record.ts';
import { forecastInWords, incidentInWords, reasonsOf } from '../forecast/explain.ts';
import type { Forecast } from '../forecast/loss.ts';
import type { View } from '../prioritize.ts';

export interface PageDeps {
  readonly decisions: DecisionRecord;
  readonly view: () => View;
}

/** What the extender knows, as JSON: `/api/decisions` and `/api/nodes`. Loopback only. */
export function pageApp({ decisions, view }: PageDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  app.set('json spaces', 2);

  app.get('/api/decisions', (_request, response) => {
    response.json({ decisions: decisions.latest().map(shownDecision) });
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
