import express, { type Express } from 'express';
import type { Registry } from 'prom-client';
import { type Readiness, readinessText } from './readiness.ts';

/** One thing a program needs before it can serve. */
export interface ReadinessCheck {
  readonly name: string;
  /** What is missing, in words; `undefined` when nothing is. */
  readonly missing: () => string | undefined;
  /** What is not as it should be though nothing is missing, in words. */
  readonly remark?: () => string | undefined;
}

/**
 * `/livez`, `/readyz` and `/metrics`. Ready means "has what it needs", not "the process is up",
 * and says which check fails, as text or with `?output=json`.
 */
export function adminApp(registry: Registry, checks: readonly ReadinessCheck[]): Express {
  const app = express().disable('x-powered-by').disable('etag');

  app.get('/livez', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });

  app.get('/readyz', ({ query }, response) => {
    const readiness = readinessOf(checks);
    response.status(readiness.isReady ? 200 : 503);
    if (query.output === 'json') response.json(readiness);
    else response.type('text/plain').send(readinessText(readiness));
  });

  let gathering: Promise<string> | undefined;
  app.get('/metrics', async (_request, response) => {
    // Whoever asks meanwhile is given the same: gathering takes milliseconds, and the port is open to many.
    gathering ??= registry.metrics().finally(() => {
      gathering = undefined;
    });
    response.type(registry.contentType).send(await gathering);
  });

  app.use((request, response) => {
    response.status(404).json({
      error: `nothing is served at ${request.path}; this port has /livez, /readyz and /metrics`,
    });
  });
  return app;
}

function readinessOf(checks: readonly ReadinessCheck[]): Readiness {
  const results = checks.map(({ name, missing, remark }) => {
    const reason = missing();
    const words = reason ?? remark?.();
    return { name, isOk: reason === undefined, ...(words !== undefined && { words }) };
  });
  return { isReady: results.every(({ isOk }) => isOk), checks: results };
}
