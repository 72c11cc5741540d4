import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { Bound } from '../../../certs/serving/bound.ts';
import { BODY_LIMIT_BYTES, webhookApp } from '../../../webhook/admission/server.ts';
import { admissionMetrics } from '../../../webhook/metrics.ts';
import type { Mode } from '../../../webhook/words/mode.ts';
import { listening, postJson } from '../../fake/listening.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { makeReview } from '../../make/review.ts';
import { sample } from '../../samples.ts';

async function serving(
  mode: Mode = 'act',
  namespaces: Record<string, Mode> = {},
  profile = makeProfile(),
) {
  const registry = new Registry();
  const url = await listening(
    webhookApp({
      bound: new Bound({ requests: 256, bytes: 64 * 2 ** 20, onShed() {} }).handler,
      settings: () => ({
        profiles: [profile],
        mode,
        namespaces,
        tolerationsRestrictedIn: [],
      }),
      cannotLift: () => undefined,
      metrics: admissionMetrics(registry),
      log: pino({ level: 'silent' }),
    }),
  );
  const count = async (result: string) =>
    sample(await registry.metrics(), 'surefoot_admission_requests_total', { result });
  return { url, count };
}

test('a body that does not announce its length is not read', async () => {
  const { url, count } = await serving();
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.alloc(64 * 1024, ' '));
    },
  });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}/mutate`, { method: 'POST', headers, body, duplex: 'half' });
  expect(answer.status).toBe(411);
  expect(await answer.json()).toEqual({
    error: 'the body does not announce its length; send it with a Content-Length',
  });
  expect(await count('malformed')).toBe(0);
});

test('a uid of megabytes is not sent back', async () => {
  const { url } = await serving();
  const answer = await postJson(`${url}/mutate`, makeReview({ uid: 'x'.repeat(5_000_000) }));
  expect(answer.status).toBe(400);
  expect((await answer.text()).length).toBeLessThan(200);
});

test.each([
  {
    name: 'thousands of containers',
    pod: {
      containers: Array.from({ length: 1000 }, (_none, index) => ({
        name: `c${index}`,
        restartPolicy: 'Never',
        resources: { limits: { 'nvidia.com/gpu': '1' } },
      })),
    },
    metadata: {},
  },
  {
    name: 'an owner with a name of 100 kB',
    pod: {},
    metadata: { ownerReferences: [{ kind: 'Pipeline', name: 'x'.repeat(100_000) }] },
  },
  {
    name: 'annotations with keys of 50 kB',
    pod: {},
    metadata: {
      annotations: Object.fromEntries(
        ['a', 'b'].map((letter) => [`surefoot.dev/${letter.repeat(50_000)}`, '']),
      ),
    },
  },
])('of $name the answer says only the beginning', async ({ pod, metadata }) => {
  const { url } = await serving('act', {}, makeProfile({ restartRules: { exitCodes: [75] } }));
  const object = makePod({ spec: { restartPolicy: 'Never', ...pod }, metadata });
  const response = await responseOf(await postJson(`${url}/mutate`, makeReview({ object })));
  const { patch: _patch, ...rest } = response;
  expect(rest.allowed).toBe(true);
  expect(JSON.stringify(rest).length).toBeLessThan(8192);
});

test('an object that has no room for more is left as it is, and says so', async () => {
  const { url } = await serving();
  const filled = (bytes: number) => {
    const env = Array.from({ length: bytes / 1024 }, (_, at) => ({
      name: `V${at}`,
      value: 'x'.repeat(1000),
    }));
    const { spec } = makePod();
    const [container = { name: 'main' }] = spec.containers;
    return makePod({ spec: { containers: [{ ...container, env }] } as never });
  };
  const answer = async (bytes: number) =>
    responseOf(await postJson(`${url}/mutate`, makeReview({ object: filled(bytes) })));
  expect(await answer(1.2 * 2 ** 20)).toHaveProperty('patch');
  const full = await answer(1.45 * 2 ** 20);
  expect(full).not.toHaveProperty('patch');
  expect(full).toMatchObject({
    allowed: true,
    warnings: [
      'Surefoot left this pod as it is: the object is so large that the API server would refuse it with anything added (ObjectFull)',
    ],
  });
});

async function responseOf(answer: Response) {
  const review = (await answer.json()) as { response: Record<string, unknown> };
  return review.response;
}

describe('POST /mutate', () => {
  test('patches a GPU pod and echoes the uid', async () => {
    const { url, count } = await serving();
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview()));
    expect(response).toMatchObject({ uid: 'review-1', allowed: true, patchType: 'JSONPatch' });
    const patch = JSON.parse(Buffer.from(String(response.patch), 'base64').toString());
    expect(patch).toHaveLength(7);
    expect(response.auditAnnotations).toEqual({
      injected: 'profile nvidia: toleration nvidia.com/gpu:NoSchedule; grace 30s -> 60s',
    });
    expect(await count('injected')).toBe(1);
  });

  const observed: readonly {
    name: string;
    mode: Mode;
    namespaces: Record<string, Mode>;
    path: string;
  }[] = [
    { name: 'the mode', mode: 'observe', namespaces: {}, path: '/mutate' },
    {
      name: 'the namespace in the configuration',
      mode: 'act',
      namespaces: { 'team-a': 'observe' },
      path: '/mutate',
    },
    { name: 'the namespace label', mode: 'act', namespaces: {}, path: '/mutate/observe' },
  ];
  test.each(observed)('observes when $name says so', async ({ mode, namespaces, path }) => {
    const { url, count } = await serving(mode, namespaces);
    const response = await responseOf(await postJson(url + path, makeReview()));
    expect(response).toEqual({
      uid: 'review-1',
      allowed: true,
      auditAnnotations: {
        observed:
          'ObserveOnly: observing; would have injected: toleration nvidia.com/gpu:NoSchedule; grace 30s -> 60s',
      },
    });
    expect(await count('observed')).toBe(1);
  });

  test('acts in a namespace that the configuration excepts from observing', async () => {
    const { url } = await serving('observe', { 'team-a': 'act' });
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview()));
    expect(response.patchType).toBe('JSONPatch');
  });

  test('warns in one sentence when a named profile is unknown', async () => {
    const { url } = await serving();
    const pod = makePod({ metadata: { annotations: { 'surefoot.dev/profile': 'amd' } } });
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview({}, pod)));
    expect(response.patch).toBeUndefined();
    expect(response.warnings).toEqual([
      'Surefoot left this pod as it is: the annotation surefoot.dev/profile names "amd", which profiles.yaml does not have; it has "nvidia" (UnknownProfile)',
    ]);
  });

  test.each([
    { name: 'an update', request: { operation: 'UPDATE' }, why: 'asked about pods UPDATE' },
    {
      name: 'an eviction',
      request: { subResource: 'eviction' },
      why: 'asked about pods/eviction CREATE',
    },
    {
      name: 'another kind',
      request: { resource: { group: 'apps', version: 'v1', resource: 'deployments' } },
      why: 'asked about deployments.apps CREATE',
    },
  ])('lets $name through untouched', async ({ request, why }) => {
    const { url, count } = await serving();
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview(request)));
    expect(response).toEqual({
      uid: 'review-1',
      allowed: true,
      auditAnnotations: {
        declined: `NotACreate: ${why}, acts on the creation of pods and Jobs only`,
      },
    });
    expect(await count('declined')).toBe(1);
  });

  test.each([
    ['null', null],
    ['no metadata', { spec: { containers: [] } }],
    ['containers that are no list', { metadata: {}, spec: { containers: {} } }],
    [
      'an annotation that is no text',
      { metadata: { annotations: { a: 1 } }, spec: { containers: [] } },
    ],
    [
      'a toleration that is no mapping',
      { metadata: {}, spec: { containers: [], tolerations: [1] } },
    ],
  ])('lets an object that is no pod through untouched: %s', async (_name, object) => {
    const { url } = await serving();
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview({ object })));
    expect(response).toEqual({
      uid: 'review-1',
      allowed: true,
      auditAnnotations: { declined: 'Unreadable: the object has not the shape of a pod' },
    });
  });
});

describe('bad input (pitfalls 5, 13, 14)', () => {
  const rows: readonly { name: string; body: unknown; error: string }[] = [
    { name: 'nothing', body: '', error: 'the body is empty; send an AdmissionReview' },
    { name: 'no JSON', body: '{', error: 'the body is not a JSON object; send an AdmissionReview' },
    { name: 'a list', body: [], error: 'the body is not a JSON object; send an AdmissionReview' },
    {
      name: 'another kind',
      body: { kind: 'Pod' },
      error: 'the body\'s kind is "Pod"; send an AdmissionReview',
    },
    {
      name: 'an older version',
      body: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1beta1' },
      error:
        'the AdmissionReview\'s apiVersion is "admission.k8s.io/v1beta1"; send admission.k8s.io/v1, admissionReviewVersions: [v1]',
    },
    {
      name: 'no request',
      body: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' },
      error: 'the AdmissionReview has no request; it must hold one',
    },
    {
      name: 'no uid',
      body: makeReview({ uid: undefined }),
      error: 'the AdmissionReview request has no uid; the answer must repeat it',
    },
  ];
  test.each(rows)('$name is answered with 400 and what would be right', async ({ body, error }) => {
    const { url, count } = await serving();
    const answer = await postJson(`${url}/mutate`, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error });
    expect(await count('malformed')).toBe(1);
  });

  test('another content type is answered with 415', async () => {
    const { url } = await serving();
    const answer = await postJson(`${url}/mutate`, makeReview(), { 'Content-Type': 'text/plain' });
    expect(answer.status).toBe(415);
    expect(await answer.json()).toEqual({
      error: 'the content type is "text/plain"; send application/json',
    });
  });

  test('a compressed body is answered with 415', async () => {
    const { url } = await serving();
    const body = gzipSync(JSON.stringify(makeReview()));
    const answer = await postJson(`${url}/mutate`, body, { 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(415);
    expect(await answer.json()).toEqual({
      error: 'the body is compressed; send it without a Content-Encoding',
    });
  });

  test('7 MiB are read, one byte more is answered with 413', async () => {
    const { url } = await serving();
    const review = JSON.stringify(makeReview());
    const full = review + ' '.repeat(BODY_LIMIT_BYTES - review.length);
    expect((await postJson(`${url}/mutate`, full)).status).toBe(200);
    const answer = await postJson(`${url}/mutate`, `${full} `);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({
      error: 'the body is over the limit of 7340032 bytes; send a smaller one',
    });
  });

  test('another path is answered with 404 and the right one', async () => {
    const { url } = await serving();
    const answer = await fetch(`${url}/mutate`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: 'nothing is served at GET /mutate; post AdmissionReviews to /mutate',
    });
  });

  test.each([
    ['an operation that is no text', { operation: { toString: 1, valueOf: 1 } }, 'pods unknown'],
    ['a resource that is no mapping', { resource: 7 }, 'unknown CREATE'],
  ])('%s is let through untouched', async (_name, request, what) => {
    const { url } = await serving();
    const response = await responseOf(await postJson(`${url}/mutate`, makeReview(request)));
    expect(response.patch).toBeUndefined();
    expect(response.auditAnnotations).toEqual({
      declined: `NotACreate: asked about ${what}, acts on the creation of pods and Jobs only`,
    });
  });

  test('a kind nested without end is answered, not fallen over', async () => {
    const { url } = await serving();
    const kind = '['.repeat(100_000) + ']'.repeat(100_000);
    const answer = await postJson(`${url}/mutate`, `{"kind":${kind}}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: "the body's kind is not text; send an AdmissionReview",
    });
  });

  test('a number beyond 2^53 is not sent back rounded: nothing of the user’s is sent back (pitfall 12)', async () => {
    const { url } = await serving();
    const pod = makePod({ spec: { tolerations: [{ operator: 'Exists', tolerationSeconds: 7 }] } });
    const text = JSON.stringify(makeReview({}, pod)).replace(
      '"tolerationSeconds":7',
      '"tolerationSeconds":9007199254740993,"effect":"NoExecute"',
    );
    const response = await responseOf(await postJson(`${url}/mutate`, text));
    const patch = Buffer.from(String(response.patch), 'base64').toString();
    expect(patch).toContain('/spec/tolerations/-');
    expect(patch).not.toContain('90071992547409');
  });

  test('keys that poison prototypes change nothing', async () => {
    const { url } = await serving();
    const review = JSON.stringify(makeReview()).replace('"labels"', '"x"');
    const poisoned = review.replace(
      '"metadata":{',
      '"metadata":{"labels":{"__proto__":"x","constructor":"y"},',
    );
    const response = await responseOf(await postJson(`${url}/mutate`, poisoned));
    expect(response.patchType).toBe('JSONPatch');
    expect(Object.prototype).not.toHaveProperty('x');
  });
});
