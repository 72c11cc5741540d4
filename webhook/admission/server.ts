import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { jsonErrorHandler, rawJsonBody } from '../../certs/serving/body.ts';
import type { AdmissionMetrics, AnsweredResult } from '../metrics.ts';
import type { WebhookSettings } from '../settings.ts';
import type { Job } from '../words/job.ts';
import { type Mode, modeIn } from '../words/mode.ts';
import type { Pod } from '../words/pod.ts';
import type { Reason } from '../words/reason.ts';
import {
  type Admission,
  type Circumstances,
  decide,
  decideJob,
  injectionsInWords,
  pricesOf,
} from './decide.ts';
import { patchFor } from './patch.ts';
import {
  type AdmissionRequest,
  allowed,
  declineWarning,
  LARGEST_OBJECT_BYTES,
  parseReview,
  patched,
  warning,
} from './review.ts';

/**
 * The API server takes requests of up to 3 MiB (etcd's limit of 1.5 MiB, doubled for JSON), and a
 * review may hold the object twice, old and new, plus the envelope: 7 MiB, as controller-runtime
 * derives it in pkg/webhook/admission/http.go.
 */
export const BODY_LIMIT_BYTES = 7 * 1024 * 1024;

/** The API server's have 36 characters. */
const LONGEST_UID = 64;

export interface WebhookDeps {
  /** Turns away what would only wait. */
  readonly bound: RequestHandler;
  /** The settings in force at this moment. */
  readonly settings: () => WebhookSettings;
  /** Why nobody is known who can lift a scheduling gate; `undefined` while somebody is. */
  readonly cannotLift: () => string | undefined;
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
}

/**
 * `POST /mutate` for namespaces labelled `enabled` and for annotated pods; `POST /mutate/observe`
 * for namespaces labelled `observe`. The label is not in the review, so the path carries it.
 */
export function webhookApp(deps: WebhookDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  const body = rawJsonBody(BODY_LIMIT_BYTES, deps.bound);
  app.post('/mutate', body, mutateHandler(deps, 'act'));
  app.post('/mutate/observe', body, mutateHandler(deps, 'observe'));
  app.use((request: Request, response: Response) => {
    response.status(404).json({
      error: `nothing is served at ${request.method} ${request.path}; post AdmissionReviews to /mutate`,
    });
  });
  app.use(jsonErrorHandler(BODY_LIMIT_BYTES));
  return app;
}

function mutateHandler({ settings, cannotLift, metrics, log }: WebhookDeps, most: Mode) {
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
    const { uid, what, namespace, name } = parsed.request;
    const { result, text, words } = answerFor(
      parsed.request,
      { ...settings(), cannotLift: cannotLift() },
      most,
      log,
    );
    const said = { uid: uid.slice(0, LONGEST_UID), what, object: `${namespace}/${name}`, result };
    // What would have been done is what an observer looks for; the rest is for whoever debugs.
    if (result === 'observed') log.info(said, words);
    else log.debug(said, words);
    done(result);
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  };
}

interface Answer {
  readonly result: AnsweredResult;
  readonly text: string;
  /** What was decided, for people. */
  readonly words: string;
}

function answerFor(
  request: AdmissionRequest,
  settings: WebhookSettings & Pick<Circumstances, 'cannotLift'>,
  most: Mode,
  log: Logger,
): Answer {
  const { object } = request;
  if (request.what !== 'pods CREATE' && request.what !== 'jobs.batch CREATE') {
    const words = `asked about ${request.what}, acts on the creation of pods and Jobs only`;
    return leave(request, declinedBecause('NotACreate', words));
  }
  if (object === undefined) {
    const words = `the object has not the shape of a ${request.what === 'pods CREATE' ? 'pod' : 'Job'}`;
    return leave(request, declinedBecause('Unreadable', words));
  }
  if (request.objectBytes > LARGEST_OBJECT_BYTES) {
    const words = 'the object is so large that the API server would refuse it with anything added';
    return leave(request, declinedBecause('ObjectFull', words, true));
  }
  const mode = modeIn(request.namespace, settings, most === 'observe');
  const { profiles, cannotLift } = settings;
  const tolerationsRestricted = settings.tolerationsRestrictedIn.includes(request.namespace);
  try {
    return object.kind === 'Pod'
      ? carryOut(
          request,
          object.pod,
          decide(object.pod, profiles, mode, { tolerationsRestricted, cannotLift }),
        )
      : carryOut(request, object.job, decideJob(object.job, profiles, mode));
  } catch (error) {
    // What we cannot judge we leave alone: a failure of ours is never theirs.
    log.error(
      { err: error, uid: request.uid.slice(0, LONGEST_UID) },
      'could not decide; the object is left as it is',
    );
    const reason = 'Surefoot failed on it; its log has the details';
    return { ...leave(request, declinedBecause('Unreadable', reason, true)), result: 'failed' };
  }
}

function carryOut(request: AdmissionRequest, object: Pod | Job, admission: Admission): Answer {
  const operations = patchFor(object, admission);
  if ('code' in operations) {
    return leave(request, { ...admission, declined: [operations], worthAWarning: true });
  }
  if (operations.length === 0) return leave(request, admission);
  const words = injectionsInWords(admission.injections).join('; ');
  return {
    result: 'injected',
    words,
    text: patched(request.uid, operations, {
      warnings: [
        ...pricesOf(admission.injections).map((price) => warning(`Surefoot: ${price}`)),
        ...remarksAsWarnings(admission),
      ],
      audit: {
        injected: `profile ${admission.profile}: ${words || 'marked only'}`,
        ...(admission.declined.length > 0 && { declined: reasonsInWords(admission.declined) }),
      },
    }),
  };
}

function leave({ uid }: AdmissionRequest, admission: Admission): Answer {
  const { declined, worthAWarning } = admission;
  const observed = declined.some(({ code }) => code === 'ObserveOnly');
  const words = reasonsInWords(declined);
  return {
    result: observed ? 'observed' : 'declined',
    words,
    text: allowed(uid, {
      warnings: [
        ...(worthAWarning ? [declineWarning(declined)] : []),
        ...remarksAsWarnings(admission),
      ],
      audit: { [observed ? 'observed' : 'declined']: words },
    }),
  };
}

function declinedBecause(code: Reason['code'], words: string, worthAWarning = false): Admission {
  return { injections: [], marks: 'none', declined: [{ code, words }], worthAWarning, remarks: [] };
}

function remarksAsWarnings({ remarks }: Admission): readonly string[] {
  return remarks.map(({ code, words }) => warning(`Surefoot: ${words} (${code})`));
}

/** More than anybody reads in a log or an audit event: a pod may have thousands of containers. */
const LONGEST_REASONS = 4096;

function reasonsInWords(reasons: readonly Reason[]): string {
  return reasons
    .map(({ code, words }) => `${code}: ${words}`)
    .join('; ')
    .slice(0, LONGEST_REASONS);
}
