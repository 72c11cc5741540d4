import { describe, expect, test } from 'vitest';
import { SLOW_END } from '../bed-keys.ts';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { Group, report, untilHomesLast } from './group.ts';

/** Half of the big restart's size for each of two groups, with the same spareNodes. */
const SLOTS = 256;
const SPARES = 8;
const MOST_GRACE_SECONDS = 120;

const used = useBed({ count: 2 * SLOTS + SPARES, gpus: 8, mode: 'act' });

describe('other restarts of groups on 520 nodes', () => {
  test('two groups at once: all but the broken come home', async () => {
    const groups = ['llm', 'vision'].map((job) => new Group(used, job, SLOTS, { gpus: 8 }));
    await Promise.all(groups.map((group) => group.create()));
    const before = await Promise.all(groups.map((group) => group.placed()));
    await untilHomesLast();
    await Promise.all(
      groups.map((group, index) => group.breakDevices(before[index] ?? new Map(), ['7'])),
    );
    await used.hand.clear();
    await Promise.all(groups.map((group) => group.create()));
    const after = await Promise.all(groups.map((group) => group.placed()));
    for (const [index, { job }] of groups.entries()) {
      const [was, is] = [before[index] ?? new Map(), after[index] ?? new Map()];
      expect(await report(used, `two groups, ${job}`, was, is, 1)).toBe(SLOTS - 1);
      expect(nodeOf(is.get('7'))).not.toBe(nodeOf(was.get('7')));
    }
  }, 900_000);

  // Scores cannot make a pod wait: whoever comes while its home is still taken goes elsewhere.
  test('where the old pods take up to two minutes to end, how many come home is only told', async () => {
    const annotations = { [SLOW_END]: '1' };
    const group = new Group(used, 'slow', 2 * SLOTS, { gpus: 8, annotations });
    await group.create();
    const before = await group.placed();
    await untilHomesLast();
    await Promise.all(
      [...before.values()].map((pod, index) =>
        used.hand.deletePod(pod.metadata?.name ?? '', (index * 37) % (MOST_GRACE_SECONDS + 1)),
      ),
    );
    await used.hand.deleteJobOnly(group.job);
    await group.create();
    const after = await group.placed();
    await report(used, 'ends staggered over 120 s', before, after);
    expect(after.size).toBe(2 * SLOTS);
  }, 900_000);
});
