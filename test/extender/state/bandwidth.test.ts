import { describe, expect, test } from 'vitest';
import { Bandwidth } from '../../../extender/state/bandwidth.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const pull = (node: string, mebibytesPerSecond: number, others = 0) => ({
  node,
  group: 'a100',
  bytes: GIB,
  seconds: 1024 / mebibytesPerSecond,
  others,
});

describe('bandwidth', () => {
  test('is unknown until three nodes have shown it, and then their median, to two digits', () => {
    const bandwidth = new Bandwidth();
    bandwidth.saw(pull('gpu-1', 100));
    bandwidth.saw(pull('gpu-2', 200));
    bandwidth.saw(pull('gpu-1', 120));
    expect(bandwidth.of('a100')).toBeUndefined();
    bandwidth.saw(pull('gpu-3', 400));
    expect(bandwidth.of('a100')).toBe(210e6);
    expect(bandwidth.of('h100')).toBeUndefined();
  });

  test('is that of one pull alone: what shared a node counts for more', () => {
    const bandwidth = new Bandwidth();
    for (const node of ['gpu-1', 'gpu-2', 'gpu-3']) bandwidth.saw(pull(node, 50, 3));
    expect(bandwidth.of('a100')).toBe(210e6);
  });

  test('of many nodes moves once more than two in a hundred have pulled', () => {
    const bandwidth = new Bandwidth();
    const pullOn = (from: number, to: number, rate: number) => {
      for (let index = from; index < to; index += 1) bandwidth.saw(pull(`gpu-${index}`, rate));
    };
    pullOn(0, 75, 100);
    pullOn(75, 100, 400);
    const slow = bandwidth.of('a100') ?? 0;
    pullOn(100, 101, 400);
    expect(bandwidth.of('a100')).toBe(slow);
    pullOn(101, 103, 400);
    expect(bandwidth.of('a100')).toBeGreaterThan(3.5 * slow);
  });

  test('one node that lies, however often, moves it no further than to its neighbour', () => {
    const bandwidth = new Bandwidth();
    for (const [index, rate] of [90, 100, 110].entries()) bandwidth.saw(pull(`gpu-${index}`, rate));
    for (let again = 0; again < 100; again += 1) {
      bandwidth.saw({ node: 'gpu-0', group: 'a100', bytes: 1e15, seconds: 0.001, others: 0 });
    }
    expect(bandwidth.of('a100')).toBe(120e6);
  });

  test.each([
    { name: 'a small image', bytes: 100 * MIB, seconds: 1 },
    { name: 'no time at all', bytes: GIB, seconds: 0 },
    { name: 'a clock that ran back', bytes: GIB, seconds: -5 },
  ])('$name says nothing', ({ bytes, seconds }) => {
    const bandwidth = new Bandwidth();
    for (const node of ['a', 'b', 'c'])
      bandwidth.saw({ node, group: '', bytes, seconds, others: 0 });
    expect(bandwidth.of('')).toBeUndefined();
  });
});
