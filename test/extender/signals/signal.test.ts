import { describe, expect, test } from 'vitest';
import {
  allocatableFindings,
  deviceHealthFindings,
  nodeFindings,
} from '../../../extender/signals/finding.ts';
import type { DeviceHealth } from '../../../extender/signals/observed.ts';
import { rejectionSignals } from '../../../extender/signals/signal.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU, makePodFacts } from '../../make/facts.ts';
import { makeCondition, makeMarkedNode } from '../../make/ingest.ts';

describe('device counts of a node', () => {
  const found = (capacity = 0, allocatable = 0) =>
    allocatableFindings(new Map([[GPU, { capacity, allocatable }]]), CATALOGUE);
  test.each([
    { name: 'all there', counts: [8, 8], findings: 0 },
    { name: 'one withdrawn', counts: [8, 7], findings: 1 },
    { name: 'two withdrawn', counts: [8, 6], findings: 2 },
    { name: 'the plugin has stopped: all gone at once', counts: [8, 0], findings: 0 },
    { name: 'the plugin is gone', counts: [0, 0], findings: 0 },
    { name: 'time-slicing: 32 of 32', counts: [32, 32], findings: 0 },
  ] as const)('$name', ({ counts, findings }) => {
    expect(found(...counts)).toHaveLength(findings);
  });

  test('the words carry the numbers, and each device has a key of its own', () => {
    expect(found(8, 6)).toMatchObject([
      {
        key: 'allocatable-below-capacity|nvidia.com/gpu|1',
        words: expect.stringContaining('6 of 8 left'),
      },
      { key: 'allocatable-below-capacity|nvidia.com/gpu|2' },
    ]);
  });
});

describe('device health in a pod', () => {
  const health = (state: DeviceHealth['health'], device = 'GPU-0') => [
    { resource: GPU, device, health: state },
  ];
  test.each([
    ['Unhealthy', ['device-unhealthy']],
    ['Unknown', ['device-health-unknown']],
    ['Healthy', []],
  ] as const)('%s', (state, rows) => {
    expect(deviceHealthFindings(health(state), CATALOGUE).map(({ row }) => row.name)).toEqual(rows);
  });

  test('replicas of one device are one device', () => {
    const two = [...health('Unhealthy', 'GPU-0::0'), ...health('Unhealthy', 'GPU-0::1')];
    expect(deviceHealthFindings(two, CATALOGUE)).toMatchObject([{ device: 'GPU-0' }]);
  });
});

describe('what stands on a Node', () => {
  const found = (type: string, status: string, message = '', reason = type) =>
    makeMarkedNode({ conditions: [makeCondition(type, status, message, reason)] }).findings.map(
      ({ row, worth, code, device }) =>
        [row.name, worth.class, code, device].filter(Boolean).join(' '),
    );
  const polarity: readonly [string, string, string, string, readonly string[]][] = [
    [
      'EKS: False is bad',
      'AcceleratedHardwareReady',
      'False',
      'NvidiaDoubleBitError',
      ['eks-hardware fatal'],
    ],
    ['EKS: True is good', 'AcceleratedHardwareReady', 'True', 'NvidiaDoubleBitError', []],
    ['AKS: True is bad', 'GPUMissing', 'True', 'GPUMissing', ['aks-gpu-missing fatal']],
    ['AKS: False is good', 'GPUMissing', 'False', 'GPUMissing', []],
    ['Unknown is no evidence of a device fault', 'GPUMissing', 'Unknown', 'GPUMissing', []],
    [
      'Unknown of a Ready type neither',
      'AcceleratedHardwareReady',
      'Unknown',
      'NvidiaDoubleBitError',
      [],
    ],
    ['Ready is good when True', 'Ready', 'True', 'KubeletReady', []],
    [
      'Ready is bad when False',
      'Ready',
      'False',
      'KubeletNotReady',
      ['node-not-ready infrastructure'],
    ],
    [
      'Ready is bad when Unknown',
      'Ready',
      'Unknown',
      'NodeStatusUnknown',
      ['node-not-ready infrastructure'],
    ],
    [
      'NVSentinel: True is bad',
      'GpuSmWatch',
      'True',
      'GpuSmWatchIsNotHealthy',
      ['nvsentinel-unit fatal'],
    ],
    ['NVSentinel: False is good', 'GpuSmWatch', 'False', 'GpuSmWatchIsHealthy', []],
  ];
  test.each(polarity)('%s', (_name, type, status, reason, rows) => {
    expect(found(type, status, '', reason)).toEqual(rows);
  });

  test('GKE: codes are keys of JSON in the reason, and the boot ID is the message', () => {
    const reason = '{"48":true,"13":true}';
    expect(found('XidCriticalError', 'True', 'boot-1', reason)).toEqual([
      'gke-xid fatal 48',
      'gke-xid application 13',
    ]);
  });

  test('NVSentinel: each entry of the message is a sign, and a cut tail is none', () => {
    const message =
      'ErrorCode:48 GPU_UUID:GPU-aa DBE;ErrorCode:45 GPU_UUID:GPU-bb cleanup;ErrorCode:79 GPU_UUID:GPU-cc off the bus;Erro';
    expect(found('SysLogsXIDError', 'True', message)).toEqual([
      'nvsentinel-xid fatal 48 GPU-aa',
      'nvsentinel-xid none 45 GPU-bb',
      'nvsentinel-xid fatal 79 GPU-cc',
    ]);
  });

  test('a code that nobody lists is worth what its row says', () => {
    expect(found('SysLogsXIDError', 'True', 'ErrorCode:999 GPU_UUID:GPU-aa ?;')).toEqual([
      'nvsentinel-xid degraded 999 GPU-aa',
    ]);
  });

  test('a longer message says nothing new of what it said before', () => {
    const keys = (message: string) =>
      makeMarkedNode({
        conditions: [makeCondition('SysLogsXIDError', 'True', message)],
      }).findings.map(({ key }) => key);
    const before = keys('ErrorCode:48 GPU_UUID:GPU-aa DBE;');
    const after = keys('ErrorCode:48 GPU_UUID:GPU-aa DBE, again;ErrorCode:79 GPU_UUID:GPU-bb;');
    expect(after).toHaveLength(2);
    expect(after).toContain(before[0]);
  });

  test('what no row knows is listed, what Kubernetes itself writes is not', () => {
    const marks = {
      conditions: [
        makeCondition('Ready', 'True'),
        makeCondition('MySickGpu', 'True'),
        makeCondition('GPUMissing', 'False'),
      ],
      taints: [
        { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
        { key: 'example.com/odd', effect: 'NoExecute' },
      ],
      labels: {},
      annotations: {},
      isCordoned: false,
    };
    expect(nodeFindings(marks, CATALOGUE).unmapped).toEqual([
      'condition MySickGpu=True',
      'taint example.com/odd:NoExecute',
    ]);
  });

  test('two labels are compared as numbers', () => {
    const counts = (current: string, expected: string) =>
      makeMarkedNode({
        labels: {
          'nvsentinel.dgxc.nvidia.com/gpu.count.current': current,
          'nvsentinel.dgxc.nvidia.com/gpu.count.expected': expected,
        },
      }).findings.length;
    expect([counts('7', '8'), counts('8', '8'), counts('10', '8')]).toEqual([1, 0, 0]);
  });
});

describe('rejections', () => {
  const rejected = (statusReason: string, statusMessage: string) =>
    rejectionSignals(makePodFacts({ phase: 'Failed', statusReason, statusMessage }), CATALOGUE, 5);

  test.each([
    'Pod was rejected: Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected',
    'Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected',
    'Pod was rejected: Allocate failed due to previously allocated devices are no longer healthy; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected',
    'Pod was rejected: Allocate failed due to cannot allocate unregistered device nvidia.com/gpu, which is unexpected',
  ])('%s', (message) => {
    expect(rejected('UnexpectedAdmissionError', message)).toHaveLength(1);
  });

  test.each([
    ['OutOfcpu', "Node didn't have enough resource: cpu"],
    ['UnexpectedAdmissionError', 'something about memory'],
    ['Evicted', 'Allocate failed due to requested number of devices unavailable'],
    ['', ''],
  ])('%s is no sign of a device fault', (reason, message) => {
    expect(rejected(reason, message)).toEqual([]);
  });
});
