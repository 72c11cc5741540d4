import { describe, expect, test } from 'vitest';
import { MANAGED } from '../../../webhook/words/keys.ts';
import { sample } from '../../samples.ts';
import { RawClient } from '../raw.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';

const CREATIONS = 2000;
const AT_ONCE = 64;
const TOOK = 'apiserver_admission_webhook_admission_duration_seconds';

/** Half of the pods find a device, so that scheduler, controllers and kubelets take the cores at the same time. */
const used = useBed({ count: CREATIONS / 16, gpus: 8, mode: 'act', keepsPods: true });

interface Storm {
  readonly unprepared: number;
  readonly refused: readonly string[];
}

/** Creates so many opted-in device pods, each hand the next one as soon as it has an answer. */
async function storm(of: string, options: { readonly dryRun: boolean }): Promise<Storm> {
  const raw = await RawClient.for(used.bed, { connections: AT_ONCE });
  const before = await answersOf(raw);
  let next = 0;
  let unprepared = 0;
  const refused: string[] = [];
  const hand = async () => {
    while (next < CREATIONS) {
      const answer = await raw.create('pods', 'default', pod(`${of}-${next++}`), options);
      if (answer.status !== 201) refused.push(`${answer.status} ${answer.body.message}`);
      else if (answer.body.metadata.labels?.[MANAGED] !== 'true') unprepared += 1;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  const seconds = (performance.now() - begun) / 1000;
  const after = await answersOf(raw);
  const calls = after.calls - before.calls;
  const meanMs = (1000 * (after.seconds - before.seconds)) / calls;
  console.log(
    `${of}: ${seconds.toFixed(1)} s, ${unprepared} unprepared; the API server had its answer after ${meanMs.toFixed(0)} ms on average, ${after.late - before.late} times after more than 1 s`,
  );
  return { unprepared, refused };
}

/** How long the API server has waited for the webhook so far. */
async function answersOf(raw: RawClient) {
  const metrics = await raw.metrics();
  const calls = sample(metrics, `${TOOK}_count`);
  return {
    calls,
    seconds: sample(metrics, `${TOOK}_sum`),
    late: calls - sample(metrics, `${TOOK}_bucket`, { le: '1' }),
  };
}

describe(`${CREATIONS} creations, ${AT_ONCE} at once: each is prepared`, () => {
  test('where nothing else is done', async () => {
    for (const of of ['first', 'second', 'third']) {
      expect(await storm(of, { dryRun: true })).toEqual({ unprepared: 0, refused: [] });
    }
  }, 300_000);

  test('where all pods are kept, half of them are placed, and everything is on the same cores', async () => {
    expect(await storm('kept', { dryRun: false })).toEqual({ unprepared: 0, refused: [] });
  }, 300_000);
});
