import { describe, expect, test } from 'vitest';
import { nodeFacts } from '../../extender/facts/nodes.ts';
import { CATALOGUE } from '../make/catalogue.ts';
import { makeProfile } from '../make/profile.ts';

/** Conditions and taints of a node, as agents of other releases and other vendors write them. */

interface Marks {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly taints?: readonly { readonly key: string; readonly effect: string }[];
}

const profile = makeProfile({
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
});

function readIn({ conditions = [], taints = [] }: Marks) {
  const node = { metadata: { name: 'gpu-1' }, spec: { taints }, status: { conditions } };
  const { findings, unmapped } = nodeFacts(node, CATALOGUE, [profile]);
  return { unmapped, found: findings.map(({ worth, words }) => `${worth.class}: ${words}`) };
}

describe('a known type in its bad status, for a reason that no row lists', () => {
  test.each([
    {
      name: 'of Amazon',
      condition: {
        type: 'AcceleratedHardwareReady',
        status: 'False',
        reason: 'SomethingNew',
        message: 'a reason of the next release',
      },
      unmapped: 'condition AcceleratedHardwareReady=False/SomethingNew',
      found:
        'degraded: AcceleratedHardwareReady is False for a reason that no row lists: SomethingNew',
    },
    {
      name: 'of NVSentinel, by its message',
      condition: {
        type: 'GpuMemWatch',
        status: 'True',
        reason: 'GpuMemWatchIsNotHealthy',
        message:
          'ErrorCode:DCGM_FR_RETIRED_PAGES_DBE_LIMIT GPU:2 too many pages retired Recommended Action=REPLACE;',
      },
      unmapped: 'condition GpuMemWatch=True/GpuMemWatchIsNotHealthy',
      found:
        'degraded: GpuMemWatch is True for a reason that no row lists: GpuMemWatchIsNotHealthy',
    },
    {
      name: 'of Neuron',
      condition: { type: 'NeuronHealth', status: 'True', reason: 'NeuronIsTired' },
      unmapped: 'condition NeuronHealth=True/NeuronIsTired',
      found: 'degraded: NeuronHealth is True for a reason that no row lists: NeuronIsTired',
    },
  ])('is listed and counts as degraded: $name', ({ condition, unmapped, found }) => {
    expect(readIn({ conditions: [condition] })).toEqual({ unmapped: [unmapped], found: [found] });
  });
});

describe('what is well', () => {
  test.each([
    { type: 'GpuEcc', status: 'False', reason: 'GpuEccHasNoIssues' },
    { type: 'AcceleratedHardwareReady', status: 'True', reason: 'SomethingNew' },
    { type: 'FlashDriveBurnt', status: 'False', reason: '' },
    { type: 'FlashDriveReady', status: 'True', reason: 'Mounted' },
    { type: 'VendorCheck', status: 'True', reason: 'VendorCheckIsHealthy' },
  ])('is not listed: $type=$status', (condition) => {
    expect(readIn({ conditions: [condition] })).toEqual({ unmapped: [], found: [] });
  });

  test('nor is the taint that a profile tolerates by its key', () => {
    const taints = [
      { key: 'nvidia.com/gpu', effect: 'NoSchedule' },
      { key: 'vendor.example/odd', effect: 'NoExecute' },
    ];
    expect(readIn({ taints }).unmapped).toEqual(['taint vendor.example/odd:NoExecute']);
  });
});

describe('what is not well', () => {
  test.each([
    { type: 'FlashDriveBurnt', status: 'True', reason: '' },
    { type: 'FlashDriveBurnt', status: 'Unknown', reason: '' },
    { type: 'FlashDriveReady', status: 'False', reason: 'Unmounted' },
    { type: 'FlashDriveNotReady', status: 'True', reason: '' },
    { type: 'VendorCheck', status: 'True', reason: 'VendorCheckIsNotHealthy' },
    { type: 'VendorCheck', status: 'True', reason: 'NoGpuFound' },
  ])('is listed: $type=$status $reason', (condition) => {
    const { type, status } = condition;
    expect(readIn({ conditions: [condition] }).unmapped).toEqual([`condition ${type}=${status}`]);
  });
});
