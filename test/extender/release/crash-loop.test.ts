import { describe, expect, test } from 'vitest';
import { blameOf, RestartCounts } from '../../../extender/release/crash-loop.ts';
import { makePodFacts } from '../../make/facts.ts';

const LOOP = { most: 3, withinSeconds: 600 };

describe('RestartCounts', () => {
  test('counts what it has seen, within the time', () => {
    const counts = new RestartCounts();
    const look = (restarts: number, at: number) =>
      counts.look([makePodFacts({ uid: 'a', restarts })], at);
    look(40, 0);
    expect(counts.isLoop('a', LOOP, 0)).toBe(false);
    look(42, 100);
    look(43, 500);
    expect(counts.isLoop('a', LOOP, 500)).toBe(true);
    expect(counts.isLoop('a', LOOP, 701)).toBe(false);
    expect(counts.within('a', 600, 701)).toBe(1);
  });

  test('forgets pods that are gone', () => {
    const counts = new RestartCounts();
    counts.look([makePodFacts({ uid: 'a' })], 0);
    counts.look([makePodFacts({ uid: 'a', restarts: 5 })], 1);
    counts.look([], 2);
    counts.look([makePodFacts({ uid: 'a', restarts: 5 })], 3);
    expect(counts.within('a', 600, 3)).toBe(0);
  });
});

describe('RestartCounts, of a pod that runs steadily', () => {
  test('has been watched for all of the time', () => {
    const counts = new RestartCounts();
    counts.look([makePodFacts({ uid: 'a', restarts: 3 })], 0);
    expect([counts.isSteady('a', 600, 599), counts.isSteady('a', 600, 600)]).toEqual([false, true]);
    counts.look([makePodFacts({ uid: 'a', restarts: 4 })], 700);
    expect([counts.isSteady('a', 600, 1300), counts.isSteady('a', 600, 1301)]).toEqual([
      false,
      true,
    ]);
    expect(counts.isSteady('nobody', 600, 9999)).toBe(false);
  });
});

describe('blameOf', () => {
  const replica = (workload: string) => ({ key: workload, workload, interchangeable: true });
  const numbered = (workload: string) => ({
    key: `${workload}/0`,
    workload,
    interchangeable: false,
  });
  const DEPLOYMENT = 'a/Deployment/x';
  const one = (uid: string, over: object = {}) =>
    makePodFacts({
      uid,
      node: `node-${uid}`,
      slot: replica(DEPLOYMENT),
      images: ['i:1'],
      revision: 'r1',
      ...over,
    });
  const struck = one('struck', { node: 'gpu-1' });
  const stranger = one('stranger', { node: 'gpu-1', slot: replica('b/Deployment/y') });
  const running = (...unsteady: string[]) => ({
    isLoop: (uid: string) => ['struck', 'stranger'].includes(uid),
    isSteady: (uid: string) => !['struck', 'stranger', ...unsteady].includes(uid),
  });

  test.each([
    ['two fellows run steadily elsewhere', [one('1'), one('2')], [], 'node'],
    ['one fellow is too few', [one('1')], [], 'program'],
    ['a fellow has restarted, too', [one('1'), one('2')], ['2'], 'program'],
    ['a fellow is of another template', [one('1', { revision: 'r2' }), one('2')], [], 'program'],
    ['a fellow runs another image', [one('1', { images: ['i:2'] }), one('2')], [], 'program'],
    ['a fellow has not begun', [one('1', { phase: 'Pending' }), one('2')], [], 'program'],
    ['a fellow is on the same node', [one('1', { node: 'gpu-1' }), one('2')], [], 'program'],
    ['a neighbour crashes, perhaps on purpose', [stranger], [], 'program'],
    ['it is alone', [], [], 'program'],
  ])('%s', (_name, others, unsteady, on) => {
    expect(blameOf(struck, [struck, ...others], running(...unsteady), 2).on).toBe(on);
  });

  test('of numbered pods each does another part of the work: a neighbour has to crash there, too', () => {
    const slot = numbered('a/Job/x');
    const pods = [one('struck', { node: 'gpu-1', slot }), one('1', { slot }), one('2', { slot })];
    const [first] = pods as [ReturnType<typeof one>];
    expect(blameOf(first, pods, running(), 2).on).toBe('program');
    expect(blameOf(first, [...pods, stranger], running(), 2).on).toBe('program');
    const itsFellow = one('3', { slot: replica('b/Deployment/y') });
    expect(blameOf(first, [...pods, stranger, itsFellow], running(), 2).on).toBe('node');
  });
});
