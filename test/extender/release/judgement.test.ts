import { describe, expect, test } from 'vitest';
import { type Aftermath, judge } from '../../../extender/release/judgement.ts';
import { GPU, makeIncident, makePodFacts } from '../../make/facts.ts';
import { makeRelease } from '../../make/release.ts';

const { closedAtSeconds: _closed, ...OPEN } = makeIncident({ device: 'GPU-1', resource: GPU });
const holder = (health: 'Healthy' | 'Unhealthy') =>
  makePodFacts({ uid: 'other', deviceHealth: [{ resource: GPU, device: 'GPU-1', health }] });

describe('judge', () => {
  const NOTHING: Aftermath = { onNode: [], incidents: [], loops: false };
  const device = (after: Partial<Aftermath>) =>
    judge(makeRelease(), { ...NOTHING, ...after }).judged;
  const loop = (after: Partial<Aftermath>) =>
    judge(makeRelease({ kind: 'crashLoop' }), { ...NOTHING, ...after }).judged;
  const self = makePodFacts({ uid: 'uid-train-0' });
  const next = makePodFacts({ uid: 'next', node: 'gpu-2' });

  test.each<[string, Partial<Aftermath>, string]>([
    ['its incident is still open', { incidents: [OPEN] }, 'right'],
    ['only tenants say so', { incidents: [{ ...OPEN, byTenants: true }] }, 'unknown'],
    ['another pod finds it unhealthy', { onNode: [holder('Unhealthy')] }, 'right'],
    ['another pod finds it healthy', { onNode: [holder('Healthy')] }, 'wrong'],
    ['the pod, only observed, runs on', { slot: self }, 'wrong'],
    ['nobody tells', {}, 'unknown'],
    ['nobody tells, and the next one runs', { slot: next }, 'unknown'],
  ])('a broken device: %s', (_name, after, judged) => {
    expect(device(after)).toBe(judged);
  });

  test.each<[string, Partial<Aftermath>, string]>([
    ['it runs elsewhere', { slot: next }, 'right'],
    ['it crashes elsewhere, too', { slot: next, loops: true }, 'wrong'],
    ['only observed, it has stopped to crash', { slot: self }, 'wrong'],
    ['only observed, it crashes on', { slot: self, loops: true }, 'unknown'],
    ['it is back on its node', { slot: makePodFacts({ uid: 'next', node: 'gpu-1' }) }, 'unknown'],
    ['it is no more', {}, 'unknown'],
  ])('a crash loop: %s', (_name, after, judged) => {
    expect(loop(after)).toBe(judged);
  });
});
