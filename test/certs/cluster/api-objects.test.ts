import express from 'express';
import { describe, expect, test } from 'vitest';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { FakeApiServer } from '../../fake/api-server.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

interface Thing {
  readonly metadata: { readonly name: string };
  readonly kept?: boolean;
}

const SECRETS = { api: 'api/v1', plural: 'secrets', namespace: 'a b' };

/** An API server that answers this, and what it was asked. */
async function answering(status: number, answer: object | string) {
  const asked: unknown[] = [];
  const connections = new Set<unknown>();
  const app = express().use(express.json({ type: () => true }));
  app.use((request, response) => {
    connections.add(request.socket);
    const { 'content-type': type } = request.headers;
    asked.push([request.method, request.originalUrl, type, request.body]);
    response.status(status).send(answer);
  });
  const config = loadedKubeConfig(await listening(app));
  return { objects: new ApiObjects<Thing>(config, SECRETS), asked, connections };
}

const NAMED = { metadata: { name: 'x' } };
const PATH = '/api/v1/namespaces/a%20b/secrets';
const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const OPERATIONS = [{ op: 'remove', path: '/kept' }];

describe('what is asked for', () => {
  type Call = (objects: ApiObjects<Thing>) => Promise<unknown>;
  const rows: { name: string; call: Call; asks: readonly unknown[] }[] = [
    { name: 'get', call: (all) => all.get('x'), asks: ['GET', `${PATH}/x`] },
    {
      name: 'a name is one part of the path',
      call: (all) => all.get('../x'),
      asks: ['GET', `${PATH}/..%2Fx`],
    },
    {
      name: 'create',
      call: (all) => all.create(NAMED),
      asks: ['POST', PATH, 'application/json', NAMED],
    },
    {
      name: 'replace',
      call: (all) => all.replace('x', NAMED),
      asks: ['PUT', `${PATH}/x`, 'application/json', NAMED],
    },
    {
      name: 'replace a part',
      call: (all) => all.replace('x', NAMED, { part: 'status' }),
      asks: ['PUT', `${PATH}/x/status`, 'application/json', NAMED],
    },
    {
      name: 'merge patch',
      call: (all) => all.mergePatch('x', { kept: null }),
      asks: ['PATCH', `${PATH}/x`, MERGE, { kept: null }],
    },
    {
      name: 'merge patch of a part',
      call: (all) => all.mergePatch('x', { kept: true }, 'scale'),
      asks: ['PATCH', `${PATH}/x/scale`, MERGE, { kept: true }],
    },
    {
      name: 'JSON patch, said by whom',
      call: (all) => all.jsonPatch('x', OPERATIONS, 'us'),
      asks: ['PATCH', `${PATH}/x?fieldManager=us`, JSON_PATCH, OPERATIONS],
    },
    { name: 'delete', call: (all) => all.delete('x'), asks: ['DELETE', `${PATH}/x`] },
  ];
  test.each(rows)('$name', async ({ call, asks }) => {
    const { objects, asked } = await answering(200, NAMED);
    await call(objects);
    expect(asked).toEqual([expect.arrayContaining([...asks])]);
    expect((asked[0] as unknown[]).slice(0, asks.length)).toEqual(asks);
  });
});

test('a list is read to its end, page by page, with its selector', async () => {
  const app = express();
  const asked: unknown[] = [];
  app.get('/api/v1/secrets', ({ query }, response) => {
    asked.push(query);
    const next = { '': 'two', two: 'three' }[String(query.continue ?? '')];
    response.json({
      items: [{ metadata: { name: String(query.continue ?? 'one') } }],
      metadata: { resourceVersion: '7', ...(next !== undefined && { continue: next }) },
    });
  });
  const config = loadedKubeConfig(await listening(app));
  const objects = new ApiObjects<Thing>(config, { api: 'api/v1', plural: 'secrets' });
  const found = await objects.list({ labelSelector: 'a=b' });
  expect(found.map(({ metadata }) => metadata.name)).toEqual(['one', 'two', 'three']);
  const each = { labelSelector: 'a=b', limit: '500' };
  expect(asked).toEqual([each, { ...each, continue: 'two' }, { ...each, continue: 'three' }]);
});

describe('each object of a list', () => {
  const MIB = 2 ** 20;

  /** Objects of so many bytes each, served in pages as the API server does, or streamed. */
  async function holding(sizes: readonly number[], streams: boolean) {
    const api = await FakeApiServer.start();
    api.streams = streams;
    const metadata = (at: number) => ({ name: `o${at}`, uid: `u${at}`, resourceVersion: '1' });
    // Of short texts, none of which is left out.
    api.holds(
      ...sizes.map((bytes, at) => ({
        metadata: metadata(at),
        spec: { texts: Array.from({ length: bytes / 1024 }, () => 'x'.repeat(1021)) },
      })),
    );
    const objects = new ApiObjects<Thing>(api.kubeConfig(), { api: 'api/v1', plural: 'nodes' });
    const names: string[] = [];
    const version = await objects.each({}, ({ metadata: { name } }) => names.push(name));
    return { requests: api.requests, names, version };
  }

  test('comes by itself where lists are streamed', async () => {
    const { requests, names, version } = await holding([1024, 3 * MIB, 1024], true);
    expect({ requests, names, version }).toEqual({
      requests: ['stream'],
      names: ['o0', 'o1', 'o2'],
      version: '100',
    });
  });

  test('comes in pages elsewhere, which get smaller where objects are large', async () => {
    const sizes = [...Array(20).fill(1024), ...Array(20).fill(1.5 * MIB)];
    const { requests, names, version } = await holding(sizes, false);
    expect(names).toEqual(sizes.map((_, at) => `o${at}`));
    expect(version).toBe('100');
    // 500 and 63 are too many; 8 fit while they are small.
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.length).toBeLessThan(40);
  });

  test('is trimmed where one alone is too large for a page', async () => {
    const { names } = await holding([12 * MIB, 1024], false);
    expect(names).toEqual(['o0', 'o1']);
  });
});

describe('refusals', () => {
  test('say what the API server says, with its status', async () => {
    const { objects } = await answering(409, { kind: 'Status', message: 'it has been modified' });
    await expect(objects.get('x')).rejects.toMatchObject({
      status: 409,
      message: 'it has been modified',
    });
  });

  test('of something that stands before it are given as they are', async () => {
    const { objects } = await answering(502, '<h1>Bad Gateway</h1>');
    await expect(objects.get('x')).rejects.toMatchObject({
      status: 502,
      message: '<h1>Bad Gateway</h1>',
    });
  });

  test('find takes an absence, and nothing else, for an answer', async () => {
    expect(await (await answering(404, {})).objects.find('x')).toBeUndefined();
    expect(await (await answering(200, NAMED)).objects.find('x')).toEqual(NAMED);
    await expect((await answering(403, {})).objects.find('x')).rejects.toMatchObject({
      status: 403,
    });
  });
});

test('requests one after the other share a connection', async () => {
  const { objects, connections } = await answering(200, NAMED);
  for (let request = 0; request < 10; request += 1) await objects.get('x');
  expect(connections.size).toBe(1);
});
