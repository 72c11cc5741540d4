import { describe, expect, test } from 'vitest';
import { graceRaise } from '../../../webhook/rules/grace.ts';
import type { ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';

const GRACE = 'terminationGracePeriodSeconds';

describe('graceRaise', () => {
  const rows: readonly {
    name: string;
    spec?: Partial<PodSpec>;
    metadata?: ObjectMeta;
    raise: ReturnType<typeof graceRaise>;
  }[] = [
    { name: 'the default is raised', raise: { fromSeconds: 30, toSeconds: 60, probes: [] } },
    { name: 'enough is enough', spec: { [GRACE]: 60 }, raise: undefined },
    { name: 'more is never lowered', spec: { [GRACE]: 3600 }, raise: undefined },
    { name: 'a chosen low value stays', spec: { [GRACE]: 5 }, raise: 'set by the user' },
    { name: 'a chosen zero stays', spec: { [GRACE]: 0 }, raise: 'set by the user' },
    {
      name: '30 s chosen by server-side apply stays',
      metadata: {
        managedFields: [{ operation: 'Apply', fieldsV1: { 'f:spec': { [`f:${GRACE}`]: {} } } }],
      },
      raise: 'set by the user',
    },
    {
      name: '30 s from a plain update tells nothing',
      metadata: {
        managedFields: [{ operation: 'Update', fieldsV1: { 'f:spec': { [`f:${GRACE}`]: {} } } }],
      },
      raise: { fromSeconds: 30, toSeconds: 60, probes: [] },
    },
    {
      name: '30 s chosen by kubectl apply stays',
      metadata: {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
            spec: { [GRACE]: 30 },
          }),
        },
      },
      raise: 'set by the user',
    },
    {
      name: 'a broken last-applied annotation tells nothing',
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{' } },
      raise: { fromSeconds: 30, toSeconds: 60, probes: [] },
    },
    {
      name: 'probes without a grace of their own keep the old one',
      spec: {
        containers: [
          { name: 'a', livenessProbe: {}, startupProbe: { [GRACE]: 10 } },
          { name: 'b', startupProbe: {} },
        ],
        initContainers: [{ name: 's', restartPolicy: 'Always', livenessProbe: {} }],
      },
      raise: {
        fromSeconds: 30,
        toSeconds: 60,
        probes: [
          '/spec/containers/0/livenessProbe',
          '/spec/containers/1/startupProbe',
          '/spec/initContainers/0/livenessProbe',
        ],
      },
    },
  ];
  test.each(rows)('$name', ({ spec = {}, metadata = {}, raise }) => {
    expect(graceRaise(makePod({ spec, metadata }), 60)).toEqual(raise);
  });
});
