import { describe, expect, test } from 'vitest';
import { nodeOf } from '../hand.ts';
import { useBed } from '../use-bed.ts';
import { Group, report, untilHomesLast } from './group.ts';

/** As many slots as the big restart has, eight to a node, and two nodes to spare. */
const SLOTS = 512;
const NODES = SLOTS / 8 + 2;

const used = useBed({ count: NODES, gpus: 8, mode: 'act' });

describe('512 slots of one GPU on 66 nodes of eight', () => {
  test('all but those of the broken node come home, twice in a row', async () => {
    const group = new Group(used, 'small', SLOTS, { gpus: 1 });
    await group.create();
    let before = await group.placed();
    for (const failing of ['5', '300']) {
      await untilHomesLast();
      await group.breakDevices(before, [failing]);
      const broken = nodeOf(before.get(failing));
      const there = [...before.values()].filter((pod) => nodeOf(pod) === broken).length;
      await used.hand.clear();
      await group.create();
      const after = await group.placed();
      const home = await report(used, `1 of ${there} on its node failed`, before, after, 1);
      expect(nodeOf(after.get(failing))).not.toBe(broken);
      // Its neighbours may come back or not: that is for the seconds to say.
      expect(home).toBeGreaterThanOrEqual(SLOTS - there);
      before = after;
    }
  }, 900_000);
});
