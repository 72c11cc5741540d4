import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import { pageApp } from '../../../extender/page/api.ts';
import type { Controls } from '../../../extender/page/controls.ts';
import { LiveFeed } from '../../../extender/page/live.ts';
import type { Entry, LiveChange } from '../../../extender/page/shapes.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import { storedForm } from '../../../extender/wiring/stored-form.ts';
import { eventually } from '../../cluster/eventually.ts';
import { listening, postJson } from '../../fake/listening.ts';
import { ABOUT, NO_SIGNALS } from '../../fake/page.ts';
import { makeNode, makePodFacts } from '../../make/facts.ts';
import { makeForecast } from '../../make/forecast.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

async function serving(nodes: readonly string[] = ['gpu-1', 'gpu-2'], controls?: Controls) {
  const made = makeIngest();
  const { cluster } = made;
  const decisions = new DecisionRecord();
  const entries: Entry[] = [];
  const alarms: (string | undefined)[] = [];
  for (const name of nodes) cluster.setNode(makeNode({ name }));
  const snapshot = (): Snapshot => makeSnapshot(made, { profiles: [], nowSeconds: 1000 });
  const live = new LiveFeed({
    snapshot,
    decisions,
    entries: (count) => entries.slice(-count),
    controls: controls === undefined ? [] : ['crash-pod'],
    cluster: () => 'training-eu',
    alarm: () => alarms.at(-1),
  });
  const url = await listening(
    pageApp({
      wroteOn: async () => undefined,
      signals: () => NO_SIGNALS,
      about: async () => ABOUT,
      health: async () => ABOUT,
      cluster: () => 'training-eu',
      placements: () => [],
      storedForm,
      decisions,
      snapshot,
      live,
      ...(controls !== undefined && { controls }),
    }),
  );
  // After the server's own end was planned, so before it: the server waits for its watchers.
  onTestFinished(() => live.stop());
  return { url, cluster, decisions, live, alarms };
}

/** What a watcher of `/api/live` has been told so far. */
function watching(url: string): LiveChange[] {
  const changes: LiveChange[] = [];
  let text = '';
  const call = request(`${url}/api/live`, (response) => {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) changes.push(JSON.parse(message.slice('data: '.length)));
    });
  });
  call.on('error', () => {});
  call.end();
  onTestFinished(() => void call.destroy());
  return changes;
}

describe('/api/live', () => {
  test('has an alarm for as long as it stands', async () => {
    const { url, alarms } = await serving();
    const changes = watching(url);
    await eventually('the first message', () => changes[0]);
    expect(changes[0]).not.toHaveProperty('alarm');
    alarms.push('nobody asks');
    await eventually('the alarm', () => changes.at(-1)?.alarm === 'nobody asks');
    alarms.push(undefined);
    await eventually('its end', () => changes.at(-1)?.alarm === undefined);
  });

  test('tells everything first, and then only what has changed', async () => {
    const { url, cluster, live, decisions } = await serving();
    const changes = watching(url);
    await eventually('the first message', () => changes[0]);
    expect(changes[0]).toMatchObject({
      at: '1970-01-01T00:16:40.000Z',
      about: { cluster: 'training-eu', mode: 'act', controls: [], nodes: 2 },
      pending: { count: 0, pods: [] },
    });
    // On a busy machine they come one by one.
    const nodes = () => changes.slice(1).flatMap((change) => change.nodes ?? []);
    await eventually('the nodes', () => nodes()[1]);
    expect(nodes()).toMatchObject([{ node: 'gpu-1' }, { node: 'gpu-2' }]);

    cluster.setNode(makeNode({ name: 'gpu-2', isCordoned: true }));
    live.touched('gpu-2');
    live.touched('gpu-1');
    decisions.add({
      atSeconds: 0,
      pod: { uid: 'p', namespace: 'a', name: 'p' },
      mode: 'act',
      asked: 1,
      unknownNodes: 0,
      forecasts: [makeForecast({})],
      scores: [],
      remarks: [],
    });
    decisions.bound('p', 'gpu-1', 1);
    const told = await eventually('the change', () =>
      changes.slice(2).find((change) => change.nodes?.some(({ state }) => state === 'cordoned')),
    );
    expect(told.nodes).toMatchObject([{ node: 'gpu-2', state: 'cordoned' }]);
    expect(told.decisions).toMatchObject([{ pod: { name: 'p' }, boundTo: 'gpu-1' }]);

    cluster.removeNode('uid-gpu-1');
    live.touched('gpu-1');
    await eventually('the removal', () =>
      changes.find(({ goneNodes }) => goneNodes?.[0] === 'gpu-1'),
    );
  });

  test('a pod that waits is told of, and that it waits no more', async () => {
    const { url, cluster, live } = await serving();
    const changes = watching(url);
    await eventually('the first message', () => changes[0]);
    const { node: _, ...waiting } = makePodFacts({ phase: 'Pending' });
    cluster.setPod(waiting);
    live.touched(undefined);
    const told = await eventually('the waiting pod', () =>
      changes.slice(1).find(({ pending }) => pending),
    );
    expect(told.pending).toMatchObject({ count: 1, pods: [{ name: 'team-a/train-0' }] });
    cluster.setPod(makePodFacts());
    live.touched(undefined);
    await eventually('nobody waiting', () => changes.at(-1)?.pending?.count === 0);
  });

  test('two who watch are told the same, and a late one everything', async () => {
    const { url, cluster, live } = await serving();
    const first = watching(url);
    await eventually('the first message', () => first[0]);
    cluster.setNode(makeNode({ name: 'gpu-1', isCordoned: true }));
    live.touched('gpu-1');
    const second = watching(url);
    await eventually('the second watcher', () => second[1]);
    expect(second[1]?.nodes?.map(({ state }) => state)).toEqual(['cordoned', 'ready']);
    await eventually('the change at the first', () =>
      first.slice(2).some(({ nodes }) => nodes?.[0]?.state === 'cordoned'),
    );
  });

  test('the thirty-third is told why it is not let in', async () => {
    const { url } = await serving();
    const others = Array.from({ length: 32 }, () => watching(url));
    await eventually('all of them', () => others.every((changes) => changes.length > 0));
    const answer = await fetch(`${url}/api/live`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      error: '32 pages are open already; close one and reload',
    });
  });
});

describe('the page port', () => {
  test('serves the page with a policy that lets nothing else in', async () => {
    const { url } = await serving();
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).toContain('<title>Surefoot</title>');
  });

  test('says what it has where it has nothing', async () => {
    const { url } = await serving();
    const answer = await fetch(`${url}/api/nope`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error:
        'nothing is served at /api/nope; this port has the page at /, /api/about, /api/fleet, /api/nodes, /api/pods, /api/jobs, /api/incidents, /api/histories, /api/decisions, /api/health, /api/placements, /api/drain-order, /api/signals and /api/live',
    });
  });

  test.each([
    { path: '/api/fleet', site: 'cross-site', mode: 'no-cors', status: 403 },
    { path: '/api/live', site: 'same-site', mode: 'cors', status: 403 },
    { path: '/api/fleet', site: 'cross-site', mode: 'navigate', status: 403 },
    { path: '/nodes/gpu-1', site: 'cross-site', mode: 'navigate', status: 200 },
    { path: '/api/fleet', site: 'same-origin', mode: 'cors', status: 200 },
    { path: '/api/fleet', site: 'none', mode: 'navigate', status: 200 },
  ])('another site may lead here and not ask: $mode of $path from $site: $status', async (row) => {
    const { url } = await serving();
    const headers = { 'Sec-Fetch-Site': row.site, 'Sec-Fetch-Mode': row.mode };
    const status = await new Promise((resolve) => {
      request(url + row.path, { headers }, (response) => {
        resolve(response.statusCode);
        response.destroy();
      }).end();
    });
    expect(status).toBe(row.status);
  });

  test('a pod is found by its name among many that begin like it', async () => {
    const { url, cluster } = await serving();
    for (let at = 300; at > 0; at -= 1) {
      cluster.setPod(makePodFacts({ name: `train-${at}`, uid: `u-${at}` }));
    }
    const ask = async (query: string) => (await fetch(`${url}/api/pods?${query}`)).json();
    expect(await ask('pod=team-a/train-1')).toMatchObject({
      count: 1,
      pods: [{ name: 'team-a/train-1' }],
    });
    expect(await ask('search=TRAIN-1')).toMatchObject({ count: 111 });
    expect(await ask('search=a&search=b')).toEqual({
      error: 'search, pod: give one text, such as search=gpu-1',
    });
    const { pods, count } = (await ask('')) as { pods: unknown[]; count: number };
    expect([pods.length, count]).toEqual([200, 300]);
    const job = await (await fetch(`${url}/api/jobs?job=team-a/Job/train`)).json();
    expect(job).toMatchObject({ count: 300, away: [] });
  });

  test('an address that cannot be read is said to be one', async () => {
    const { url } = await serving();
    const answer = await fetch(`${url}/nodes/%`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: expect.stringMatching(/^the address cannot be read/),
    });
  });

  test('a site that was made to point here is refused', async () => {
    const { url } = await serving();
    const status = await new Promise((resolve) => {
      request(url, { headers: { Host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  test('offers nothing to do unless it is given something', async () => {
    const { url } = await serving();
    const answer = await postJson(`${url}/api/controls/crash-pod`, { target: 'a/b' });
    expect(answer.status).toBe(404);
  });
});

describe('controls', () => {
  const controls: Controls = {
    'break-device': () => ({ done: 'it breaks' }),
    'crash-pod': (pod) => ({ problem: `${pod} does not run` }),
    'reboot-rack': () => ({ done: 'it boots' }),
  };

  test('do what they are asked, or say why not', async () => {
    const { url } = await serving([], controls);
    const ask = (name: string, body: unknown) => postJson(`${url}/api/controls/${name}`, body);
    expect(await (await ask('break-device', { target: 'gpu-1' })).json()).toEqual({
      done: 'it breaks',
    });
    const refused = await ask('crash-pod', { target: 'a/b' });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({ error: 'a/b does not run' });
    const malformed = await ask('reboot-rack', { rack: 'r' });
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toEqual({ error: 'send {"target": "..."} to reboot-rack' });
  });

  test("another site's form cannot press them", async () => {
    const { url } = await serving([], controls);
    const answer = await fetch(`${url}/api/controls/break-device`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: '{"target":"gpu-1"}',
    });
    expect(answer.status).toBe(415);
  });
});
