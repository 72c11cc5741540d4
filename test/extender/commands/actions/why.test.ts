import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { why } from '../../../../extender/commands/actions/why.ts';
import { bestAndWorst } from '../../../../extender/decisions/best-and-worst.ts';
import { DecisionRecord } from '../../../../extender/decisions/record.ts';
import type { Forecast } from '../../../../extender/forecast/loss.ts';
import type { Reason } from '../../../../webhook/words/reason.ts';
import { directoryWith } from '../../../fake/directory.ts';
import { forwardingServer } from '../../../fake/forwarding-server.ts';
import { servingPage } from '../../../fake/page.ts';
import { makeDecision } from '../../../make/decision.ts';
import { makeForecast } from '../../../make/forecast.ts';
import { makeIngest } from '../../../make/ingest.ts';
import { makeKubeconfig } from '../../../make/kubeconfig.ts';
import { makeSnapshot } from '../../../make/snapshot.ts';

const AT = Date.parse('2026-11-26T10:00:00Z') / 1000;

/** The extender's time; the tests' own is another one. */
const snapshot = () => makeSnapshot(makeIngest(), { profiles: [], nowSeconds: AT + 60 });

async function remembering(boundTo?: string, unasked?: Reason) {
  const decisions = new DecisionRecord();
  const forecast = (node: string, lossSeconds: number, seconds: object = {}) =>
    makeForecast({ candidate: { node }, lossSeconds, ...seconds });
  decisions.add({
    atSeconds: AT,
    pod: { uid: 'u', namespace: 'team-a', name: 'train-0' },
    mode: 'act',
    asked: 4,
    unknownNodes: 0,
    forecasts: [
      forecast('gpu-1', 75, { seconds: { risk: 75 } }),
      forecast('gpu-4', 75.2, { seconds: { risk: 75.2 } }),
      forecast('gpu-2', 95, { seconds: { cold: 20, risk: 75 } }),
      forecast('gpu-3', 361, { seconds: { pull: 286, risk: 75 } }),
    ],
    scores: [{ node: 'gpu-1', score: 19 }],
    remarks: [],
  });
  if (boundTo !== undefined) decisions.bound('u', boundTo, AT + 1);
  if (unasked !== undefined) {
    const other = { uid: 'v', namespace: 'team-a', name: 'train-1' };
    decisions.unasked(other, 'act', boundTo ?? '', AT, unasked);
  }
  const page = await servingPage({ decisions, snapshot });
  const ask = (pod = 'train-0', options: Partial<Parameters<typeof why>[1]> = {}) =>
    why(pod, {
      namespace: 'team-a',
      page,
      output: 'table',
      nowSeconds: () => AT + 4000,
      ...options,
    });
  /** Without its page: where the cluster of this address forwards to. */
  const askThrough = async (server: string) =>
    why('train-0', {
      namespace: 'team-a',
      kubeconfig: await kubeconfigOf(server),
      output: 'table',
      nowSeconds: () => AT + 4000,
    });
  return Object.assign(ask, { page, askThrough });
}

async function kubeconfigOf(server: string): Promise<string> {
  return join(await directoryWith({ kubeconfig: makeKubeconfig(server) }), 'kubeconfig');
}

/** The port of a page that knows of no pod. */
async function emptyPagePort(): Promise<number> {
  return portOf(await servingPage({ decisions: new DecisionRecord(), snapshot }));
}

/** A port at which nothing listens. */
async function portOfNobody(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(page: string): number {
  return Number(new URL(page).port);
}

describe('surefoot why', () => {
  test('nodes that cost it the same are one row, unless all are to be seen', async () => {
    const decisions = new DecisionRecord();
    const forecasts = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4'].map((node) =>
      makeForecast({ candidate: { node }, lossSeconds: 20, seconds: { cold: 20 } }),
    );
    const worst = makeForecast({
      candidate: { node: 'gpu-5' },
      lossSeconds: 95,
      seconds: { cold: 20, risk: 75 },
    });
    decisions.add(
      makeDecision({
        pod: { uid: 'u', namespace: 'team-a', name: 'train-0' },
        forecasts: [...forecasts, worst],
      }),
    );
    decisions.bound('u', 'gpu-2', AT);
    const page = await servingPage({ decisions, snapshot });
    const rowsOf = async (output: 'table' | 'wide') =>
      (await why('train-0', { namespace: 'team-a', page, output }))
        .split('\n')
        .flatMap((line) => /^(gpu-\d.*?)\s{2,}/.exec(line)?.[1] ?? []);
    expect(await rowsOf('table')).toEqual(['gpu-1 and 2 more', 'gpu-2 <- here', 'gpu-5']);
    expect(await rowsOf('wide')).toHaveLength(5);
  });

  test('prints where the pod went, and what each node would have cost it', async () => {
    const ask = await remembering('gpu-1');
    const lines = (await ask('pod/train-0')).split('\n');
    expect(lines[0]).toBe('team-a/train-0: placed on gpu-1; asked 60 s ago about 4 nodes');
    expect(lines.slice(2, 7).map((line) => line.split(/\s{2,}/))).toEqual([
      ['NODE', 'LOSS', 'PULL', 'COLD', 'RISK', 'SCORE'],
      ['gpu-1 <- here', '75 s', '-', '-', '75 s', '19'],
      ['gpu-4', '75 s', '-', '-', '75 s', '-'],
      ['gpu-2', '95 s', '-', '20 s', '75 s', '-'],
      ['gpu-3', '361 s', '286 s', '-', '75 s', '-'],
    ]);
    expect(lines.at(-3)).toContain('gpu-3: 361 s');
    expect(lines.at(-1)).toMatch(/^LOSS: .* SCORE: /);
  });

  test('says when another node would have been better', async () => {
    const ask = await remembering('gpu-3');
    expect(await ask()).toContain('gpu-1 would have cost it less');
  });

  test('remembers the best and the worst of many, and where it went', () => {
    const decisions = new DecisionRecord();
    const all = Array.from({ length: 100 }, (_none, index) =>
      makeForecast({ candidate: { node: `gpu-${index}` }, lossSeconds: 100 - index }),
    );
    const forecasts = bestAndWorst(Float64Array.from(all, ({ lossSeconds }) => lossSeconds)).map(
      (index) => all[index] as Forecast,
    );
    decisions.add({
      atSeconds: AT,
      pod: { uid: 'u', namespace: 'team-a', name: 'train-0' },
      mode: 'act',
      asked: 100,
      unknownNodes: 0,
      forecasts,
      scores: [],
      forecastOn: (node) => {
        const score = all.findIndex(({ candidate }) => candidate.node === node);
        return { forecast: all[score] as Forecast, score };
      },
      remarks: [],
    });
    const kept = decisions.of('u');
    expect(kept?.forecasts.map(({ candidate }) => candidate.node)).toEqual(
      [99, 98, 97, 96, 95, 94, 93, 92, 7, 6, 5, 4, 3, 2, 1, 0].map((index) => `gpu-${index}`),
    );
    // Where it went is remembered, too, wherever that stands.
    const bound = decisions.bound('u', 'gpu-50', AT);
    expect(bound?.forecasts.map(({ candidate }) => candidate.node)[8]).toBe('gpu-50');
    expect(bound?.scores).toContainEqual({ node: 'gpu-50', score: 50 });
    expect(decisions.of('u')?.forecasts).toHaveLength(17);
  });

  test('of a pod that nobody asked about says why not', async () => {
    const ask = await remembering('gpu-1', {
      code: 'Pinned',
      words: 'pinned to gpu-1 by Kueue: there was no choice',
    });
    expect(await ask('train-1')).toBe(
      'team-a/train-1: placed on gpu-1 without a question; pinned to gpu-1 by Kueue: there was no choice',
    );
    expect(JSON.parse(await ask('train-1', { output: 'json' }))).toMatchObject({
      asked: 0,
      boundTo: 'gpu-1',
      unasked: { code: 'Pinned' },
      forecasts: [],
    });
  });

  test('says nothing of the kind where nodes are alike', async () => {
    const ask = await remembering('gpu-4');
    expect(await ask()).not.toContain('would have cost');
  });

  test('says when the node is none of those that are remembered', async () => {
    const ask = await remembering('gpu-77');
    expect(await ask()).toContain('what gpu-77 was forecast is not remembered');
  });

  test('says when the pod waits still', async () => {
    const ask = await remembering();
    expect(await ask()).toContain('team-a/train-0: not placed yet');
  });

  test('gives the whole decision as JSON and YAML', async () => {
    const ask = await remembering('gpu-1');
    expect(JSON.parse(await ask('train-0', { output: 'json' }))).toMatchObject({
      boundTo: 'gpu-1',
      forecasts: [{ node: 'gpu-1' }, { node: 'gpu-4' }, { node: 'gpu-2' }, { node: 'gpu-3' }],
    });
    expect(await ask('train-0', { output: 'yaml' })).toContain('boundTo: gpu-1');
  });

  test('of a pod that nobody asked about says what that may mean', async () => {
    const ask = await remembering();
    await expect(ask('other')).rejects.toThrow(
      /^no decision about team-a\/other is remembered: its scheduler did not ask/,
    );
    await expect(ask('train-0', { namespace: 'team-b' })).rejects.toThrow(/team-b\/train-0/);
  });

  test.each([
    { page: '127.0.0.1:1', says: /--page: nothing answers at 127.0.0.1:1/ },
    { page: 'http://[', says: /--page: "http:\/\/\[" is no address/ },
  ])('a wrong page $page is said', async ({ page, says }) => {
    const ask = await remembering();
    await expect(ask('train-0', { page })).rejects.toThrow(says);
  });

  test('without --page asks each extender of the cluster, as kubectl port-forward reaches it', async () => {
    const { page, askThrough } = await remembering('gpu-1');
    const server = await forwardingServer({ other: await emptyPagePort(), asked: portOf(page) });
    expect(await askThrough(server)).toMatch(/^team-a\/train-0: placed on gpu-1/);
  });

  test.each([
    { asked: 'team-a/train-0', namespace: undefined },
    { asked: 'team-a/train-0', namespace: 'team-a' },
    { asked: 'pods/train-0', namespace: 'team-a' },
  ])('takes $asked with -n $namespace', async ({ asked, namespace }) => {
    const { page } = await remembering('gpu-1');
    const options = {
      page,
      output: 'table' as const,
      ...(namespace !== undefined && { namespace }),
    };
    expect(await why(asked, options)).toMatch(/^team-a\/train-0: placed on gpu-1/);
  });

  test.each([
    { asked: 'team-a/train-0', says: /is in the namespace team-a, and --namespace says team-b/ },
    { asked: 'a/b/c', says: /"a\/b\/c" names no pod; write POD or NAMESPACE\/POD/ },
    { asked: '/train-0', says: /names no pod/ },
  ])('refuses $asked', async ({ asked, says }) => {
    const { page } = await remembering('gpu-1');
    const options = { page, namespace: 'team-b', output: 'table' as const };
    await expect(why(asked, options)).rejects.toThrow(says);
  });

  test.each(['', ':'])('a port alone, after "%s", is one of this machine', async (before) => {
    const ask = await remembering('gpu-1');
    expect(await ask('train-0', { page: `${before}${portOf(ask.page)}` })).toContain('gpu-1');
  });

  test('goes by the namespace of the context, as kubectl does', async () => {
    const { page } = await remembering('gpu-1');
    const server = await forwardingServer({ asked: portOf(page) });
    const text = makeKubeconfig(server, 'team-a');
    const kubeconfig = join(await directoryWith({ kubeconfig: text }), 'kubeconfig');
    expect(await why('train-0', { kubeconfig, output: 'table' })).toMatch(/^team-a\/train-0: /);
  });

  test('of a pod that is not there says so, and not why nobody asked', async () => {
    const server = await forwardingServer({ asked: await emptyPagePort() });
    const options = { kubeconfig: await kubeconfigOf(server), output: 'table' as const };
    await expect(why('team-a/gone', options)).rejects.toThrow(
      'there is no pod team-a/gone, and no decision about one is remembered; kubectl get pods -n team-a lists those that are',
    );
  });

  test('of several nodes that cost the same none is called the best', async () => {
    expect(await (await remembering('gpu-3'))()).not.toContain('(best)');
  });

  test('says when there is no extender there, and when it may not be reached', async () => {
    const { askThrough } = await remembering('gpu-1');
    await expect(askThrough(await forwardingServer({}))).rejects.toThrow(
      /^no extender runs in surefoot-system of http:.*--page ADDR:PORT/,
    );
    const closed = await forwardingServer({ asked: undefined as unknown as number });
    await expect(askThrough(closed)).rejects.toThrow(
      /^the API server does not forward to surefoot-system\/asked .* pods\/portforward/,
    );
    const dead = await forwardingServer({ asked: await portOfNobody() });
    await expect(askThrough(dead)).rejects.toThrow(
      'the page of surefoot-system/asked does not answer; kubectl logs -n surefoot-system asked may say why',
    );
  });

  test('what answers in other words is said', async () => {
    const server = createHttpServer((_request, response) => response.end('{"at":"2026-'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const ask = await remembering();
    const { port } = server.address() as AddressInfo;
    await expect(ask('train-0', { page: String(port) })).rejects.toThrow(
      /^what http:\S+ answered is cut off or no JSON; an extender's page is at/,
    );
  });

  test('asks the other extenders where one is not reached', async () => {
    const { page, askThrough } = await remembering('gpu-1');
    const pods = { forbidden: undefined as unknown as number, dead: await portOfNobody() };
    const server = await forwardingServer({ ...pods, asked: portOf(page) });
    expect(await askThrough(server)).toMatch(/^team-a\/train-0: placed on gpu-1/);
  });
});
