import { describe, expect, test } from 'vitest';
import { nodeChoiceOf } from '../../../webhook/words/node-choice.ts';
import type { PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';

const required = (nodeSelectorTerms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
});
const hostname = (...values: string[]) => ({
  matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }],
});

describe('what a pod leaves of the choice of a node', () => {
  test.each([
    { name: 'nothing said', spec: {}, kind: 'any' },
    {
      name: 'a spread that is only wished for',
      spec: { topologySpreadConstraints: [{ whenUnsatisfiable: 'ScheduleAnyway' }] },
      kind: 'any',
    },
    { name: 'a selector', spec: { nodeSelector: { sku: 'gpu' } }, kind: 'some' },
    {
      name: 'a spread that must hold',
      spec: { topologySpreadConstraints: [{ whenUnsatisfiable: 'DoNotSchedule' }] },
      kind: 'some',
    },
    {
      name: 'a place beside other pods',
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } } },
      kind: 'some',
    },
    {
      name: 'a volume',
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: {} }] },
      kind: 'some',
    },
    { name: 'a claim', spec: { resourceClaims: [{ name: 'gpu' }] }, kind: 'some' },
    { name: 'two hosts', spec: required([hostname('gpu-1', 'gpu-2')]), kind: 'some' },
    {
      name: 'one host or another',
      spec: required([hostname('gpu-1'), hostname('gpu-2')]),
      kind: 'some',
    },
    { name: 'one host', spec: required([hostname('gpu-1')]), kind: 'one' },
    {
      name: 'one host by its name',
      spec: required([
        { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gpu-1'] }] },
      ]),
      kind: 'one',
    },
    {
      name: 'any host but one',
      spec: required([
        { matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['gpu-1'] }] },
      ]),
      kind: 'some',
    },
  ])('$name: $kind', ({ spec, kind }) => {
    expect(nodeChoiceOf(makePod({ spec: spec as Partial<PodSpec> })).kind).toBe(kind);
  });

  test('of a pod whose node Kueue chose, that it was Kueue', () => {
    const labels = { 'kueue.x-k8s.io/podset': 'main' };
    const spec = { nodeSelector: { 'kubernetes.io/hostname': 'gpu-1' } };
    expect(nodeChoiceOf(makePod({ metadata: { labels }, spec }))).toEqual({
      kind: 'one',
      node: 'gpu-1',
      by: 'Kueue',
    });
  });
});
