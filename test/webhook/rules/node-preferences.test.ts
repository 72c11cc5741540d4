import { describe, expect, test } from 'vitest';
import { nodePreferences } from '../../../webhook/rules/node-preferences.ts';
import { homeLabelOf } from '../../../webhook/words/home-label.ts';
import type { Pod, PodSpec } from '../../../webhook/words/pod.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const PREFERRED = '/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution';
const ours = (operator: string) => ({
  preference: { matchExpressions: [{ key: 'surefoot.dev/hazard', operator, values: ['high'] }] },
});
const theirs = { preference: { matchExpressions: [{ key: 'zone', operator: 'In' }] } };

const home = (pod: Pod) => homeLabelOf(slotOf(pod).key);

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
    const { injections } = nodePreferences(pod, makeProfile({ avoidHazard: true }));
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
    const { injections } = nodePreferences(makePod({ spec: { affinity } }), makeProfile(profile));
    expect(injections).toEqual([]);
  });
});

describe('towards home', () => {
  const terms = (pod: Pod, profile: Record<string, unknown> = { preferHome: true }) =>
    nodePreferences(pod, makeProfile(profile)).injections.flatMap(({ operations }) =>
      operations.filter(({ path }) => path.endsWith('/-')).map(({ value }) => value),
    );
  const index0 = makePod({
    metadata: {
      namespace: 'team-a',
      annotations: { 'batch.kubernetes.io/job-completion-index': '0' },
      ownerReferences: [{ kind: 'Job', name: 'train', controller: true }],
    },
  });

  test('the pod of a slot prefers nodes with the label of that slot', () => {
    expect(terms(index0)).toEqual([
      {
        weight: 100,
        preference: { matchExpressions: [{ key: home(index0), operator: 'Exists' }] },
      },
    ]);
    expect(home(index0)).toMatch(/^surefoot\.dev\/home-[0-9a-f]{20}$/);
  });

  test('its successor has the same label, the next index and another namespace have others', () => {
    const other = (metadata: object) =>
      home({ ...index0, metadata: { ...index0.metadata, ...metadata } });
    expect(other({ name: 'train-0-xyz', uid: 'another' })).toBe(home(index0));
    const next = { annotations: { 'batch.kubernetes.io/job-completion-index': '1' } };
    expect(new Set([home(index0), other(next), other({ namespace: 'team-b' })]).size).toBe(3);
  });

  test('with both wishes, what they stand in is made once', () => {
    const { injections } = nodePreferences(
      index0,
      makeProfile({ preferHome: true, avoidHazard: true }),
    );
    expect(injections.flatMap(({ operations }) => operations.map(({ path }) => path))).toEqual([
      '/spec/affinity',
      '/spec/affinity/nodeAffinity',
      PREFERRED,
      ...Array.from({ length: 3 }, () => `${PREFERRED}/-`),
    ]);
  });

  const unknown: readonly { name: string; metadata: Pod['metadata'] }[] = [
    {
      name: 'the API server is to give it a name',
      metadata: { namespace: 'a', generateName: 'p-' },
    },
    { name: 'it is in no namespace yet', metadata: { name: 'p' } },
    {
      name: 'its owner is made only later',
      metadata: { namespace: 'a', ownerReferences: [{ kind: 'Job', name: '', controller: true }] },
    },
  ];
  test.each(unknown)('no slot, and said so: $name', ({ metadata }) => {
    const ruling = nodePreferences({ ...makePod(), metadata }, makeProfile({ preferHome: true }));
    expect(ruling.injections).toEqual([]);
    expect(ruling.declined.map(({ code }) => code)).toEqual(['SlotUnknown']);
  });

  test('a pod that has the term gets no second one, one with the term of another slot does', () => {
    const having = (key: string) => {
      const matchExpressions = [{ key, operator: 'Exists' }];
      const preferred = [{ weight: 1, preference: { matchExpressions } }];
      const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: preferred };
      return { ...index0, spec: { ...index0.spec, affinity: { nodeAffinity } } };
    };
    expect(terms(having(home(index0)))).toEqual([]);
    expect(terms(having('surefoot.dev/home-0'))).toHaveLength(1);
  });

  test('nothing where nobody asked for it', () => {
    expect(nodePreferences(index0, makeProfile())).toEqual({ injections: [], declined: [] });
  });
});
