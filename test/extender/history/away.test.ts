import { describe, expect, test } from 'vitest';
import { outagesOf, withAway } from '../../../extender/history/away.ts';
import { makeNode } from '../../make/facts.ts';

describe('a host that went away', () => {
  const away = (overrides: object, isAnnounced = false, known: readonly number[] = []) =>
    withAway(
      known,
      makeNode({ isReady: false, readySinceSeconds: 100, ...overrides }),
      isAnnounced,
      160,
    );

  test.each([
    { name: 'is remembered with the moment that its Node tells', known: [], is: [100] },
    { name: 'is remembered once, however often it is looked at', known: [100], is: [100] },
    { name: 'is remembered again at another time', known: [10], is: [10, 100] },
  ])('$name', ({ known, is }) => {
    expect(away({}, false, known)).toEqual(is);
  });

  test.each([
    { name: 'that is ready', facts: { isReady: true } },
    { name: 'that is cordoned', facts: { isCordoned: true } },
    { name: 'that has just joined', facts: { createdAtSeconds: 0 } },
    { name: 'whose work was announced', facts: {}, isAnnounced: true },
  ])('not one $name', ({ facts, isAnnounced = false }) => {
    expect(away(facts, isAnnounced)).toEqual([]);
  });

  test('keeps the latest 16', () => {
    const known = Array.from({ length: 16 }, (_none, at) => at * 1000 - 20_000);
    expect(away({}, false, known)).toEqual([...known.slice(1), 100]);
  });
});

test.each([
  { name: 'all of eight within a minute: one', away: [0, 5, 9, 20, 30, 40, 50, 60], outages: 1 },
  { name: 'a quarter of eight', away: [0, 30], outages: 1 },
  { name: 'one host alone: none', away: [0], outages: 0 },
  { name: 'two hosts, minutes apart: none', away: [0, 600], outages: 0 },
])('$name', ({ away, outages }) => {
  expect(
    outagesOf(
      away.map((at) => [at]),
      8,
    ),
  ).toBe(outages);
});

test('of a rack of 18 two hosts are no outage, five are; twice is two', () => {
  expect(outagesOf([[0], [0]], 18)).toBe(0);
  expect(outagesOf(Array(5).fill([0, 86_400]), 18)).toBe(2);
});
