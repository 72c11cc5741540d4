import { expect, test } from 'vitest';
import { why } from '../../../extender/commands/actions/why.ts';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import { LOSS_TERMS, type LossTerm } from '../../../extender/forecast/loss-terms.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { prioritize } from '../../../extender/prioritize/prioritize.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';
import { openPage } from '../../fake/browser.ts';
import { servingPage } from '../../fake/page.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeNode } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

/** One entry of the table, and nothing else: it must arrive wherever the others do. */
const NOISE: LossTerm = {
  name: 'noise',
  column: 'NOISE',
  title: 'noise of the fans',
  color: 'rgb(1, 2, 3)',
  code: 'FansAreLoud',
  dependsOn: ['node'],
  seconds: ({ node }) => (node === 'gpu-1' ? 600 : 0),
  words: (_candidate, seconds) => `${seconds} s of noise`,
};
const TERMS = [...LOSS_TERMS, NOISE];

const pod = makePod({
  metadata: {
    name: 'train-0',
    namespace: 'team-a',
    uid: 'train-0',
    annotations: { 'surefoot.dev/profile': 'nvidia' },
  },
});

function decided() {
  const made = makeIngest();
  for (const name of ['gpu-1', 'gpu-2']) made.ingest.nodeChanged(makeNode({ name }), 0);
  const snapshot = makeSnapshot(made, { nowSeconds: 10 });
  const question = { pod, ...named(['gpu-1', 'gpu-2'], made.cluster.index), sentWholeNodes: false };
  const verdict = prioritize(question, snapshot, new ForecastCache(TERMS));
  if (verdict.kind !== 'decision') throw new Error('no decision');
  const decisions = new DecisionRecord();
  decisions.add(verdict.decision);
  return { decision: verdict.decision, decisions, snapshot };
}

test('a new entry in the table of terms arrives in the forecast and its reasons', () => {
  const [best, worst] = decided().decision.forecasts;
  expect(best?.candidate.node).toBe('gpu-2');
  expect(worst?.seconds.noise).toBe(600);
  expect((worst?.lossSeconds ?? 0) - (best?.lossSeconds ?? 0)).toBeCloseTo(600);
});

test('in the JSON, in why, and on the page', async () => {
  const { decisions, snapshot } = decided();
  const page = await servingPage({ decisions, snapshot: () => snapshot, terms: TERMS });
  const { terms, decisions: shown } = (await (await fetch(`${page}/api/decisions`)).json()) as {
    terms: { name: string }[];
    decisions: { forecasts: { node: string; seconds: object; reasons: object[] }[] }[];
  };
  expect(terms.map(({ name }) => name)).toContain('noise');
  const noisy = shown[0]?.forecasts.find(({ node }) => node === 'gpu-1');
  expect(noisy?.seconds).toMatchObject({ noise: 600 });
  expect(noisy?.reasons).toContainEqual({ code: 'FansAreLoud', words: '600 s of noise' });

  const table = await why('train-0', { namespace: 'team-a', page, output: 'table' });
  expect(table).toMatch(/NODE.* NOISE .*SCORE/);
  expect(table).toContain('600 s of noise');

  const browser = await openPage(`${page}/pods/team-a/train-0`);
  await expect
    .poll(() => browser.locator('.decision .legend').textContent())
    .toContain('noise of the fans');
  const part = browser.locator('.bar .term[data-term=noise]').last();
  await expect.poll(() => part.getAttribute('style')).toContain('--term: rgb(1, 2, 3)');
});

test('and in the answers of a simulation', async () => {
  const askedWith = async (terms?: readonly LossTerm[]) => {
    const surefoot = new SurefootInProcess([makeProfile()], ACTING, terms);
    surefoot.watch(
      {
        nodes: {
          all: () =>
            ['gpu-1', 'gpu-2'].map((name) => ({
              metadata: { name, uid: name },
              status: {
                capacity: { 'nvidia.com/gpu': '8' },
                allocatable: { 'nvidia.com/gpu': '8' },
              },
            })),
          subscribe() {},
        },
        pods: { subscribe() {} },
      } as never,
      () => 0,
    );
    const scores = await surefoot
      .doors(() => 10)
      .prioritize?.({ Pod: pod, NodeNames: ['gpu-1', 'gpu-2'] });
    return scores ?? [];
  };
  expect(await askedWith()).toHaveLength(1);
  expect(await askedWith(TERMS)).toContainEqual({ Host: 'gpu-1', Score: expect.any(Number) });
  const scores = new Map((await askedWith(TERMS)).map(({ Host, Score }) => [Host, Score]));
  expect(scores.get('gpu-1')).toBeLessThan(scores.get('gpu-2') ?? Number.NEGATIVE_INFINITY);
});
