import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import { rawJsonBody, sayInJson } from '../certs/serving/body.ts';
import { type Admission, decide, injectionsInWords } from './decide.ts';
import type { AdmissionMetrics, AdmissionResult } from './metrics.ts';
import { patchFor } from './patch.ts';
import { type AdmissionRequest, allowed, declineWarning, parseReview, patched } from './review.ts';
import { type Mode, modeIn } from './words/mode.ts';
import type { DeviceProfile } from './words/profile.ts';
import type { Reason } from './words/reason.ts';

/**
 * The API server takes requests of up to 3 MiB (etcd's limit of 1.5 MiB, doubled for JSON), and a
 * review may hold the object twice, old and new, plus the envelope: 7 MiB, as controller-runtime
 * derives it in pkg/webhook/admission/http.go.
 */
export const BODY_LIMIT_BYTES = 7 * 1024 * 1024;

export interface WebhookSettings {
  readonly profiles: readonly DeviceProfile[];
  readonly mode: Mode;
  readonly namespaces: Readonly<Record<string, Mode>>;
}

export interface WebhookDeps {
  /** The settings in force at this moment. */
  readonly settings: () => WebhookSettings;
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
}

/**
 * `POST /mutate` for namespaces labelled `enabled` and for annotated pods; `POST /mutate/observe`
 * for namespaces labelled `observe`. The label is not in the review, so the path carries it.
 */
export function webhookApp(deps: WebhookDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  const body = rawJsonBody(BODY_LIMIT_BYTES);
  app.post('/mutate', body, mutateHandler(deps, 'act'));
  app.post('/mutate/observe', body, mutateHandler(deps, 'observe'));
  app.use((request: Request, response: Response) => {
    response.status(404).json({
      error: `nothing is served at ${request.method} ${request.path}; post AdmissionReviews to /mutate`,
    });
  });
  app.use(sayInJson(BODY_LIMIT_BYTES));
  return app;
}

function mutateHandler({ settings, metrics, log }: WebhookDeps, most: Mode) {
  return function mutate(request: Request, response: Response): void {
    const done = metrics.begin();
    const parsed = parseReview(
      request.body instanceof Uint8Array ? request.body : new Uint8Array(),
    );
    if (!parsed.ok) {
      done('malformed');
      response.status(400).json({ error: parsed.problem });
      return;
    }
    const { result, text, words } = answerFor(parsed.request, settings(), most, log);
    if (result === 'observed') log.info({ pod: podName(parsed.request) }, words);
    done(result);
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  };
}

interface Answer {
  readonly result: AdmissionResult;
  readonly text: string;
  /** What was decided, for people. */
  readonly words: string;
}

function answerFor(
  request: AdmissionRequest,
  settings: WebhookSettings,
  most: Mode,
  log: Logger,
): Answer {
  if (request.what !== 'pods CREATE') {
    return leave(
      request,
      declinedBecause('NotAPodCreate', `asked about ${request.what}, acts on pods CREATE only`),
    );
  }
  if (request.pod === undefined) {
    return leave(
      request,
      declinedBecause('UnreadablePod', 'the object has not the shape of a pod'),
    );
  }
  const mode = most === 'observe' ? 'observe' : modeIn(request.namespace, settings);
  try {
    const admission = decide(request.pod, settings.profiles, mode);
    const operations = patchFor(request.pod, admission);
    if ('code' in operations) {
      return leave(request, { ...admission, declined: [operations], worthAWarning: true });
    }
    if (operations.length === 0) return leave(request, admission);
    const words = injectionsInWords(admission.injections).join('; ');
    return {
      result: 'injected',
      words,
      text: patched(request.uid, operations, {
        audit: { injected: `profile ${admission.profile}: ${words || 'marked only'}` },
      }),
    };
  } catch (error) {
    // A pod that we cannot judge is a pod that we leave alone: a failure of ours is never theirs.
    log.error({ err: error, uid: request.uid }, 'could not decide; the pod is left as it is');
    const reason = 'Surefoot failed on it; its log has the details';
    return { ...leave(request, declinedBecause('UnreadablePod', reason, true)), result: 'failed' };
  }
}

function leave({ uid }: AdmissionRequest, { declined, worthAWarning }: Admission): Answer {
  const observed = declined.some(({ code }) => code === 'ObserveOnly');
  const words = reasonsInWords(declined);
  return {
    result: observed ? 'observed' : 'declined',
    words,
    text: allowed(uid, {
      warnings: worthAWarning ? [declineWarning(declined)] : [],
      audit: { [observed ? 'observed' : 'declined']: words },
    }),
  };
}

function declinedBecause(code: Reason['code'], words: string, worthAWarning = false): Admission {
  return { injections: [], declined: [{ code, words }], worthAWarning };
}

function reasonsInWords(reasons: readonly Reason[]): string {
  return reasons.map(({ code, words }) => `${code}: ${words}`).join('; ');
}

/** A pod of a controller has no name yet at its creation, only the beginning of one. */
function podName({ namespace, pod }: AdmissionRequest): string {
  return `${namespace}/${pod?.metadata.name ?? pod?.metadata.generateName ?? ''}`;
}
