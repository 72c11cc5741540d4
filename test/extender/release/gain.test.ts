import { expect, test } from 'vitest';
import { gainSeconds } from '../../../extender/release/gain.ts';
import { EXPECTATIONS, makePodFacts } from '../../make/facts.ts';

const HOUR = 3600;
const NOW = 1_000_000;
const pod = (over: object, expects: object = {}) =>
  makePodFacts({
    startedAtSeconds: NOW - 2 * HOUR,
    expectations: { ...EXPECTATIONS, checkpointSeconds: HOUR, ...expects },
    ...over,
  });
const gain = (of: ReturnType<typeof pod>, probability: number) =>
  gainSeconds(of, { probability, lossThereSeconds: 200 }, NOW);

test('a device that is surely broken costs the time until it is mended', () => {
  expect(gain(pod({}), 1)).toBe(5.9 * HOUR - 300 - 200);
});

test('a doubt makes the eviction dearer, and the gain smaller', () => {
  expect(gain(pod({}), 0.5)).toBe(0.5 * 5.9 * HOUR - 0.5 * 1800 - 300 - 200);
  expect(gain(pod({}), 0)).toBeLessThan(0);
});

test('a pod that is almost done gains nothing, if it says or its workload has shown how long it runs', () => {
  const said = { durationSeconds: 2 * HOUR + 60, saysDuration: true };
  expect(gain(pod({}, said), 0.9)).toBeLessThan(0);
  const learned = { probability: 0.9, lossThereSeconds: 200, learnedSeconds: 2 * HOUR + 60 };
  expect(gainSeconds(pod({}), learned, NOW)).toBeLessThan(0);
});

test('a server has no work that an eviction undoes', () => {
  const slot = { key: 'a/Deployment/x', workload: 'a/Deployment/x', interchangeable: true };
  expect(gain(pod({ slot }), 0.5)).toBe(0.5 * 5.9 * HOUR - 300 - 200);
});

test('of a pod that no profile knows nothing is known', () => {
  const { expectations: _none, ...unknown } = makePodFacts();
  expect(gainSeconds(unknown, { probability: 1, lossThereSeconds: 0 }, NOW)).toBe(0);
});
