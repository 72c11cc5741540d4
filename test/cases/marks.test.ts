import { describe, expect, test } from 'vitest';
import { nodeFacts } from '../../extender/facts/nodes.ts';
import type { NodeMarks } from '../../extender/signals/finding.ts';
import { CATALOGUE } from '../make/catalogue.ts';
import { makeNode } from '../make/facts.ts';
import { makeIngest, makeMarkedNode } from '../make/ingest.ts';
import { makeProfile } from '../make/profile.ts';

/** Marks of providers and operators, as their agents write them; what a row says of each is its class. */

const condition = (type: string, status = 'True'): Partial<NodeMarks> => ({
  conditions: [{ type, status, reason: `${type}HasIssues`, message: '' }],
});
const label = (key: string, value: string): Partial<NodeMarks> => ({ labels: { [key]: value } });
const taint = (key: string): Partial<NodeMarks> => ({
  taints: [{ key, effect: 'NoSchedule' }],
});
const HEALTH = 'sagemaker.amazonaws.com/node-health-status';
const DEEP = 'sagemaker.amazonaws.com/deep-health-check-status';

const classesOf = (marks: Partial<NodeMarks>) =>
  makeMarkedNode(marks).findings.map(({ worth }) => worth.class);

describe('marks of providers', () => {
  test.each([
    { name: 'GpuEcc', marks: condition('GpuEcc'), classes: ['fatal'] },
    { name: 'GpuRowRemap', marks: condition('GpuRowRemap'), classes: ['fatal'] },
    { name: 'DcgmiHealth', marks: condition('DcgmiHealth'), classes: ['fatal'] },
    { name: 'DcgmiHealth, unknown', marks: condition('DcgmiHealth', 'Unknown'), classes: [] },
    { name: 'GpuCount', marks: condition('GpuCount'), classes: ['fatal'] },
    { name: 'GpuXid', marks: condition('GpuXid'), classes: ['degraded'] },
    { name: 'NvlinkSpeed', marks: condition('NvlinkSpeed'), classes: ['degraded'] },
    { name: 'RdmaWpaAuth', marks: condition('RdmaWpaAuth'), classes: ['infrastructure'] },
    { name: 'AMDGPUXgmi', marks: condition('AMDGPUXgmi'), classes: ['fatal'] },
    { name: 'AMDGPUPcieReplay', marks: condition('AMDGPUPcieReplay'), classes: ['degraded'] },
    { name: 'AMDGPUReady', marks: condition('AMDGPUReady'), classes: [] },
    {
      name: 'a reboot for MIG',
      marks: label('nvidia.com/mig.config.state', 'rebooting'),
      classes: ['planned'],
    },
    { name: 'MIG, done', marks: label('nvidia.com/mig.config.state', 'success'), classes: [] },
    { name: 'AMD partitions', marks: taint('amd-dcm'), classes: ['planned'] },
    {
      name: 'a spot interruption',
      marks: taint('aws-node-termination-handler/spot-itn'),
      classes: ['planned'],
    },
    { name: 'HyperPod, well', marks: label(HEALTH, 'Schedulable'), classes: [] },
    { name: 'HyperPod, checking', marks: label(HEALTH, 'Unschedulable'), classes: ['planned'] },
    {
      name: 'HyperPod, to replace',
      marks: label(HEALTH, 'UnschedulablePendingReplacement'),
      classes: ['fatal'],
    },
    {
      name: 'HyperPod, to boot',
      marks: label(HEALTH, 'UnschedulablePendingReboot'),
      classes: ['degraded'],
    },
    { name: 'HyperPod, failed', marks: label(DEEP, 'Failed'), classes: ['fatal'] },
    { name: 'HyperPod, in progress', marks: label(DEEP, 'InProgress'), classes: ['planned'] },
    { name: 'HyperPod, passed', marks: label(DEEP, 'Passed'), classes: [] },
  ])('$name', ({ marks, classes }) => {
    expect(classesOf(marks)).toEqual(classes);
  });

  test.each([
    { name: 'MIG', marks: label('nvidia.com/mig.config.state', 'rebooting') },
    { name: 'partitions', marks: taint('amd-dcm') },
    { name: 'a termination', marks: taint('aws-node-termination-handler/scheduled-maintenance') },
  ])('announced work mutes the boot that follows: $name', ({ marks }) => {
    const { ingest, historyOf } = makeIngest();
    ingest.nodeChanged(makeNode({ bootId: 'first' }), 1000);
    ingest.nodeChanged(makeMarkedNode(marks, { bootId: 'first' }), 2000);
    ingest.nodeChanged(makeMarkedNode(marks, { bootId: 'second' }), 2100);
    expect(
      historyOf('gpu-1').incidents.filter(({ rows }) => rows.includes('unplanned-boot')),
    ).toEqual([]);
  });

  test('Oracle names the rack and the block', () => {
    const labels = {
      'oci.oraclecloud.com/rdma.local_block_id': 'local-1',
      'oci.oraclecloud.com/rdma.network_block_id': 'network-2',
    };
    const facts = nodeFacts({ metadata: { name: 'gpu-1', labels } }, CATALOGUE, [makeProfile()]);
    expect(facts).toMatchObject({ rack: 'local-1', block: 'network-2' });
  });
});
