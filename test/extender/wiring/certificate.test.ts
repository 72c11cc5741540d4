import { expect, test } from 'vitest';
import { certificateEnd } from '../../../extender/wiring/certificate.ts';
import { certsLease, leaseServer } from '../../fake/lease-server.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

const ENDS = new Date('2027-01-30T12:00:00Z');

test('is asked for once a minute at most, and an API server that is away breaks nothing', async () => {
  const { kept, config } = await leaseServer(
    certsLease({ 'surefoot.dev/certificate-ends': ENDS.toISOString() }),
  );
  let nowMs = 0;
  const ends = certificateEnd(config, () => nowMs);
  for (nowMs of [0, 1000, 59_000]) expect(await ends()).toEqual(ENDS);
  expect(kept.reads).toBe(1);
  kept.lease = undefined;
  nowMs = 61_000;
  expect(await ends()).toBeUndefined();
  const away = certificateEnd(loadedKubeConfig('http://127.0.0.1:1'));
  expect(await away()).toBeUndefined();
});
