import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CRASH, DEVICE_FAULT } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { useBed } from './use-bed.ts';
import { indexedJob } from './workloads.ts';

const SLOTS = 16;
const used = useBed({ count: SLOTS + 1, gpus: 8, mode: 'act' });

describe('a group restart', () => {
  test('16 slots, one node broken: 15 come home and the 16th takes the spare', async () => {
    const job = indexedJob('gang', SLOTS, { gpus: 8 });
    // Its own back-off for each index; together they would wait ten minutes after 16 failures.
    Object.assign(job.spec ?? {}, { backoffLimitPerIndex: 10, backoffLimit: undefined });
    await used.hand.createJob(job);
    const before = await used.hand.runningByIndex('gang', SLOTS);
    const homes = new Set([...before.values()].map(nodeOf));
    const spare = (await used.hand.core.listNode()).items
      .map(({ metadata }) => metadata?.name ?? '')
      .find((name) => !homes.has(name));
    // A home lives as long as its pod ran; the Job controller waits 10 s before it replaces one.
    await sleep(20_000);

    await Promise.all(
      [...before].map(([index, pod]) =>
        used.hand.annotatePod(pod, index === '5' ? { [DEVICE_FAULT]: '1' } : { [CRASH]: '1' }),
      ),
    );
    const old = new Set([...before.values()].map(({ metadata }) => metadata?.uid));
    const after = await eventually(
      'the group to run again',
      async () => {
        const running = await used.hand.runningByIndex('gang', SLOTS, 1);
        return ![...running.values()].some(({ metadata }) => old.has(metadata?.uid)) && running;
      },
      { timeoutSeconds: 90 },
    );

    const atHome = [...before.keys()].filter(
      (index) => nodeOf(after.get(index)) === nodeOf(before.get(index)),
    );
    expect(nodeOf(after.get('5'))).toBe(spare);
    expect(atHome).toHaveLength(SLOTS - 1);
  });
});
