import { describe, expect, test } from 'vitest';
import { nodeLoss } from '../../../webhook/rules/node-loss.ts';
import type { ObjectMeta, Toleration } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const lost = (state: string, tolerationSeconds = 300): Toleration => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});
const DEFAULTS = [lost('not-ready'), lost('unreachable')];
const GPU: Toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };
const applied = (tolerations: readonly Toleration[]): ObjectMeta => ({
  annotations: {
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { tolerations } }),
  },
});
const SET_BY_USER =
  "NodeLossSetByUser: the pod's user may have set its node-loss tolerations of 300s, so they stay, though the profile asks for 900s";
const BOTH = [
  'node.kubernetes.io/not-ready 300s -> 900s',
  '/spec/tolerations/1/tolerationSeconds = 900',
  'node.kubernetes.io/unreachable 300s -> 900s',
  '/spec/tolerations/2/tolerationSeconds = 900',
];

describe('node loss', () => {
  const rows: readonly {
    name: string;
    held: readonly Toleration[];
    metadata?: ObjectMeta;
    rules: readonly string[];
  }[] = [
    { name: 'the default entries are edited in place', held: [GPU, ...DEFAULTS], rules: BOTH },
    {
      name: 'another number was chosen',
      held: [lost('not-ready', 60), lost('unreachable')],
      rules: [
        'node.kubernetes.io/unreachable 300s -> 900s',
        '/spec/tolerations/1/tolerationSeconds = 900',
      ],
    },
    { name: 'nothing is added where there is none', held: [GPU], rules: [] },
    {
      name: 'what kubectl applied tells that they were defaults',
      held: [GPU, ...DEFAULTS],
      metadata: applied([GPU]),
      rules: BOTH,
    },
    {
      name: 'what kubectl applied tells that they were chosen',
      held: [GPU, ...DEFAULTS],
      metadata: applied([GPU, lost('unreachable')]),
      rules: [SET_BY_USER],
    },
    {
      name: 'server-side apply tells only that the list is the user’s, so it stays',
      held: [GPU, ...DEFAULTS],
      metadata: {
        managedFields: [{ operation: 'Apply', fieldsV1: { 'f:spec': { 'f:tolerations': {} } } }],
      },
      rules: [SET_BY_USER],
    },
    {
      name: 'a last-applied manifest that is no manifest tells nothing',
      held: [GPU, ...DEFAULTS],
      metadata: {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{"spec":{"tolerations":[1]}}',
        },
      },
      rules: BOTH,
    },
  ];
  test.each(rows)('$name', ({ held, metadata = {}, rules }) => {
    const pod = makePod({ spec: { tolerations: held }, metadata });
    expect(ruled(nodeLoss(pod, makeProfile({ nodeLoss: '15m' })))).toEqual(rules);
  });

  test('a profile that says nothing changes nothing', () => {
    const pod = makePod({ spec: { tolerations: DEFAULTS } });
    expect(ruled(nodeLoss(pod, makeProfile()))).toEqual([]);
  });
});
