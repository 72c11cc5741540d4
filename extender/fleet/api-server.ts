import express, { type Express, type Request, type Response } from 'express';
import { jsonErrorHandler } from '../../certs/serving/body.ts';
import { isRecord, parseJson } from '../../certs/serving/json.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import type { FleetApi } from './fleet.ts';
import { type ApiObject, type Change, keyOf, type Objects } from './objects.ts';

/** The API server's own limit for an object (etcd's 1.5 MiB) with room to spare. */
const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
/** A client that hears nothing for 30 s gives up its watch; the API server sends one a minute. */
const BOOKMARK_INTERVAL_MS = 10_000;
const JSON_TYPE = 'application/json';

export interface ApiServerDeps {
  readonly api: FleetApi;
  readonly nowSeconds: () => number;
  readonly admit: (pod: Pod) => Promise<Pod>;
  /** Asks for a pod's end, which takes its time. */
  readonly terminate: (key: string) => void;
}

/** An object with whatever fields its kind has. */
interface AnyObject extends ApiObject {
  readonly spec?: object;
  readonly status?: object;
}

/**
 * As much of the Kubernetes API as Surefoot uses: namespaces, nodes and pods; get, list with
 * paging, watch with resource versions and bookmarks, streamed lists, create, merge patch, status, delete.
 */
export function fleetApiApp(deps: ApiServerDeps): Express {
  const app = express().disable('x-powered-by').disable('etag');
  const body = express.raw({ type: () => true, limit: BODY_LIMIT_BYTES });
  // Kinds differ in what they hold, not in how they are served.
  const served = deps.api as unknown as Record<keyof FleetApi, Objects<AnyObject>>;
  const { pods } = served;

  for (const [plural, objects] of Object.entries(served)) {
    app.get(`/api/v1/${plural}`, (request, response) =>
      listOrWatch(objects, () => true, request, response),
    );
  }
  for (const plural of ['namespaces', 'nodes'] as const) {
    const path = `/api/v1/${plural}/:name`;
    app.get(path, (request, response) => read(served[plural], nameOf(request), response));
    for (const one of [path, `${path}/status`]) {
      app.patch(one, body, (request, response) => patch(served[plural], request, response));
    }
  }
  const podPath = '/api/v1/namespaces/:namespace/pods';
  app.get(podPath, (request, response) =>
    listOrWatch(
      pods,
      ({ metadata }) => metadata.namespace === request.params.namespace,
      request,
      response,
    ),
  );
  app.post(podPath, body, (request, response) => createPod(deps, request, response));
  app.get(`${podPath}/:name`, (request, response) => read(pods, nameOf(request), response));
  for (const one of [`${podPath}/:name`, `${podPath}/:name/status`]) {
    app.patch(one, body, (request, response) => patch(pods, request, response));
  }
  app.delete(`${podPath}/:name`, (request, response) => {
    const pod = pods.get(nameOf(request));
    if (pod === undefined) return notFound(response, 'Pod', nameOf(request));
    deps.terminate(nameOf(request));
    response.json(pod);
  });
  app.use((request, response) => {
    answerStatus(
      response,
      404,
      'NotFound',
      `the fleet's API has namespaces, nodes and pods; nothing is served at ${request.method} ${request.path}`,
    );
  });
  app.use(jsonErrorHandler(BODY_LIMIT_BYTES));
  return app;
}

function nameOf({ params: { namespace, name } }: Request): string {
  return namespace === undefined ? String(name) : `${namespace}/${name}`;
}

function read(objects: Objects<AnyObject>, key: string, response: Response): void {
  const object = objects.get(key);
  if (object === undefined) notFound(response, objects.kind, key);
  else response.json(typed(objects.kind, object));
}

function listOrWatch(
  objects: Objects<AnyObject>,
  isAsked: (object: AnyObject) => boolean,
  request: Request,
  response: Response,
): void {
  if (request.query.watch === 'true' || request.query.watch === '1') {
    watch(objects, isAsked, request, response);
    return;
  }
  const { limit, continue: token } = request.query;
  const most = Number(limit ?? 0) || Number.POSITIVE_INFINITY;
  const from =
    token === undefined ? { version: objects.latestVersion, after: '' } : positionOf(token);
  if (from === undefined) {
    answerStatus(response, 400, 'BadRequest', 'continue: not a token that a list has given');
    return;
  }
  const rest = [...objects.all()]
    .filter((object) => isAsked(object) && keyOf(object) > from.after)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, most);
  const last = page.at(-1);
  const next =
    last !== undefined && rest.length > page.length
      ? { continue: tokenOf({ ...from, after: keyOf(last) }) }
      : {};
  response.json({
    kind: `${objects.kind}List`,
    apiVersion: 'v1',
    metadata: { resourceVersion: String(from.version), ...next },
    items: page,
  });
}

interface Position {
  readonly version: number;
  readonly after: string;
}

function tokenOf(from: Position): string {
  return Buffer.from(JSON.stringify(from)).toString('base64url');
}

function positionOf(token: unknown): Position | undefined {
  if (typeof token !== 'string') return undefined;
  const parsed = parseJson(Buffer.from(token, 'base64url'));
  return isRecord(parsed) && typeof parsed.version === 'number' && typeof parsed.after === 'string'
    ? { version: parsed.version, after: parsed.after }
    : undefined;
}

function watch(
  objects: Objects<AnyObject>,
  isAsked: (object: AnyObject) => boolean,
  request: Request,
  response: Response,
): void {
  const { resourceVersion = '', allowWatchBookmarks, timeoutSeconds } = request.query;
  const send = (type: string, object: object) =>
    response.write(`${JSON.stringify({ type, object })}\n`);
  const sendChange = ({ type, object }: Change<AnyObject>) => {
    if (isAsked(object)) send(type, typed(objects.kind, object));
  };
  response.writeHead(200, { 'Content-Type': JSON_TYPE });
  response.flushHeaders();
  const isStreamedList = request.query.sendInitialEvents === 'true';
  if (isStreamedList) {
    for (const object of objects.all()) {
      if (isAsked(object)) send('ADDED', typed(objects.kind, object));
    }
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const metadata = { resourceVersion: String(objects.latestVersion), annotations };
    send('BOOKMARK', typed(objects.kind, { metadata }));
  }
  const from = isStreamedList ? objects.latestVersion : Number(resourceVersion) || 0;
  const missed = objects.changesAfter(from);
  if (missed === 'expired') {
    send('ERROR', status(410, 'Expired', `too old resource version: ${resourceVersion}`));
    response.end();
    return;
  }
  for (const change of missed) sendChange(change);
  const unsubscribe = objects.subscribe(sendChange);
  const bookmarks = setInterval(() => {
    if (allowWatchBookmarks !== 'true') return;
    const metadata = { resourceVersion: String(objects.latestVersion) };
    send('BOOKMARK', typed(objects.kind, { metadata }));
  }, BOOKMARK_INTERVAL_MS);
  const seconds = Number(timeoutSeconds) || 300;
  const timer = setTimeout(() => response.end(), seconds * 1000);
  response.once('close', () => {
    clearInterval(bookmarks);
    clearTimeout(timer);
    unsubscribe();
  });
}

async function createPod(deps: ApiServerDeps, request: Request, response: Response): Promise<void> {
  const { namespace } = request.params;
  const sent = bodyOf(request);
  if (!isRecord(sent) || !isRecord(sent.metadata) || !isRecord(sent.spec)) {
    answerStatus(response, 400, 'BadRequest', 'the body is not a Pod with metadata and spec');
    return;
  }
  const { name } = sent.metadata;
  if (typeof name !== 'string' || !Array.isArray(sent.spec.containers)) {
    answerStatus(
      response,
      422,
      'Invalid',
      'a Pod needs metadata.name, a text, and spec.containers, a list',
    );
    return;
  }
  const bare = { metadata: { ...sent.metadata, namespace }, spec: sent.spec } as unknown as Pod;
  const created = deps.api.pods.create(await deps.admit(bare), deps.nowSeconds());
  if (created === undefined) {
    answerStatus(response, 409, 'AlreadyExists', `pods "${name}" already exists`);
    return;
  }
  response.status(201).json(created);
}

function patch(objects: Objects<AnyObject>, request: Request, response: Response): void {
  const change = bodyOf(request);
  if (request.get('Content-Type')?.startsWith('application/merge-patch+json') !== true) {
    answerStatus(
      response,
      415,
      'UnsupportedMediaType',
      'the fleet takes application/merge-patch+json',
    );
    return;
  }
  if (!isRecord(change)) {
    answerStatus(response, 400, 'BadRequest', 'the body is not a JSON object');
    return;
  }
  const isStatus = request.path.endsWith('/status');
  const { status: newStatus, ...rest } = change;
  const wanted = isStatus ? { status: newStatus } : rest;
  const updated = objects.update(nameOf(request), (object) => {
    const { metadata } = object;
    const merged = merge(object, wanted) as unknown as AnyObject;
    const { name, namespace, uid, creationTimestamp } = metadata;
    // Who an object is cannot be patched.
    return {
      ...merged,
      metadata: {
        ...merged.metadata,
        ...(name !== undefined && { name }),
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
        ...(creationTimestamp !== undefined && { creationTimestamp }),
      },
    };
  });
  if (updated === undefined) notFound(response, objects.kind, nameOf(request));
  else response.json(typed(objects.kind, updated));
}

/** RFC 7396. */
function merge(target: unknown, change: object): Record<string, unknown> {
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete merged[key];
    else merged[key] = isRecord(value) ? merge(merged[key], value) : value;
  }
  return merged;
}

function bodyOf(request: Request): unknown {
  return request.body instanceof Uint8Array ? parseJson(request.body) : undefined;
}

function typed(kind: string, object: AnyObject): object {
  return { kind, apiVersion: 'v1', ...object };
}

function notFound(response: Response, kind: string, key: string): void {
  answerStatus(response, 404, 'NotFound', `there is no ${kind} "${key}"`);
}

function answerStatus(response: Response, code: number, reason: string, message: string): void {
  response.status(code).json(status(code, reason, message));
}

function status(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
