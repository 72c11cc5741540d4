import { describe, expect, test } from 'vitest';
import { readAnswers } from '../../../extender/prometheus/answers.ts';
import { whatIsBad, whatIsWell } from '../../../extender/prometheus/questions.ts';
import { findingsOf, subjectOf } from '../../../extender/prometheus/samples.ts';
import { standingByRow } from '../../../extender/prometheus/standing.ts';
import type { CatalogueRow } from '../../../extender/signals/catalogue.ts';
import { CATALOGUE } from '../../make/catalogue.ts';

const XID = CATALOGUE.rows.find(({ name }) => name === 'dcgm-xid') as CatalogueRow;
const { device: _none, ...OF_NODE } = XID.metric?.labels ?? { node: '' };
/** A row that names no device. */
const PORT = { ...XID, name: 'port', metric: { query: 'x', bad: '> 0', labels: OF_NODE } };
const TRUSTED = { trusted: { namespace: ['gpu-operator', 'monitoring'] } };
const ON = { namespace: 'gpu-operator', Hostname: 'gpu-1', UUID: 'GPU-3f2c' };

describe('what a row asks', () => {
  const METRIC = { query: 'a or b # odd', bad: '> 0', labels: { node: 'Hostname' } };

  test('all that is bad, of the targets that are trusted', () => {
    expect(whatIsBad(METRIC, { namespace: ['gpu', 'mon'], job: ['dcgm'] })).toBe(
      '((a or b # odd\n) > 0) and on (namespace, job) (' +
        'label_replace(label_replace(vector(1), "namespace", "gpu", "", ""), "job", "dcgm", "", "") or ' +
        'label_replace(label_replace(vector(1), "namespace", "mon", "", ""), "job", "dcgm", "", ""))',
    );
  });

  test('what is well on some nodes at the same moment', () => {
    expect(whatIsWell(['gpu-1', 'gpu-2'], METRIC, { job: ['dcgm'] })).toBe(
      '((a or b # odd\n) unless ((a or b # odd\n) > 0)) and on (Hostname) (' +
        'label_replace(vector(1), "Hostname", "gpu-1", "", "") or label_replace(vector(1), "Hostname", "gpu-2", "", ""))' +
        ' and on (job) (label_replace(vector(1), "job", "dcgm", "", ""))',
    );
  });
});

describe('whom a sample is about', () => {
  test.each([
    { name: 'a device', labels: ON, subject: { node: 'gpu-1', key: 'dcgm-xid|GPU-3f2c' } },
    {
      name: 'the device of a replica',
      labels: { ...ON, UUID: 'GPU-3f2c::1' },
      subject: { node: 'gpu-1', key: 'dcgm-xid|GPU-3f2c' },
    },
    { name: 'nobody: another target', labels: { ...ON, namespace: 'team-evil' } },
    { name: 'nobody: no word of the target', labels: { Hostname: 'gpu-1', UUID: 'GPU-3f2c' } },
    { name: 'nobody: no node', labels: { namespace: 'monitoring', UUID: 'GPU-3f2c' } },
    { name: 'nobody: no device', labels: { namespace: 'monitoring', Hostname: 'gpu-1' } },
    { name: 'nobody: a device that would be two', labels: { ...ON, UUID: 'GPU-3f2c|79' } },
    { name: 'nobody: a device of a kilobyte', labels: { ...ON, UUID: 'x'.repeat(1024) } },
    { name: 'nobody: a node of a kilobyte', labels: { ...ON, Hostname: 'x'.repeat(1024) } },
  ])('$name', ({ labels, subject }) => {
    const found = subjectOf({ labels, value: '79' }, XID, TRUSTED);
    if (subject === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(subject);
  });

  test('the node, where the row names no device', () => {
    const labels = { namespace: 'monitoring', Hostname: 'gpu-1', device: 'mlx5_0' };
    expect(subjectOf({ labels, value: '1' }, PORT, TRUSTED)).toEqual({
      node: 'gpu-1',
      key: 'port',
    });
  });
});

test.each([
  { value: '79', key: 'dcgm-xid|GPU-3f2c|79', of: 'fatal' },
  { value: '31', key: 'dcgm-xid|GPU-3f2c|31', of: 'application' },
  { value: '7777', key: 'dcgm-xid|GPU-3f2c|7777', of: 'degraded' },
  { value: '+Inf', key: 'dcgm-xid|GPU-3f2c', of: 'degraded' },
])('a value is a code: $value', ({ value, key, of }) => {
  const subject = { node: 'gpu-1', key: 'dcgm-xid|GPU-3f2c', device: 'GPU-3f2c' };
  const found = findingsOf({ labels: ON, value }, XID, subject);
  expect(found).toMatchObject([{ key, device: 'GPU-3f2c' }]);
  expect(found[0]?.worth.class).toBe(of);
});

test('of one device eight codes are enough, and the last value of a metric is no repetition', () => {
  const bad = Array.from({ length: 20 }, (_none, at) => ({ labels: ON, value: String(at + 1) }));
  const options = { ...TRUSTED, isNode: () => true, standing: new Map() };
  const { byNode } = readAnswers({ bad, well: [] }, XID, options);
  expect(byNode.get('gpu-1')?.get('dcgm-xid|GPU-3f2c')).toHaveLength(8);
  const elsewhere = CATALOGUE.rows.find(({ name }) => name === 'dra-nvidia-xid');
  expect(elsewhere?.codes.get('31')?.repeats).toBeDefined();
  expect(XID.codes.get('31')?.repeats).toBeUndefined();
});

test('on which nodes something of a row stands, by the histories', () => {
  const history = (node: string, ...standing: string[]) => ({
    node,
    incidents: [{ standing }, { standing: [] }] as never,
  });
  const histories = [
    history('gpu-1', 'dcgm-xid|GPU-a|79', 'dcgm-xid|GPU-b|48', 'allocatable-below-capacity'),
    history('gpu-2', 'dcgm-xid|GPU-c|79', 'dcgm-row-remap-failure|GPU-c'),
    history('gpu-3'),
  ];
  expect(standingByRow(histories, CATALOGUE.namesOf('prometheus'))).toEqual(
    new Map([
      [
        'dcgm-xid',
        new Map([
          ['gpu-1', new Set(['dcgm-xid|GPU-a|79', 'dcgm-xid|GPU-b|48'])],
          ['gpu-2', new Set(['dcgm-xid|GPU-c|79'])],
        ]),
      ],
      ['dcgm-row-remap-failure', new Map([['gpu-2', new Set(['dcgm-row-remap-failure|GPU-c'])]])],
    ]),
  );
});
