import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { extenderMetrics } from '../../extender/metrics.ts';
import { sample } from '../samples.ts';

test('what is heard on a watch is counted by kind, with when it was heard last', async () => {
  const registry = new Registry();
  const { watch } = extenderMetrics(registry);
  const begunSeconds = Date.now() / 1000;
  const nodes = watch('nodes');
  nodes.heard();
  nodes.heard();
  watch('pods').heard();
  const text = await registry.metrics();
  expect(sample(text, 'surefoot_watch_messages_total', { kind: 'nodes' })).toBe(2);
  expect(sample(text, 'surefoot_watch_messages_total', { kind: 'pods' })).toBe(1);
  expect(
    sample(text, 'surefoot_watch_last_heard_timestamp_seconds', { kind: 'nodes' }),
  ).toBeGreaterThanOrEqual(begunSeconds);
});
