import { type Request, type Response, Router } from 'express';
import { rawJsonBody } from '../../certs/serving/body.ts';
import { isRecord, parseJson } from '../../certs/serving/json.ts';
import type { ControlName } from './shapes.ts';

/** What a person may do to the world behind the page. A cluster offers none of it. */
export type Controls = Readonly<
  Record<ControlName, (target: string) => { readonly done: string } | { readonly problem: string }>
>;

/** A control and the name of what it is done to. */
const BODY_LIMIT_BYTES = 4096;

/** `POST /api/controls/NAME` with `{"target": "..."}`. JSON only, so that no other site's form can. */
export function controlRoutes(controls: Controls): Router {
  const router = Router();
  for (const [name, act] of Object.entries(controls)) {
    router.post(
      `/${name}`,
      rawJsonBody(BODY_LIMIT_BYTES),
      (request: Request, response: Response) => {
        const body = request.body instanceof Uint8Array ? parseJson(request.body) : undefined;
        if (!isRecord(body) || typeof body.target !== 'string') {
          response.status(400).json({ error: `send {"target": "..."} to ${name}` });
          return;
        }
        const result = act(body.target);
        if ('problem' in result) response.status(409).json({ error: result.problem });
        else response.json(result);
      },
    );
  }
  return router;
}
