import { describe, expect, test } from 'vitest';
import { podFacts } from '../../extender/facts/pods.ts';
import { decide } from '../../webhook/admission/decide.ts';
import { makePod } from '../make/pod.ts';
import { makeProfile } from '../make/profile.ts';

/** Devices of dynamic resource allocation, asked for by the implied resource of a device class. */

const asking = (resource: string, count: string) =>
  makePod({
    metadata: { annotations: { 'surefoot.dev/profile': 'dra' } },
    container: { resources: { limits: { [resource]: count }, requests: {} } },
  });
const profiles = (devices: object) => [makeProfile({ name: 'dra', devices: [], ...devices })];

describe('an implied resource is a claim', () => {
  test.each([
    { name: 'for a profile of claims', devices: { resourceClaims: true } },
    {
      name: 'for one that lists it',
      devices: { devices: ['deviceclass.resource.kubernetes.io/*'] },
    },
  ])('$name', ({ devices }) => {
    const pod = asking('deviceclass.resource.kubernetes.io/gpu.example.com', '1');
    expect(decide(pod, profiles(devices), 'act')).toMatchObject({ profile: 'dra' });
  });

  test('and not for a profile of other devices', () => {
    const pod = asking('deviceclass.resource.kubernetes.io/gpu.example.com', '1');
    expect(decide(pod, profiles({ devices: ['nvidia.com/gpu'] }), 'act')).not.toHaveProperty(
      'profile',
    );
  });

  test('two of them are two claims, and no node has to offer the resource', () => {
    const resource = 'deviceclass.resource.kubernetes.io/npu.example.com';
    const { devices } = podFacts(asking(resource, '2'), profiles({ resourceClaims: true }));
    expect(devices).toEqual({ resources: [], claims: [resource, resource] });
  });
});
