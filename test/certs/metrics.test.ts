import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { certsMetrics } from '../../certs/main.ts';
import type { RenewalStatus } from '../../certs/renewal/renewer.ts';

const EXPIRES = 'surefoot_certificate_expiry_timestamp_seconds';

test('who does not lead shows no certificate, rather than one that ended in 1970', async () => {
  const registry = new Registry();
  let status: RenewalStatus | undefined;
  certsMetrics(registry, () => status);
  const shown = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${EXPIRES} `));
  expect(await shown()).toEqual([]);
  status = { authorities: 1, pairEndsAt: new Date(1000) };
  expect(await shown()).toEqual([`${EXPIRES} 1`]);
  status = undefined;
  expect(await shown()).toEqual([]);
});
