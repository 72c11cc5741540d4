import { describe, expect, test } from 'vitest';
import { grace } from '../../../webhook/rules/grace.ts';
import type { ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const GRACE = 'terminationGracePeriodSeconds';
const CHOSEN = (seconds: number) => [
  `GraceSetByUser: the pod's grace of ${seconds}s was chosen by its user and stays, though profile nvidia asks for 60s`,
];

describe('grace', () => {
  const rows: readonly {
    name: string;
    spec?: Partial<PodSpec>;
    metadata?: ObjectMeta;
    rules: readonly string[];
  }[] = [
    { name: 'the default is raised', rules: ['grace 30s -> 60s', `/spec/${GRACE} = 60`] },
    { name: 'enough is enough', spec: { [GRACE]: 60 }, rules: [] },
    { name: 'more is never lowered', spec: { [GRACE]: 3600 }, rules: [] },
    { name: 'a chosen low value stays', spec: { [GRACE]: 5 }, rules: CHOSEN(5) },
    { name: 'a chosen zero stays', spec: { [GRACE]: 0 }, rules: CHOSEN(0) },
    {
      name: '30 s chosen by server-side apply stays',
      metadata: {
        managedFields: [{ operation: 'Apply', fieldsV1: { 'f:spec': { [`f:${GRACE}`]: {} } } }],
      },
      rules: CHOSEN(30),
    },
    {
      name: '30 s from a plain update tells nothing',
      metadata: {
        managedFields: [{ operation: 'Update', fieldsV1: { 'f:spec': { [`f:${GRACE}`]: {} } } }],
      },
      rules: ['grace 30s -> 60s', `/spec/${GRACE} = 60`],
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
      rules: CHOSEN(30),
    },
    {
      name: 'a broken last-applied annotation tells nothing',
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{' } },
      rules: ['grace 30s -> 60s', `/spec/${GRACE} = 60`],
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
      rules: [
        'grace 30s -> 60s',
        `/spec/${GRACE} = 60`,
        `/spec/containers/0/livenessProbe/${GRACE} = 30`,
        `/spec/containers/1/startupProbe/${GRACE} = 30`,
        `/spec/initContainers/0/livenessProbe/${GRACE} = 30`,
      ],
    },
  ];
  test.each(rows)('$name', ({ spec = {}, metadata = {}, rules }) => {
    expect(ruled(grace(makePod({ spec, metadata }), makeProfile()))).toEqual(rules);
  });
});
