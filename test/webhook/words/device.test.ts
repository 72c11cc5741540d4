import { describe, expect, test } from 'vitest';
import { asksForDevices, devicesAsked } from '../../../webhook/words/device.ts';
import type { Container, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';

const PATTERNS = ['nvidia.com/gpu', 'nvidia.com/mig-*'];
const gpus = (name: string, count: string): Container => ({
  name,
  resources: { requests: { 'nvidia.com/gpu': count } },
});

describe('devicesAsked (pitfalls 8, 31)', () => {
  const rows: readonly { name: string; spec: Partial<PodSpec>; asked: Record<string, number> }[] = [
    { name: 'one GPU', spec: { containers: [gpus('a', '1')] }, asked: { 'nvidia.com/gpu': 1 } },
    {
      name: 'two containers share nothing',
      spec: { containers: [gpus('a', '1'), gpus('b', '2')] },
      asked: { 'nvidia.com/gpu': 3 },
    },
    {
      name: 'an init container runs before, not beside',
      spec: { containers: [gpus('a', '1')], initContainers: [gpus('i', '4')] },
      asked: { 'nvidia.com/gpu': 4 },
    },
    {
      name: 'a sidecar runs beside',
      spec: {
        containers: [gpus('a', '1')],
        initContainers: [{ ...gpus('s', '1'), restartPolicy: 'Always' }],
      },
      asked: { 'nvidia.com/gpu': 2 },
    },
    {
      name: 'limits count where requests are absent, as in a template',
      spec: { containers: [{ name: 'a', resources: { limits: { 'nvidia.com/gpu': '2' } } }] },
      asked: { 'nvidia.com/gpu': 2 },
    },
    {
      name: 'a pattern takes MIG slices',
      spec: {
        containers: [{ name: 'a', resources: { requests: { 'nvidia.com/mig-1g.5gb': '1' } } }],
      },
      asked: { 'nvidia.com/mig-1g.5gb': 1 },
    },
    {
      name: 'a device class is always a device',
      spec: {
        containers: [
          {
            name: 'a',
            resources: { requests: { 'deviceclass.resource.kubernetes.io/gpu.example': '1' } },
          },
        ],
      },
      asked: { 'deviceclass.resource.kubernetes.io/gpu.example': 1 },
    },
    { name: 'quantity zero is no device', spec: { containers: [gpus('a', '0')] }, asked: {} },
    {
      name: 'an unreadable quantity is no device',
      spec: { containers: [gpus('a', 'x')] },
      asked: {},
    },
    {
      name: 'other resources are no devices',
      spec: { containers: [{ name: 'a', resources: { requests: { 'example.com/fuse': '1' } } }] },
      asked: {},
    },
  ];
  test.each(rows)('$name', ({ spec, asked }) => {
    const found = devicesAsked(makePod({ spec }), PATTERNS);
    expect(Object.fromEntries(found.resources.map((ask) => [ask.resource, ask.count]))).toEqual(
      asked,
    );
    expect(asksForDevices(found)).toBe(Object.keys(asked).length > 0);
  });

  test('a resource claim is a device', () => {
    const pod = makePod({
      spec: { containers: [{ name: 'a' }], resourceClaims: [{ name: 'gpu' }] },
    });
    expect(devicesAsked(pod, PATTERNS)).toEqual({ resources: [], claims: ['gpu'] });
    expect(asksForDevices(devicesAsked(pod, PATTERNS))).toBe(true);
  });
});
