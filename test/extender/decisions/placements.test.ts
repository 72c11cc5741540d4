import { describe, expect, test } from 'vitest';
import { Placements } from '../../../extender/decisions/placements.ts';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import type { NodeFacts, PodFacts, SchedulingConstraints } from '../../../extender/facts/facts.ts';
import type { BindingSeen } from '../../../extender/ingest/ingest.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeDecision } from '../../make/decision.ts';
import { makeNode, makePodFacts } from '../../make/facts.ts';
import { makeForecast } from '../../make/forecast.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const TRAIN = { uid: 'uid-train-0', namespace: 'team-a' };
const TAINT = { key: 'sku', value: 'gpu', effect: 'NoSchedule' };

function following(
  nodes: readonly NodeFacts[] = [makeNode({ name: 'a' }), makeNode({ name: 'b' })],
  asked = true,
) {
  const made = makeIngest();
  for (const node of nodes) made.cluster.setNode(node);
  const decisions = new DecisionRecord();
  const placed: string[] = [];
  const placements = new Placements({
    decisions,
    snapshot: () => makeSnapshot(made, { config: { ...ACTING, asked } }),
    onPlaced: (how) => placed.push(how),
  });
  const bind = (
    {
      schedulingConstraints: said,
      ...overrides
    }: Partial<Omit<PodFacts, 'schedulingConstraints'>> & {
      schedulingConstraints?: Partial<SchedulingConstraints>;
    } = {},
    seen: BindingSeen = 'waited',
    atSeconds = 0,
  ) => {
    const pod = makePodFacts({
      node: 'a',
      phase: 'Pending',
      schedulingConstraints: {
        schedulerName: 'ours',
        choice: { kind: 'any' },
        tolerations: [],
        ...said,
      },
      ...overrides,
    });
    made.cluster.setPod(pod);
    placements.bound(pod, atSeconds, seen);
    return decisions.of(pod.uid);
  };
  return { ...made, placements, decisions, placed, bind };
}

describe('placements', () => {
  test('after a question: the decision is joined with the node', () => {
    const { placements, decisions, placed, bind } = following();
    decisions.add(
      makeDecision({ pod: { uid: 'uid-train-0', namespace: 'team-a', name: 'train-0' } }),
    );
    placements.asked(TRAIN, 'ours', 0);
    expect(bind()?.bound).toEqual({ node: 'a', atSeconds: 0 });
    expect(placed).toEqual(['Asked']);
  });

  test.each([
    {
      name: 'Kueue has chosen',
      pod: { schedulingConstraints: { choice: { kind: 'one', node: 'a', by: 'Kueue' } as const } },
      code: 'Pinned',
      words: 'pinned to a by Kueue: there was no choice',
    },
    {
      name: 'its scheduler has preempted others',
      pod: { schedulingConstraints: { nominatedNode: 'a' } },
      code: 'Nominated',
      words: 'its scheduler made room for it on a by preemption, and then does not ask',
    },
    {
      name: 'its scheduler has preempted others elsewhere',
      pod: { schedulingConstraints: { nominatedNode: 'b' } },
      code: 'NotAsked',
      words: 'ours did not ask, though b had devices for it, too',
    },
    {
      name: 'another node has room, but the pod selects nodes',
      pod: { schedulingConstraints: { choice: { kind: 'some' } as const } },
      code: 'ChoiceUnknown',
      words: 'its own selectors narrow the choice; with one candidate a scheduler does not ask',
    },
    {
      name: 'another node has room',
      pod: {},
      code: 'NotAsked',
      words: 'ours did not ask, though b had devices for it, too',
    },
  ])('without a question, where $name', ({ pod, code, words }) => {
    const { placed, bind } = following();
    expect(bind(pod)).toMatchObject({
      bound: { node: 'a' },
      asked: 0,
      forecasts: [],
      unasked: { code, words },
    });
    expect(placed).toEqual([code]);
  });

  test.each([
    { name: 'gone', others: [] },
    { name: 'full', others: [makeNode({ name: 'b', devices: new Map() })] },
    { name: 'cordoned', others: [makeNode({ name: 'b', isCordoned: true })] },
    { name: 'not ready', others: [makeNode({ name: 'b', isReady: false })] },
    { name: 'tainted', others: [makeNode({ name: 'b', taints: [TAINT] })] },
  ])('without a question, where the other node is $name', ({ others }) => {
    const { bind } = following([makeNode({ name: 'a' }), ...others]);
    expect(bind()?.unasked?.code).toBe('OnlyCandidate');
  });

  test('a taint that the pod tolerates leaves a choice', () => {
    const { bind } = following([makeNode({ name: 'a' }), makeNode({ name: 'b', taints: [TAINT] })]);
    const tolerations = [{ key: 'sku', operator: 'Exists' }];
    expect(bind({ schedulingConstraints: { tolerations } })?.unasked?.code).toBe('NotAsked');
  });

  test('by a scheduler that never asks, where another one does', () => {
    const { placements, bind } = following();
    placements.asked({ uid: 'somebody', namespace: 'team-b' }, 'ours', 0);
    expect(bind({ schedulingConstraints: { schedulerName: 'theirs' } })?.unasked).toEqual({
      code: 'OtherScheduler',
      words: 'placed by theirs, which does not ask Surefoot',
    });
    expect(bind({ uid: 'another' })?.unasked?.code).toBe('NotAsked');
  });

  test('of a pod that waited for its own node, once it is there', () => {
    const why = { code: 'WaitedForHome' as const, words: 'waited 41 s for its own node' };
    const [a, b] = ['a', 'b'].map((node) => makeForecast({ candidate: { node } }));
    const pod = { uid: 'uid-train-0', namespace: 'team-a', name: 'train-0' };
    const went = following();
    went.placements.waits(pod, makeDecision({ pod, forecasts: a === undefined ? [] : [a] }), why);
    expect(went.decisions.of(pod.uid)).toMatchObject({ unasked: why });
    expect(went.bind()).toMatchObject({
      unasked: why,
      bound: { node: 'a' },
      forecasts: [{ candidate: { node: 'a' } }],
    });
    const strayed = following();
    strayed.placements.waits(
      pod,
      makeDecision({ pod, forecasts: b === undefined ? [] : [b] }),
      why,
    );
    expect(strayed.bind()?.unasked?.code).toBe('NotAsked');
    const elsewhere = following();
    elsewhere.placements.waits(pod, undefined, why);
    expect(elsewhere.bind()).toMatchObject({ unasked: why, bound: { node: 'a' } });
  });

  test('that is seen again is still one without a question', () => {
    const { placed, bind } = following();
    bind();
    bind();
    expect(placed).toEqual(['NotAsked', 'NotAsked']);
  });

  test('of a pod about which we had no opinion', () => {
    const { placements, bind } = following();
    placements.asked(TRAIN, 'ours', 0);
    expect(bind()?.unasked?.code).toBe('NoOpinion');
  });

  test.each([
    { name: 'has not opted in', pod: { optIn: 'out' as const }, seen: 'waited' as const },
    { name: 'was bound before we listened', pod: {}, seen: 'listed' as const },
  ])('of a pod that $name nothing is said', ({ pod, seen }) => {
    const { placed, bind } = following();
    expect(bind(pod, seen)).toBeUndefined();
    expect(placed).toEqual([]);
  });

  test('three without a question in ten minutes are an alarm, for as long', () => {
    const { placements, bind } = following();
    bind({ uid: '1' }, 'waited', 0);
    bind({ uid: '2' }, 'waited', 100);
    expect(placements.alarm(100)).toBeUndefined();
    bind({ uid: '3' }, 'waited', 200);
    expect(placements.alarm(200)).toMatch(/^3 device pods .* and ours placed them without asking/);
    expect(placements.alarm(600)).toBeUndefined();
  });

  test('and none where no scheduler is meant to ask', () => {
    const { placements, bind } = following(undefined, false);
    for (const uid of ['1', '2', '3']) expect(bind({ uid })?.unasked?.code).toBe('OtherScheduler');
    expect(placements.alarm(0)).toBeUndefined();
  });

  test('those that had no choice are none', () => {
    const { placements, bind } = following([makeNode({ name: 'a' })]);
    for (const uid of ['1', '2', '3', '4']) bind({ uid });
    expect(placements.alarm(0)).toBeUndefined();
  });

  test('those that were made with their node say so, and are none', () => {
    const { placements, bind } = following();
    for (const uid of ['1', '2', '3', '4']) {
      expect(bind({ uid }, 'named')?.unasked).toEqual({
        code: 'Pinned',
        words: 'pinned to a by its own nodeName: no scheduler placed it',
      });
    }
    expect(placements.alarm(0)).toBeUndefined();
  });

  test('those of one namespace are none while pods of others are asked about', () => {
    const { placements, bind } = following();
    for (const uid of ['1', '2', '3']) bind({ uid, namespace: 'team-evil' });
    expect(placements.alarm(0)).toMatch(/^3 device pods/);
    placements.asked({ uid: '4', namespace: 'team-evil' }, 'ours', 0);
    expect(placements.alarm(0)).toMatch(/^3 device pods/);
    expect(placements.alarm(0)).toContain('All are of namespace team-evil');
    placements.asked({ uid: '5', namespace: 'team-b' }, 'ours', 0);
    expect(placements.alarm(0)).toBeUndefined();
    bind({ uid: '6', namespace: 'team-c' });
    expect(placements.alarm(0)).toMatch(/^4 device pods/);
  });

  test('those of the only namespace are none while its other pods are asked about', () => {
    const { placements, bind } = following();
    placements.asked({ uid: '0', namespace: 'team-evil' }, 'ours', 0);
    for (const uid of ['1', '2', '3']) bind({ uid, namespace: 'team-evil' }, 'waited', 10);
    expect(placements.alarm(10)).toMatch(/^3 device pods/);
    placements.asked({ uid: '4', namespace: 'team-evil' }, 'ours', 20);
    expect(placements.alarm(20)).toBeUndefined();
  });
});
