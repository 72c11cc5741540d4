import { expect, test } from 'vitest';
import {
  certificateEndAnnotation,
  certificateEndsAt,
} from '../../../certs/cluster/certificate-end.ts';
import { leaseApi } from '../../../certs/cluster/lease-api.ts';
import { certsLease, leaseServer } from '../../fake/lease-server.ts';

const ENDS = new Date('2027-01-30T12:00:00Z');
const NAMESPACE = 'surefoot-system';

test('whoever renews the lease says on it until when the certificate serves, and what others wrote stays', async () => {
  const { kept, config } = await leaseServer(certsLease({ team: 'gpu' }));
  const ends = () => certificateEndsAt(config, NAMESPACE);
  let at: Date | undefined;
  const api = leaseApi(config, NAMESPACE, 'surefoot-certs', () => certificateEndAnnotation(at));
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
  { is: 'a Lease of an earlier version', lease: certsLease({}) },
  { is: 'no time', lease: certsLease({ 'surefoot.dev/certificate-ends': 'soon' }) },
])('where there is $is nothing is known', async ({ lease }) => {
  const { config } = await leaseServer(lease);
  expect(await certificateEndsAt(config, NAMESPACE)).toBeUndefined();
});
