import { describe, expect, test } from 'vitest';
import { schedulerName } from '../../../webhook/rules/scheduler-name.ts';
import type { ObjectMeta, PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const GIVEN = ['scheduler surefoot', '/spec/schedulerName = "surefoot"'];

describe('scheduler name', () => {
  const rows: readonly {
    name: string;
    spec?: Partial<PodSpec>;
    metadata?: ObjectMeta;
    rules: readonly string[];
  }[] = [
    { name: 'a pod that names none', rules: GIVEN },
    {
      name: 'a pod with the default one',
      spec: { schedulerName: 'default-scheduler' },
      rules: GIVEN,
    },
    { name: 'a pod that has it', spec: { schedulerName: 'surefoot' }, rules: [] },
    {
      name: 'a pod with another one',
      spec: { schedulerName: 'volcano' },
      rules: ['SchedulerSetByUser: the pod stays with scheduler volcano: somebody has chosen it'],
    },
    {
      name: 'a pod whose user wrote the default one',
      spec: { schedulerName: 'default-scheduler' },
      metadata: {
        managedFields: [{ operation: 'Apply', fieldsV1: { 'f:spec': { 'f:schedulerName': {} } } }],
      },
      rules: [
        'SchedulerSetByUser: the pod stays with scheduler default-scheduler: its user wrote that name',
      ],
    },
    {
      name: 'a pod that is on a node',
      spec: { nodeName: 'gpu-1' },
      rules: [
        'SchedulerSetByUser: the pod stays with scheduler default-scheduler: it is on a node already',
      ],
    },
    {
      name: 'a pod of a DaemonSet',
      metadata: { ownerReferences: [{ kind: 'DaemonSet', name: 'd', controller: true }] },
      rules: [
        'SchedulerSetByUser: the pod stays with scheduler default-scheduler: a DaemonSet has chosen its node',
      ],
    },
  ];
  test.each(rows)('$name', ({ spec = {}, metadata = {}, rules }) => {
    const profile = makeProfile({ schedulerName: 'surefoot' });
    expect(ruled(schedulerName(makePod({ spec, metadata }), profile))).toEqual(rules);
  });

  test('a profile that says nothing changes nothing', () => {
    expect(ruled(schedulerName(makePod(), makeProfile()))).toEqual([]);
  });
});
