import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MANAGED } from '../../../webhook/words/keys.ts';
import { sample } from '../../samples.ts';
import { RawClient } from '../raw.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';

/** Two thousand device pods, created by so many hands at once. */
const CREATIONS = 2000;
const AT_ONCE = 64;

const used = useBed({ count: 4, gpus: 8, mode: 'act' });

interface Storm {
  readonly seconds: number;
  readonly unprepared: number;
  readonly refused: readonly string[];
}

async function storm(raw: RawClient, of: string): Promise<Storm> {
  let next = 0;
  let unprepared = 0;
  const refused: string[] = [];
  const begun = performance.now();
  const hand = async () => {
    while (next < CREATIONS) {
      const body = pod(`${of}-${next++}`);
      const answer = await raw.create('pods', 'default', body, { dryRun: true });
      if (answer.status !== 201) refused.push(`${answer.status} ${answer.body.message}`);
      else if (answer.body.metadata.labels?.[MANAGED] !== 'true') unprepared += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, hand));
  return { seconds: (performance.now() - begun) / 1000, unprepared, refused };
}

test(`${CREATIONS} creations, ${AT_ONCE} at once: each is prepared`, async () => {
  const raw = await RawClient.for(used.bed, { connections: AT_ONCE });
  await sleep(2000);
  for (const of of ['first', 'second', 'third']) {
    const { seconds, unprepared, refused } = await storm(raw, of);
    const metrics = await raw.metrics();
    const calls = sample(metrics, 'apiserver_admission_webhook_admission_duration_seconds_count');
    const spent = sample(metrics, 'apiserver_admission_webhook_admission_duration_seconds_sum');
    console.log(
      `${of}: ${seconds.toFixed(1)} s, ${unprepared} unprepared; the API server waited ${((spent / calls) * 1000).toFixed(0)} ms for the webhook on average of ${calls}`,
    );
    expect({ unprepared, refused }).toEqual({ unprepared: 0, refused: [] });
  }
}, 600_000);
