import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Bed, type BedOptions } from './bed.ts';
import { Hand } from './hand.ts';

/** A bed for all tests of a file, and a hand on it. */
export interface UsedBed {
  readonly bed: Bed;
  readonly hand: Hand;
}

export interface UseBedOptions extends BedOptions {
  /** Whether pods live on from test to test; default: each test begins with none. */
  readonly keepsPods?: boolean;
}

/**
 * Boots a bed before the tests of this file and tears it down after them. After each test no node
 * may be overbooked and every pod goes. When a test has failed the logs are kept, and said where.
 */
export function useBed({ keepsPods = false, ...options }: UseBedOptions): UsedBed {
  let bed: Bed | undefined;
  let hand: Hand | undefined;
  let hasFailed = false;

  beforeAll(async () => {
    bed = await Bed.start({
      kubernetes: process.env.SUREFOOT_KUBERNETES,
      assetsDir: process.env.KUBEBUILDER_ASSETS,
      say: (line) => console.log(line),
      ...options,
    });
    hand = new Hand(bed.admin);
  });

  afterEach(async ({ task }) => {
    hasFailed ||= task.result?.state === 'fail';
    if (hand === undefined) return;
    const overbooked = await hand.overbookedNodes();
    hasFailed ||= overbooked.length > 0;
    expect(overbooked, 'no node is overbooked').toEqual([]);
    if (!keepsPods) await hand.clear();
  });

  afterAll(async () => {
    await bed?.stop({ keep: hasFailed });
    if (hasFailed) console.log(`logs of the failed run: ${bed?.directory}/logs`);
  });

  return {
    get bed() {
      if (bed === undefined) throw new Error('the bed is there only inside tests');
      return bed;
    },
    get hand() {
      if (hand === undefined) throw new Error('the hand is there only inside tests');
      return hand;
    },
  };
}
