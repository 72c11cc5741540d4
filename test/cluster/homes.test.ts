import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { HOME_GATE } from '../../webhook/words/keys.ts';
import { CRASH, DEVICE_FAULT } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { useBed } from './use-bed.ts';
import { indexedJob } from './workloads.ts';

const SLOTS = 16;
/** Without an extender in the cluster's own scheduler: what brings pods home is gate and nomination alone. */
const used = useBed({ count: SLOTS + 1, gpus: 8, mode: 'act', isAsked: false });

beforeAll(() => used.bed.surefoot.waitForHome('60s'));

describe('a pod that waits for its own node', () => {
  test('a group restarts: all but the one whose device broke come home', async () => {
    const job = indexedJob('gang', SLOTS, { gpus: 8 });
    Object.assign(job.spec ?? {}, { backoffLimitPerIndex: 10, backoffLimit: undefined });
    await used.hand.createJob(job);
    const before = await used.hand.runningByIndex('gang', SLOTS);
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
    for (const [, pod] of after) {
      console.log(
        pod.metadata?.name,
        JSON.stringify(pod.spec?.schedulingGates),
        pod.metadata?.annotations?.['surefoot.dev/injected'],
      );
      break;
    }
    const decision = await used.bed.surefoot.decisionFor(after.get('3')?.metadata?.name ?? '');
    console.log(JSON.stringify(decision?.unasked), HOME_GATE);
    console.log(
      (await used.bed.surefoot.extenderMetrics())
        .split('\n')
        .filter((l) => /gate|lift|nomin/.test(l) && !l.startsWith('#'))
        .join('\n'),
    );
    expect(atHome).toHaveLength(SLOTS - 1);
    expect(nodeOf(after.get('5'))).not.toBe(nodeOf(before.get('5')));
  });
});
