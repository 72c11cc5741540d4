import express from 'express';
import { expect, test } from 'vitest';
import { certificateEnd, certificateEndsAt } from '../../../certs/cluster/certificate-end.ts';
import { type LeaseObject, leaseApi } from '../../../certs/cluster/lease-api.ts';
import { certificateEnd as asked } from '../../../extender/wiring/certificate.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

const ENDS = new Date('2027-01-30T12:00:00Z');

/** An API server with one Lease at most, and how often it was asked for it. */
async function keeping(lease?: LeaseObject) {
  const kept = { lease, reads: 0 };
  const app = express().use(express.json({ type: () => true }));
  const path = '/apis/coordination.k8s.io/v1/namespaces/surefoot-system/leases';
  app.get(`${path}/surefoot-certs`, (_request, response) => {
    kept.reads += 1;
    if (kept.lease === undefined) response.status(404).send({ kind: 'Status' });
    else response.send(kept.lease);
  });
  app.put(`${path}/surefoot-certs`, (request, response) => {
    kept.lease = request.body;
    response.send(kept.lease);
  });
  const config = loadedKubeConfig(await listening(app));
  return { kept, config, ends: () => certificateEndsAt(config, 'surefoot-system') };
}

const annotated = (annotations: Record<string, string>): LeaseObject => ({
  metadata: { name: 'surefoot-certs', resourceVersion: '1', annotations },
});

test('whoever renews the lease says on it until when the certificate serves, and what others wrote stays', async () => {
  const { kept, config, ends } = await keeping(annotated({ team: 'gpu' }));
  let at: Date | undefined;
  const api = leaseApi(config, 'surefoot-system', 'surefoot-certs', () => certificateEnd(at));
  const renew = async () => {
    const lease = await api.get();
    if (lease !== undefined) await api.replace(lease, 'me', 15);
  };
  await renew();
  expect(kept.lease?.metadata.annotations).toEqual({ team: 'gpu' });
  expect(await ends()).toBeUndefined();
  at = ENDS;
  await renew();
  expect(await ends()).toEqual(ENDS);
  // One that does not know it leaves what the one before has said.
  at = undefined;
  await renew();
  expect(kept.lease?.metadata.annotations).toMatchObject({ team: 'gpu' });
  expect(await ends()).toEqual(ENDS);
});

test.each([
  { is: 'no Lease, as where somebody else keeps the certificates', lease: undefined },
  { is: 'a Lease of an earlier version', lease: annotated({}) },
  { is: 'no time', lease: annotated({ 'surefoot.dev/certificate-ends': 'soon' }) },
])('where there is $is nothing is known', async ({ lease }) => {
  expect(await (await keeping(lease)).ends()).toBeUndefined();
});

test('is asked for once a minute at most, and an API server that is away breaks nothing', async () => {
  const { kept, config } = await keeping(
    annotated({ 'surefoot.dev/certificate-ends': ENDS.toISOString() }),
  );
  let nowMs = 0;
  const ends = asked(config, () => nowMs);
  for (nowMs of [0, 1000, 59_000]) expect(await ends()).toEqual(ENDS);
  expect(kept.reads).toBe(1);
  kept.lease = undefined;
  nowMs = 61_000;
  expect(await ends()).toBeUndefined();
  const away = asked(loadedKubeConfig('http://127.0.0.1:1'));
  expect(await away()).toBeUndefined();
});
