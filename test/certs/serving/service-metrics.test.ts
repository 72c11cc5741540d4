import { expect, test } from 'vitest';
import { serviceRegistry } from '../../../certs/serving/service-metrics.ts';
import { sample } from '../../samples.ts';

test('every metric says whose it is, and of which cluster where that has a name', async () => {
  const named = await serviceRegistry('webhook', 'training-eu').metrics();
  const labels = { program: 'webhook', cluster: 'training-eu' };
  expect(sample(named, 'process_start_time_seconds', labels)).toBeGreaterThan(0);
  expect(await serviceRegistry('webhook').metrics()).not.toContain('cluster=');
});
