import { describe, expect, test } from 'vitest';
import { displacement } from '../../../extender/forecast/displaced.ts';
import { imagesOnNode } from '../../../extender/forecast/images.ts';
import {
  faultProbability,
  lossPerFaultSeconds,
  riskSeconds,
} from '../../../extender/forecast/risk.ts';
import { coldSeconds, pullSeconds } from '../../../extender/forecast/start.ts';
import { EXPECTATIONS, GPU } from '../../make/facts.ts';

describe('start', () => {
  test('pulling takes bytes by bandwidth; a home is warm', () => {
    expect(pullSeconds(12_000_000_000, 40 * 2 ** 20)).toBeCloseTo(286.1, 1);
    expect(coldSeconds(20, false)).toBe(20);
    expect(coldSeconds(20, true)).toBe(0);
  });

  test('images are missing, present, or of a size that nobody knows and so the average', () => {
    const there = [
      { image: 'a', bytes: 100, isThere: false },
      { image: 'b', bytes: 30, isThere: true },
      { image: 'c', isThere: false },
      { image: 'd', isThere: true },
    ];
    expect(imagesOnNode(there, 65, 10, 0)).toEqual({
      missingBytes: 165,
      presentBytes: 95,
      arrivedBytes: 0,
      unknownImages: { count: 1, one: 'c' },
    });
  });

  test.each([
    { after: 0, missing: 100 },
    { after: 4, missing: 60 },
    { after: 20, missing: 0 },
    // It should have been done three times by now: something else holds it up.
    { after: 31, missing: 100 },
    { after: -5, missing: 100 },
  ])(
    '$after s into a pull of 100 bytes at 10 a second $missing are missing',
    ({ after, missing }) => {
      const one = { image: 'a', bytes: 100, isThere: false, pulledSinceSeconds: 50 };
      const { missingBytes, arrivedBytes } = imagesOnNode([one], 0, 10, 50 + after);
      expect({ missingBytes, arrivedBytes }).toEqual({
        missingBytes: missing,
        arrivedBytes: 100 - missing,
      });
    },
  );
});

describe('risk', () => {
  test('the chance of a fault follows from rate and time', () => {
    expect(faultProbability(0, 86_400)).toBe(0);
    expect(faultProbability(0.05, 7 * 86_400)).toBeCloseTo(1 - Math.exp(-0.35), 12);
  });

  test('without checkpoints half the work is lost, with them half an interval, never more than there is', () => {
    expect(lossPerFaultSeconds(EXPECTATIONS)).toBe(43_200 + 300);
    expect(lossPerFaultSeconds({ ...EXPECTATIONS, checkpointSeconds: 600 })).toBe(300 + 300);
    const short = { ...EXPECTATIONS, checkpointSeconds: 6000, durationSeconds: 60 };
    expect(lossPerFaultSeconds(short)).toBe(30 + 300);
  });

  test('the two multiply', () => {
    expect(riskSeconds(0.01, EXPECTATIONS)).toBeCloseTo((1 - Math.exp(-0.01)) * 43_500, 9);
  });
});

describe('displaced', () => {
  const slot = {
    needs: new Map([[GPU, 4]]),
    isSibling: false,
    bytesToPullElsewhere: () => 1000,
    coldStartSeconds: 20,
  };
  const rows = [
    { name: 'room for the pod and the slot', free: 4, slots: 0, seconds: 0 },
    { name: 'room for the pod only', free: 3, slots: 1, seconds: 0.9 * (1000 / 100 + 20) },
  ];
  test.each(rows)('$name', ({ free, slots, seconds }) => {
    expect(displacement([slot], new Map([[GPU, free]]), 100)).toEqual({ slots, seconds });
  });

  test("others' losses have a limit of 300 s; among siblings nothing is capped or uncertain", () => {
    const large = { ...slot, bytesToPullElsewhere: () => 100_000 };
    const displaced = (isSibling: boolean) =>
      displacement([{ ...large, isSibling }], new Map([[GPU, 0]]), 100).seconds;
    expect(displaced(false)).toBe(300);
    expect(displaced(true)).toBe(1020);
  });

  test('of two slots that share a node, only the one that no longer fits is displaced', () => {
    expect(displacement([slot, slot], new Map([[GPU, 7]]), 100).slots).toBe(1);
    expect(displacement([slot, slot], new Map([[GPU, 8]]), 100).slots).toBe(0);
  });
});
