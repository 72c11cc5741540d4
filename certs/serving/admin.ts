import express, { type Express } from 'express';
import type { Registry } from 'prom-client';

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
 * and says which check fails; the format is the API server's own verbose one.
 */
export function adminApp(registry: Registry, checks: readonly ReadinessCheck[]): Express {
  const app = express().disable('x-powered-by').disable('etag');

  app.get('/livez', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });

  app.get('/readyz', (_request, response) => {
    const results = checks.map(({ name, missing, remark }) => ({
      name,
      reason: missing(),
      but: remark?.(),
    }));
    const ready = results.every(({ reason }) => reason === undefined);
    const lines = results.map(({ name, reason, but }) => {
      if (reason !== undefined) return `[-]${name} failed: ${reason}`;
      return but === undefined ? `[+]${name} ok` : `[+]${name} ok, but ${but}`;
    });
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(`${[...lines, ready ? 'ready' : 'not ready'].join('\n')}\n`);
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
