import { expect, test } from 'vitest';
import { podsPastGrace } from '../../../extender/ingest/past-grace.ts';
import { makePodFacts } from '../../make/facts.ts';

/** The API's deletionTimestamp is when the grace is over. */
const ENDING = { isTerminating: true, endedAtSeconds: 1000 };

test.each([
  ['within its grace', ENDING, 990, 0],
  ['its kubelet is about to', ENDING, 1060, 0],
  ['a minute past it', ENDING, 1061, 1],
  ['it has ended', { ...ENDING, phase: 'Failed' }, 2000, 0],
  ['nobody wants it gone', {}, 2000, 0],
])('%s', (_name, pod, nowSeconds, count) => {
  expect(podsPastGrace([makePodFacts(pod)], nowSeconds)).toHaveLength(count);
});
