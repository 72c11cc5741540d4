import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import { jsonErrorHandler, rawJsonBody } from '../../certs/serving/body.ts';
import { DEFAULT_SCHEDULER } from '../../webhook/words/pod-defaults.ts';
import type { AskedPod } from '../decisions/placements.ts';
import type { DecisionRecord } from '../decisions/record.ts';
import type { ExtenderMetrics } from '../metrics.ts';
import type { Verdict } from './prioritize.ts';
import {
  answerText,
  type NameWriter,
  type NodeFinder,
  type Question,
  QuestionReader,
} from './wire.ts';

/**
 * Names of 15,000 nodes take 4 MB at Kubernetes' longest; whole Node objects of 781, the most that
 * the default sampling sends, take 12 MB (15 kB a node, measured).
 */
export const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

const NO_OPINION = '[]';

export interface ExtenderDeps {
  /** The nodes that are known. */
  readonly nodes: NodeFinder & NameWriter;
  /** Turns away what would only wait. */
  readonly bound: RequestHandler;
  /** Forecasts the pod of a question from the facts of this moment. */
  readonly prioritize: (question: Question) => Verdict;
  /** What is not loaded yet, in words; `undefined` when everything is. */
  readonly missing: () => string | undefined;
  readonly decisions: DecisionRecord;
  /** A scheduler has asked about a pod. */
  readonly onAsked: (pod: AskedPod, scheduler: string) => void;
  readonly metrics: ExtenderMetrics;
  readonly log: Logger;
}

/** `POST /prioritize` and nothing else. */
export function extenderApp(deps: ExtenderDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  app.post('/prioritize', rawJsonBody(BODY_LIMIT_BYTES, deps.bound), prioritizeHandler(deps));
  app.use((request: Request, response: Response) => {
    response.status(404).json({
      error: `nothing is served at ${request.method} ${request.path}; post ExtenderArgs to /prioritize (prioritizeVerb: prioritize)`,
    });
  });
  app.use(jsonErrorHandler(BODY_LIMIT_BYTES));
  return app;
}

function prioritizeHandler(deps: ExtenderDeps) {
  const { metrics, onAsked, log } = deps;
  const reader = new QuestionReader(deps.nodes);
  let warnedOfWholeNodes = false;
  return function prioritizeRequest(request: Request, response: Response): void {
    const done = metrics.begin();
    const sent = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const parsed = reader.read(sent);
    if (!parsed.ok) {
      done('malformed');
      response.status(400).json({ error: parsed.problem });
      return;
    }
    if (parsed.question.sentWholeNodes && !warnedOfWholeNodes) {
      warnedOfWholeNodes = true;
      log.warn('the scheduler sends whole Node objects; set nodeCacheCapable: true, names suffice');
    }
    const { metadata, spec } = parsed.question.pod;
    onAsked(
      { uid: metadata.uid ?? '', namespace: metadata.namespace ?? '' },
      spec.schedulerName ?? DEFAULT_SCHEDULER,
    );
    const text = answerTo(parsed.question, deps, done);
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', text.length);
    response.end(text, 'latin1');
  };
}

function answerTo(
  question: Question,
  { nodes, prioritize, missing, decisions, log }: ExtenderDeps,
  done: ReturnType<ExtenderMetrics['begin']>,
): string {
  if (missing() !== undefined) {
    done('not-ready');
    return NO_OPINION;
  }
  try {
    const verdict = prioritize(question);
    if (verdict.kind === 'no opinion') {
      done('no-opinion');
      log.debug({ pod: question.pod.metadata.name, ...verdict.reason }, 'no opinion');
      return NO_OPINION;
    }
    const { decision, answer } = verdict;
    decisions.add(decision);
    done(
      decision.mode === 'act' ? 'answered' : 'observed',
      decision.asked,
      answer.nodeIndexes.length,
    );
    return answerText(answer, nodes);
  } catch (error) {
    // The scheduler hides our failures, so the log and the metric must not.
    log.error({ err: error, pod: question.pod.metadata.name }, 'no forecast; answered no opinion');
    done('failed');
    return NO_OPINION;
  }
}
