import { describe, expect, test } from 'vitest';
import { hostIdOf, physicalDevice } from '../../../extender/signals/identity.ts';

describe('hostIdOf', () => {
  const rows = [
    { systemUuid: 'a', providerId: 'b', nodeUid: 'n', hostLabel: 'h-7', host: 'host:h-7' },
    { systemUuid: 'ABCD-12', providerId: 'aws://i-1', nodeUid: 'n', host: 'uuid:abcd-12' },
    { systemUuid: '', providerId: 'aws://i-1', nodeUid: 'n', host: 'provider:aws://i-1' },
    { systemUuid: '', providerId: '', nodeUid: 'n', host: 'node:n' },
    {
      systemUuid: '00000000-0000-0000-0000-000000000000',
      providerId: '',
      nodeUid: 'n',
      host: 'node:n',
    },
    {
      systemUuid: '03000200-0400-0500-0006-000700080009',
      providerId: '',
      nodeUid: 'n',
      host: 'node:n',
    },
  ];
  test.each(rows)('$systemUuid $providerId $nodeUid is $host', ({ host, ...marks }) => {
    expect(hostIdOf({ hostLabel: '', ...marks })).toBe(host);
  });
});

describe('physicalDevice', () => {
  test.each([
    ['GPU-3f2c', 'GPU-3f2c'],
    ['GPU-3f2c::1', 'GPU-3f2c'],
    ['MIG-GPU-3f2c/1/0', 'GPU-3f2c'],
    ['MIG-7a1b', 'MIG-7a1b'],
    ['::', '::'],
  ])('%s is of %s', (id, device) => {
    expect(physicalDevice(id)).toBe(device);
  });
});
