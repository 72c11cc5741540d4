import express, { type Express } from 'express';
import type { GatesWord } from '../../webhook/words/gates-word.ts';

/** `GET /gates`: whether this replica can lift the gate of a pod that is created now. */
export function gatesApp(cannot: () => string | undefined, now: () => Date): Express {
  const app = express().disable('x-powered-by').disable('etag');
  app.get('/gates', (_request, response) => {
    const why = cannot();
    const word: GatesWord = {
      canLift: why === undefined,
      asOf: now().toISOString(),
      ...(why !== undefined && { why }),
    };
    response.json(word);
  });
  app.use((request, response) => {
    response.status(404).json({ error: `nothing is served at ${request.path}; ask for /gates` });
  });
  return app;
}
