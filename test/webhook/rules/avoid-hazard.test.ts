import { describe, expect, test } from 'vitest';
import { avoidHazard } from '../../../webhook/rules/avoid-hazard.ts';
import type { PodSpec } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const PREFERRED = '/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution';
const ours = (operator: string) => ({
  preference: { matchExpressions: [{ key: 'surefoot.dev/hazard', operator, values: ['high'] }] },
});
const theirs = { preference: { matchExpressions: [{ key: 'zone', operator: 'In' }] } };

describe('away from hazard', () => {
  const rows: readonly {
    name: string;
    affinity?: PodSpec['affinity'] | null;
    paths: readonly string[];
  }[] = [
    {
      name: 'a pod without affinity',
      paths: ['/spec/affinity', '/spec/affinity/nodeAffinity', PREFERRED],
    },
    {
      name: 'null is nothing',
      affinity: null,
      paths: ['/spec/affinity', '/spec/affinity/nodeAffinity', PREFERRED],
    },
    {
      name: 'a pod with affinity to others',
      affinity: { podAffinity: {} },
      paths: ['/spec/affinity/nodeAffinity', PREFERRED],
    },
    {
      name: 'a pod with a preference of its own',
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [theirs] } },
      paths: [],
    },
  ];
  test.each(rows)('$name gets two terms at the end', ({ affinity, paths }) => {
    const pod = makePod({ spec: affinity === undefined ? {} : ({ affinity } as Partial<PodSpec>) });
    const { injections } = avoidHazard(pod, makeProfile({ avoidHazard: true }));
    const operations = injections.flatMap((one) => one.operations);
    expect(operations.map(({ path }) => path)).toEqual([
      ...paths,
      `${PREFERRED}/-`,
      `${PREFERRED}/-`,
    ]);
    expect(operations.slice(-2).map(({ value }) => value)).toMatchObject([
      {
        weight: 34,
        preference: { matchExpressions: [{ operator: 'NotIn', values: ['elevated', 'high'] }] },
      },
      { weight: 66, preference: { matchExpressions: [{ operator: 'NotIn', values: ['high'] }] } },
    ]);
  });

  const left = [
    { name: 'nobody asked for it', profile: {}, affinity: {} },
    {
      name: 'the pod prefers something of that itself',
      profile: { avoidHazard: true },
      affinity: {
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [theirs, ours('In')] },
      },
    },
    {
      name: 'the pod requires something of that itself',
      profile: { avoidHazard: true },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [ours('NotIn').preference],
          },
        },
      },
    },
  ];
  test.each(left)('left as it is: $name', ({ profile, affinity }) => {
    const { injections } = avoidHazard(makePod({ spec: { affinity } }), makeProfile(profile));
    expect(injections).toEqual([]);
  });
});
