import { describe, expect, test } from 'vitest';
import type { Toleration } from '../../../webhook/words/pod.ts';
import { covers, dangerOf, tolerationInWords } from '../../../webhook/words/toleration.ts';

const GPU: Toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };
const evict = (tolerationSeconds?: number): Toleration => ({
  key: 'k',
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
});

describe('covers', () => {
  const rows: readonly { held: Toleration; wanted: Toleration; covered: boolean }[] = [
    { held: GPU, wanted: GPU, covered: true },
    { held: { operator: 'Exists' }, wanted: GPU, covered: true },
    { held: { key: 'nvidia.com/gpu', operator: 'Exists' }, wanted: GPU, covered: true },
    { held: { ...GPU, operator: 'Equal', value: 'present' }, wanted: GPU, covered: false },
    { held: { ...GPU, effect: 'NoExecute' }, wanted: GPU, covered: false },
    { held: { ...GPU, key: 'amd.com/gpu' }, wanted: GPU, covered: false },
    { held: { ...GPU, operator: 'Gt', value: '1' }, wanted: GPU, covered: false },
    { held: { key: 'sku', value: 'a' }, wanted: { key: 'sku', value: 'a' }, covered: true },
    { held: { key: 'sku', value: 'a' }, wanted: { key: 'sku', value: 'b' }, covered: false },
    { held: evict(), wanted: evict(60), covered: true },
    { held: evict(300), wanted: evict(60), covered: true },
    { held: evict(30), wanted: evict(60), covered: false },
    { held: evict(30), wanted: evict(), covered: false },
  ];
  test.each(rows)('$held covers $wanted: $covered', ({ held, wanted, covered }) => {
    expect(covers(held, wanted)).toBe(covered);
  });
});

describe('dangerOf (pitfall 9)', () => {
  const rows: readonly { toleration: Toleration; danger: RegExp | undefined }[] = [
    { toleration: GPU, danger: undefined },
    { toleration: evict(300), danger: undefined },
    { toleration: { operator: 'Exists' }, danger: /no key, so it would tolerate every taint/ },
    { toleration: { ...GPU, key: 'node.kubernetes.io/unschedulable' }, danger: /cordoned/ },
    { toleration: { ...GPU, key: 'node.kubernetes.io/out-of-service' }, danger: /shut down/ },
    {
      toleration: { ...GPU, key: 'node.kubernetes.io/disk-pressure' },
      danger: /out of a resource/,
    },
    {
      toleration: { ...GPU, key: 'node-role.kubernetes.io/control-plane' },
      danger: /control plane/,
    },
    { toleration: { ...GPU, key: 'readiness.k8s.io/gpu' }, danger: /not ready/ },
    { toleration: { ...GPU, key: 'karpenter.sh/disrupted' }, danger: /about to be removed/ },
    { toleration: { key: 'k', operator: 'Exists' }, danger: /switch off eviction/ },
    { toleration: evict(), danger: /for ever; add tolerationSeconds/ },
  ];
  test.each(rows)('$toleration', ({ toleration, danger }) => {
    const found = dangerOf(toleration);
    if (danger === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(danger);
  });
});

test('a toleration in words', () => {
  expect(tolerationInWords(GPU)).toBe('nvidia.com/gpu:NoSchedule');
  expect(tolerationInWords({ key: 'sku', value: 'gpu', effect: 'NoSchedule' })).toBe(
    'sku=gpu:NoSchedule',
  );
  expect(tolerationInWords(evict(60))).toBe('k:NoExecute for 60s');
});
