import { expect, test } from 'vitest';
import { placementOf } from '../../../extender/decisions/placed.ts';
import { makeDecision } from '../../make/decision.ts';
import { makeForecast } from '../../make/forecast.ts';

const HOME = makeForecast({ candidate: { node: 'home', homeSinceSeconds: 1 }, lossSeconds: 10 });
const OTHER = makeForecast({ candidate: { node: 'other' }, lossSeconds: 40 });
const OFFERED = {
  forecasts: [HOME, OTHER],
  offer: { devices: 8, averageLossSeconds: 30, hasHome: true },
};
const AT_HOME = { node: 'home', atSeconds: 100 };
const ELSEWHERE = { node: 'other', atSeconds: 100 };

test.each([
  {
    name: 'acting, it went home: against the average of what was on offer',
    decision: { ...OFFERED, mode: 'act' as const, bound: AT_HOME },
    sums: { hadHome: 1, wentHome: 1, savedDeviceSeconds: 160, savedSquares: 25_600 },
  },
  {
    name: 'acting, its scheduler put it where it loses more than on average',
    decision: { ...OFFERED, mode: 'act' as const, bound: ELSEWHERE },
    sums: { hadHome: 1, wentHome: 0, savedDeviceSeconds: -80, savedSquares: 6400 },
  },
  {
    name: 'observing: what Surefoot would have named, against where it is',
    decision: { ...OFFERED, mode: 'observe' as const, bound: ELSEWHERE },
    sums: { hadHome: 1, wentHome: 1, savedDeviceSeconds: 240, savedSquares: 57_600 },
  },
  {
    name: 'observing, and its scheduler has found the same node',
    decision: { ...OFFERED, mode: 'observe' as const, bound: AT_HOME },
    sums: { hadHome: 1, wentHome: 1, savedDeviceSeconds: 0, savedSquares: 0 },
  },
])('$name', ({ decision, sums }) => {
  expect(placementOf(makeDecision(decision))).toEqual({
    atSeconds: 100,
    mode: decision.mode,
    sums: { placed: 1, ...sums },
  });
});

test.each([
  { name: 'nothing was forecast', decision: { bound: AT_HOME } },
  { name: 'it is not placed yet', decision: OFFERED },
  {
    name: 'it is where nothing was forecast',
    decision: { ...OFFERED, bound: { node: 'new', atSeconds: 1 } },
  },
])('nothing is counted: $name', ({ decision }) => {
  expect(placementOf(makeDecision(decision))).toBeUndefined();
});
