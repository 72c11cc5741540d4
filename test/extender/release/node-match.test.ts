import { describe, expect, test } from 'vitest';
import { letsOnto, whyUntold } from '../../../extender/release/node-match.ts';
import { makePod } from '../../make/pod.ts';

const NODE = { name: 'gpu-1', labels: { pool: 'h100', gpus: '8' } };
const NEEDS = 'requiredDuringSchedulingIgnoredDuringExecution';

function needing(...nodeSelectorTerms: object[]) {
  return makePod({ spec: { affinity: { nodeAffinity: { [NEEDS]: { nodeSelectorTerms } } } } });
}
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});

describe('letsOnto', () => {
  test.each([
    ['nothing asked', makePod(), true],
    ['a selector that fits', makePod({ spec: { nodeSelector: { pool: 'h100' } } }), true],
    ['a selector that does not', makePod({ spec: { nodeSelector: { pool: 'a100' } } }), false],
    ['In', needing(expression('pool', 'In', 'a100', 'h100')), true],
    ['In, of what is not there', needing(expression('rack', 'In', 'r1')), false],
    ['NotIn, of what is not there', needing(expression('rack', 'NotIn', 'r1')), true],
    ['Exists', needing(expression('pool', 'Exists')), true],
    ['DoesNotExist', needing(expression('pool', 'DoesNotExist')), false],
    ['Gt', needing(expression('gpus', 'Gt', '4')), true],
    ['Lt', needing(expression('gpus', 'Lt', '8')), false],
    ['Gt, of no number', needing(expression('pool', 'Gt', '4')), false],
    ['what nobody knows', needing(expression('pool', 'Near', 'h100')), false],
    ['one term of two', needing(expression('pool', 'In', 'x'), expression('gpus', 'Exists')), true],
    ['an empty term', needing({}), false],
    [
      'its name',
      needing({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gpu-1'] }] }),
      true,
    ],
  ])('%s', (_name, pod, fits) => {
    expect(letsOnto(pod, NODE)).toBe(fits);
  });
});

describe('whyUntold', () => {
  test.each([
    ['pod affinity', { affinity: { podAffinity: { [NEEDS]: [] } } }],
    ['pod anti-affinity', { affinity: { podAntiAffinity: { [NEEDS]: [] } } }],
    ['spread', { topologySpreadConstraints: [{ whenUnsatisfiable: 'DoNotSchedule' }] }],
    ['volumes', { volumes: [{ name: 'data', persistentVolumeClaim: {} }] }],
    ['claims', { resourceClaims: [{ name: 'gpu' }] }],
  ])('%s', (_name, spec) => {
    expect(whyUntold(makePod({ spec }))).toEqual(expect.any(String));
  });

  test('a node selector can be told', () => {
    expect(whyUntold(makePod({ spec: { nodeSelector: { pool: 'h100' } } }))).toBeUndefined();
  });
});
