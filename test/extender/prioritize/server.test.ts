import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { Bound } from '../../../certs/serving/bound.ts';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import { extenderMetrics } from '../../../extender/metrics.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { prioritize } from '../../../extender/prioritize/prioritize.ts';
import { BODY_LIMIT_BYTES, extenderApp } from '../../../extender/prioritize/server.ts';
import type { ExtenderConfig } from '../../../extender/settings.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { listening, postJson } from '../../fake/listening.ts';
import { servingPage } from '../../fake/page.ts';
import { ACTING } from '../../make/configuration.ts';
import { GPU, makeImages, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeSnapshot } from '../../make/snapshot.ts';
import { sample } from '../../samples.ts';

const IMAGE = 'registry.example/train:1';
const NODES = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4'];
const NOW = 10_000;

/** An extender on four equal nodes, with everything real but the API server and the time. */
async function serving(overrides: Partial<ExtenderConfig> = {}, isReady = true) {
  const decisions = new DecisionRecord();
  const registry = new Registry();
  const made = makeIngest({
    onSignal() {},
    onBound: ({ uid, node = '' }, at) => decisions.bound(uid, node, at),
  });
  const { ingest, cluster } = made;
  const askedBy: string[] = [];
  const cache = new ForecastCache();
  const config = { ...ACTING, ...overrides };
  const snapshot = (): Snapshot => makeSnapshot(made, { config, nowSeconds: NOW });
  for (const name of NODES) ingest.nodeChanged(makeNode({ name }), 0);
  const url = await listening(
    extenderApp({
      nodes: cluster.index,
      bound: new Bound({ requests: 64, bytes: 64 * 2 ** 20, onShed() {} }).handler,
      onAsked: ({ uid }, scheduler) => askedBy.push(`${uid} by ${scheduler}`),
      prioritize: (question) => prioritize(question, snapshot(), cache),
      missing: () => (isReady ? undefined : 'pods are not listed'),
      decisions,
      metrics: extenderMetrics(registry),
      log: pino({ level: 'silent' }),
    }),
  );
  const page = await servingPage({ decisions, snapshot });
  const ask = async (pod: Pod, names: readonly string[] = NODES) => {
    const answer = await postJson(`${url}/prioritize`, { Pod: pod, Nodes: null, NodeNames: names });
    return (await answer.json()) as { Host: string; Score: number }[];
  };
  const count = async (result: string) =>
    sample(await registry.metrics(), 'surefoot_prioritize_requests_total', { result });
  return { ingest, cluster, url, page, askedBy, ask, count };
}

const annotations = { 'surefoot.dev/profile': 'nvidia' };
const optedIn = (uid = 'asking'): Pod =>
  makePod({ metadata: { name: 'train-0', namespace: 'team-a', uid, annotations } });
/** The facts of the pod above, running on a node since the beginning. */
const ran = (node: string) =>
  makePodFacts({
    uid: 'before',
    node,
    slot: { key: 'team-a/Pod/train-0', workload: 'team-a/Pod/train-0', interchangeable: false },
  });

const opinions = (answer: readonly { Host: string; Score: number }[]) =>
  Object.fromEntries(
    answer.filter(({ Score }) => Score !== 0).map(({ Host, Score }) => [Host, Score]),
  );

describe('POST /prioritize', () => {
  test('equal nodes: one of them is answered, with 0', async () => {
    const { ask, count } = await serving();
    const answer = await ask(optedIn());
    expect(answer).toHaveLength(1);
    expect(answer[0]?.Score).toBe(0);
    expect(await count('answered')).toBe(1);
  });

  test('a node with the image is better by what pulling costs', async () => {
    const { ingest, ask } = await serving();
    ingest.nodeChanged(makeNode({ name: 'gpu-3', images: makeImages([IMAGE, 12_000_000_000]) }), 1);
    expect(opinions(await ask(optedIn()))).toEqual({ 'gpu-3': 50 });
  });

  test('home after a crash; elsewhere after a device fault', async () => {
    const crashed = await serving();
    crashed.ingest.podChanged(ran('gpu-2'), false, NOW - 2000);
    crashed.ingest.podChanged({ ...ran('gpu-2'), phase: 'Failed', exitCode: 139 }, false, NOW - 10);
    expect(opinions(await crashed.ask(optedIn()))).toEqual({ 'gpu-2': 19 });

    const broken = await serving();
    const deviceHealth = [{ resource: GPU, device: 'GPU-0', health: 'Unhealthy' as const }];
    broken.ingest.podChanged(ran('gpu-2'), false, NOW - 2000);
    broken.ingest.podChanged({ ...ran('gpu-2'), deviceHealth }, false, NOW - 12);
    broken.ingest.podChanged(
      { ...ran('gpu-2'), deviceHealth, phase: 'Failed', exitCode: 1 },
      false,
      NOW - 10,
    );
    const answer = opinions(await broken.ask(optedIn()));
    expect(Object.keys(answer)).toEqual(['gpu-2']);
    expect(answer['gpu-2']).toBeLessThan(-45);
  });

  test("another slot's home is left free for it, as long as it does not fit beside", async () => {
    const { ingest, ask } = await serving();
    const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    const other = makePodFacts({ uid: 'other', node: 'gpu-1', devices: whole });
    ingest.podChanged(other, false, NOW - 2000);
    ingest.podChanged({ ...other, phase: 'Failed', exitCode: 1 }, false, NOW - 10);
    expect(opinions(await ask(optedIn()))).toEqual({ 'gpu-1': -17 });

    const small = await serving();
    const one = makePodFacts({ uid: 'other', node: 'gpu-1' });
    small.ingest.podChanged(one, false, NOW - 2000);
    small.ingest.podChanged({ ...one, phase: 'Failed', exitCode: 1 }, false, NOW - 10);
    expect(opinions(await small.ask(optedIn()))).toEqual({});
  });

  test("a homeless member pulls its image rather than take a sibling's home, where all who have it are homes", async () => {
    const { ingest, ask } = await serving();
    const images = makeImages([IMAGE, 12_000_000_000]);
    const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    for (const index of [1, 2, 3]) {
      ingest.nodeChanged(makeNode({ name: `gpu-${index}`, images }), 1);
      const member = makePodFacts({
        uid: `member-${index}`,
        node: `gpu-${index}`,
        images: [IMAGE],
        devices: whole,
        slot: {
          key: `team-a/Job/train/${index}`,
          workload: 'team-a/Job/train',
          interchangeable: false,
        },
      });
      ingest.podChanged(member, false, NOW - 2000);
      ingest.podChanged({ ...member, phase: 'Failed', exitCode: 1 }, false, NOW - 10);
    }
    const newcomer = makePod({
      metadata: {
        name: 'train-9',
        namespace: 'team-a',
        uid: 'newcomer',
        annotations: { ...annotations, 'batch.kubernetes.io/job-completion-index': '9' },
        ownerReferences: [{ kind: 'Job', name: 'train', controller: true }],
      },
    });
    const answer = opinions(await ask(newcomer));
    expect(Object.keys(answer)).toEqual(['gpu-4']);
    expect(answer['gpu-4']).toBeGreaterThan(0);
  });

  const unaffected: readonly { name: string; end: Parameters<typeof makePodFacts>[0] }[] = [
    { name: 'a slot whose last pod still holds its devices there', end: { isTerminating: true } },
    {
      name: 'a slot that left a broken device',
      end: {
        phase: 'Failed',
        exitCode: 1,
        deviceHealth: [{ resource: GPU, device: 'GPU-0', health: 'Unhealthy' }],
      },
    },
  ];
  test.each(unaffected)('$name is displaced by nobody', async ({ end }) => {
    const { ingest, ask, page } = await serving();
    const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    const other = makePodFacts({ uid: 'other', node: 'gpu-1', devices: whole });
    ingest.podChanged(other, false, NOW - 2000);
    ingest.podChanged({ ...other, ...end }, false, NOW - 10);
    await ask(optedIn());
    const { nodes } = (await (await fetch(`${page}/api/nodes`)).json()) as {
      nodes: { node: string; homeOf: object[] }[];
    };
    expect(nodes.find(({ node }) => node === 'gpu-1')?.homeOf).toHaveLength(1);
    const { decisions } = (await (await fetch(`${page}/api/decisions`)).json()) as {
      decisions: { forecasts: { displacedSeconds: number }[] }[];
    };
    expect(decisions[0]?.forecasts.map(({ displacedSeconds }) => displacedSeconds)).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('a slot on its way home weighs by images that its home alone has, and only so much', async () => {
    const { ingest, ask, page } = await serving();
    type Listings = ReturnType<typeof makeImages>;
    const pullsOf = async (images: Listings, elsewhere: Listings) => {
      ingest.nodeChanged(makeNode({ name: 'gpu-1', images }), 1);
      ingest.nodeChanged(makeNode({ name: 'gpu-2', images: elsewhere }), 1);
      const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
      const other = makePodFacts({ uid: 'other', node: 'gpu-1', devices: whole, images: ['big'] });
      ingest.podRemoved('other', NOW - 2000);
      ingest.podChanged(other, false, NOW - 2000);
      ingest.podChanged({ ...other, phase: 'Failed', exitCode: 1 }, false, NOW - 10);
      await ask(optedIn());
      const { decisions } = (await (await fetch(`${page}/api/decisions`)).json()) as {
        decisions: { forecasts: { node: string; displacedSeconds: number }[] }[];
      };
      return decisions[0]?.forecasts.find(({ node }) => node === 'gpu-1')?.displacedSeconds;
    };
    const big = (bytes: number) => makeImages(['big', bytes]);
    const none = makeImages();
    expect(await pullsOf(big(4 * 2 ** 30), none)).toBeCloseTo(0.9 * (4096 / 40 + 20), 6);
    expect(await pullsOf(none, big(80e9))).toBeCloseTo(0.9 * 20, 6);
    expect(await pullsOf(big(4 * 2 ** 30), big(4 * 2 ** 30))).toBeCloseTo(0.9 * 20, 6);
    expect(await pullsOf(big(80e9), none)).toBe(300);
  });

  test.each(['0', 'x', '501', '1.5'])(
    'a limit of %s decisions is answered with 400',
    async (limit) => {
      const { page } = await serving();
      const answer = await fetch(`${page}/api/decisions?limit=${limit}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        error: `limit: "${limit}" is not a whole number from 1 to 500`,
      });
    },
  );

  test('asking changes nothing: the same question has the same answer', async () => {
    const { ingest, ask } = await serving();
    ingest.podChanged(ran('gpu-2'), false, NOW - 2000);
    ingest.podChanged({ ...ran('gpu-2'), phase: 'Failed', exitCode: 139 }, false, NOW - 10);
    const first = await ask(optedIn());
    expect(await ask(optedIn())).toEqual(first);
  });

  test('who asked about which pod is told, whatever the answer', async () => {
    const { askedBy, ask } = await serving({}, false);
    await ask(optedIn('one'));
    await ask({ ...optedIn('two'), spec: { containers: [], schedulerName: 'ours' } });
    expect(askedBy).toEqual(['one by default-scheduler', 'two by ours']);
  });

  test('unknown and duplicate names do no harm', async () => {
    const { ask } = await serving();
    expect(await ask(optedIn(), ['gpu-9', 'gpu-8'])).toEqual([]);
    expect(await ask(optedIn(), ['gpu-1', 'gpu-1', 'gpu-9'])).toEqual([
      { Host: 'gpu-1', Score: 0 },
    ]);
    expect(await ask(optedIn(), [])).toEqual([]);
  });

  test('10,000 names, each of them twice, are one question about 10,000 nodes', async () => {
    const { cluster, page, ask } = await serving();
    const names = Array.from({ length: 10_000 }, (_none, index) => `many-${index}`);
    for (const name of names) cluster.setNode(makeNode({ name }));
    const answer = await ask(optedIn(), [...names, ...names]);
    expect(answer).toHaveLength(1);
    const { decisions } = (await (await fetch(`${page}/api/decisions`)).json()) as {
      decisions: { asked: number; unknownNodes: number }[];
    };
    expect(decisions[0]).toMatchObject({ asked: 10_000, unknownNodes: 0 });
  });

  test('whole Node objects are taken for their names', async () => {
    const { url } = await serving();
    const items = NODES.map((name) => ({ metadata: { name } }));
    const answer = await postJson(`${url}/prioritize`, {
      Pod: optedIn(),
      Nodes: { metadata: {}, items },
      NodeNames: null,
    });
    expect(await answer.json()).toHaveLength(1);
  });

  test('the documented form names every node', async () => {
    const { ingest, ask } = await serving({ scores: 'documented' });
    ingest.nodeChanged(makeNode({ name: 'gpu-3', images: makeImages([IMAGE, 12_000_000_000]) }), 1);
    const answer = await ask(optedIn());
    expect(answer.map(({ Host, Score }) => `${Host} ${Score}`)).toEqual([
      'gpu-1 0',
      'gpu-2 0',
      'gpu-3 10',
      'gpu-4 0',
    ]);
  });

  const namespaces: readonly { optIn: 'enabled' | 'observe'; pod: Pod; result: string }[] = [
    { optIn: 'enabled', pod: makePod(), result: 'answered' },
    { optIn: 'observe', pod: makePod(), result: 'observed' },
    { optIn: 'observe', pod: optedIn(), result: 'observed' },
    {
      optIn: 'enabled',
      pod: makePod({
        metadata: { namespace: 'team-a', annotations: { 'surefoot.dev/inject': 'false' } },
      }),
      result: 'no-opinion',
    },
  ];
  test.each(namespaces)('a namespace labelled $optIn: $result', async ({ optIn, pod, result }) => {
    const { cluster, ask, count } = await serving();
    cluster.setNamespace({ uid: 'n', name: 'team-a', optIn });
    expect(await ask(pod)).toHaveLength(result === 'answered' ? 1 : 0);
    expect(await count(result)).toBe(1);
  });

  const none: readonly { name: string; pod: Pod; isReady?: boolean; result: string }[] = [
    { name: 'has not opted in', pod: makePod(), result: 'no-opinion' },
    {
      name: 'asks for no device',
      pod: makePod({ metadata: { annotations }, container: { resources: {} } }),
      result: 'no-opinion',
    },
    {
      name: 'names an unknown profile',
      pod: makePod({ metadata: { annotations: { 'surefoot.dev/profile': 'x' } } }),
      result: 'no-opinion',
    },
    {
      name: 'comes before the caches are full',
      pod: optedIn(),
      isReady: false,
      result: 'not-ready',
    },
  ];
  test.each(none)('a pod that $name gets no opinion', async ({ pod, isReady = true, result }) => {
    const { ask, count } = await serving({}, isReady);
    expect(await ask(pod)).toEqual([]);
    expect(await count(result)).toBe(1);
  });

  test.each([
    { mode: 'observe', namespaces: {} },
    { mode: 'act', namespaces: { 'team-a': 'observe' } },
  ] as const)(
    'observing ($mode, $namespaces): no opinion, and everything recorded',
    async (settings) => {
      const { ingest, ask, page, count } = await serving(settings);
      ingest.nodeChanged(
        makeNode({ name: 'gpu-3', images: makeImages([IMAGE, 12_000_000_000]) }),
        1,
      );
      expect(await ask(optedIn())).toEqual([]);
      expect(await count('observed')).toBe(1);

      ingest.podChanged(makePodFacts({ uid: 'asking', node: 'gpu-4' }), false, NOW);
      const { decisions } = (await (await fetch(`${page}/api/decisions`)).json()) as {
        decisions: {
          mode: string;
          boundTo: string;
          answer: object[];
          forecasts: { words: string }[];
        }[];
      };
      expect(decisions).toHaveLength(1);
      expect(decisions[0]).toMatchObject({ mode: 'observe', boundTo: 'gpu-4' });
      expect(decisions[0]?.answer).toContainEqual({ node: 'gpu-3', score: 50 });
      expect(decisions[0]?.forecasts[0]?.words).toBe(
        "gpu-3: 95 s = 20 s cold start + 75 s risk at the fleet's rate; 11.2 GiB of images are here",
      );
    },
  );
});

describe('bad input', () => {
  const rows: readonly { name: string; body: unknown; error: string }[] = [
    { name: 'nothing', body: '', error: 'the body is empty; send ExtenderArgs' },
    { name: 'no JSON', body: '[', error: 'the body is not a JSON object; send ExtenderArgs' },
    {
      name: 'no pod',
      body: { NodeNames: [] },
      error: 'ExtenderArgs has no Pod with metadata and spec; the key is "Pod"',
    },
    {
      name: 'lower-case keys',
      body: { pod: makePod(), nodeNames: [] },
      error: 'ExtenderArgs has no Pod with metadata and spec; the key is "Pod"',
    },
    {
      name: 'containers that are no list',
      body: { Pod: { metadata: {}, spec: {} }, NodeNames: [] },
      error: 'ExtenderArgs: Pod.spec.containers is not a list of containers',
    },
    {
      name: 'no nodes',
      body: { Pod: makePod(), Nodes: null, NodeNames: null },
      error: 'ExtenderArgs has neither NodeNames nor Nodes; set nodeCacheCapable: true',
    },
    {
      name: 'names that are no texts',
      body: { Pod: makePod(), NodeNames: [1] },
      error: 'ExtenderArgs has neither NodeNames nor Nodes; set nodeCacheCapable: true',
    },
  ];
  test.each(rows)('$name is answered with 400 and what would be right', async ({ body, error }) => {
    const { url, count } = await serving();
    const answer = await postJson(`${url}/prioritize`, body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error });
    expect(await count('malformed')).toBe(1);
  });

  test('a body over 16 MiB is answered with 413', async () => {
    const { url } = await serving();
    const answer = await postJson(`${url}/prioritize`, ' '.repeat(BODY_LIMIT_BYTES + 1));
    expect(answer.status).toBe(413);
  });

  test('another verb is answered with 404 and the right one', async () => {
    const { url } = await serving();
    expect(await (await postJson(`${url}/filter`, {})).json()).toEqual({
      error:
        'nothing is served at POST /filter; post ExtenderArgs to /prioritize (prioritizeVerb: prioritize)',
    });
  });

  test('a pod that trips the forecast gets no opinion, and is counted', async () => {
    const { url, count } = await serving();
    const pod = { metadata: { annotations }, spec: { containers: [], tolerations: 5 } };
    const answer = await postJson(`${url}/prioritize`, { Pod: pod, NodeNames: NODES });
    expect(await answer.json()).toEqual([]);
    expect(await count('failed')).toBe(1);
  });
});
