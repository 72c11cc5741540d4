import { expect, test } from 'vitest';
import { prune } from '../../../extender/wiring/timers.ts';
import { makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

test.each([
  { name: 'a clock that the API server confirms ends homes', isConfirmed: true, homes: 0 },
  { name: 'a clock that nobody confirms ends nothing', isConfirmed: false, homes: 1 },
])('$name', async ({ isConfirmed, homes }) => {
  const { ingest } = makeIngest();
  const pod = makePodFacts();
  ingest.podChanged(pod, false, 0);
  ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1 }, false, 1000);
  await prune({ ingest }, { confirms: async () => isConfirmed }, 90 * 86_400);
  expect(ingest.homes.of(pod.slot, 1001)).toHaveLength(homes);
});
